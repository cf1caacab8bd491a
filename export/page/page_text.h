// The parts of pages that are the same for every graph, from the files of export/page/web. The
// sources are written by export/page/web/join.cmake when the project is built. Private to html.cpp
// and export/patterns/pattern_page.cpp.
#pragma once

#include <string_view>

namespace circuit::page_text {

extern const std::string_view skeleton;  ///< HTML with places such as `{{title}}`
extern const std::string_view style;
extern const std::string_view script;
extern const std::string_view notices;  ///< licences of what others wrote
/// SHA-256 in hexadecimal digits: the only style and script that the page lets a browser use.
extern const std::string_view style_hash;
extern const std::string_view script_hash;

}  // namespace circuit::page_text

/// Of the page of attention patterns.
namespace circuit::pattern_page_text {

extern const std::string_view skeleton;
extern const std::string_view style;
extern const std::string_view script;
extern const std::string_view notices;
extern const std::string_view style_hash;
extern const std::string_view script_hash;

}  // namespace circuit::pattern_page_text
