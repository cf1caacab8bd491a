// Fills the skeleton of a page that is joined when the project is built. Private to html.cpp and
// pattern_page.cpp.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace circuit {

using PageValues = std::map<std::string_view, std::string>;

/// A content policy: nothing may be loaded or sent; no script and no style but those of these
/// SHA-256 (hexadecimal), even if markup slipped in.
std::string page_policy(std::string_view script_hash, std::string_view style_hash);

/// `skeleton` with the values in their places. Values are not looked at.
std::string fill_skeleton(std::string_view skeleton, const PageValues& values);

/// `json` with every `<` as `\u003c`: no end of an element and no comment can begin in it.
std::string script_safe(std::string_view json);

}  // namespace circuit
