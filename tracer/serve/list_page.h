// The page that lists the graphs of a folder.
#pragma once

#include <string>
#include <string_view>

#include "tracer/serve/graph_folder.h"

namespace circuit::serve {

/// A whole page that asks for nothing else; sorted and searched by a script of its own, readable
/// without. Every text of the folder is escaped. `nonce` is what the policy of the page lets run.
std::string list_page(const FolderList& list, std::string_view folder, std::string_view nonce);

/// The Content-Security-Policy that goes with it.
std::string list_page_policy(std::string_view nonce);

/// `text` as one part of a path: all but `A-Z a-z 0-9 - . _ ~` as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace circuit::serve
