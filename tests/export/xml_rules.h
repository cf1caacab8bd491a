// Whether text is well-formed XML, as far as our writers and Graphviz use it.
#pragma once

#include <string>
#include <string_view>

namespace circuit::testing {

/// What is wrong first, with the text around it; "" for a well-formed document.
std::string first_xml_error(std::string_view text);

/// The text of every element `name`, entities decoded, each followed by a newline.
std::string texts_of(std::string_view xml, std::string_view name);

}  // namespace circuit::testing
