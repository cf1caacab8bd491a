#include "tracer/cli/help_format.h"

#include <cstddef>
#include <memory>
#include <sstream>
#include <vector>

#include <CLI/CLI.hpp>

namespace circuit::cli {
namespace {

constexpr std::size_t kNameWidth = 30;
constexpr std::size_t kTextWidth = 70;

/// Breaks lines at spaces; CLI11 indents what follows a line break.
std::string wrapped(const std::string& text) {
  std::string lines;
  std::size_t width = 0;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool fits = width + 1 + word.size() <= kTextWidth;
    if (!lines.empty()) lines += fits ? ' ' : '\n';
    width = (fits && !lines.empty() ? width + 1 : 0) + word.size();
    lines += word;
  }
  return lines;
}

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    column_width(kNameWidth);
    label("SUBCOMMAND", "SUBCOMMAND [OPTIONS]");
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(CLI::Formatter::make_option_desc(option));
  }

  std::string make_subcommand(const CLI::App* command) const override {
    std::stringstream text;
    CLI::detail::format_help(text, command->get_name(), wrapped(command->get_description()),
                             kNameWidth);
    return text.str();
  }
};

}  // namespace

void use_help_format(CLI::App& app) { app.formatter(std::make_shared<HelpFormatter>()); }

std::string help_text(const CLI::App& program) {
  const CLI::App* asked = &program;
  std::string before;
  while (!asked->get_subcommands().empty()) {
    before += (before.empty() ? "" : " ") + asked->get_name();
    asked = asked->get_subcommands().front();
  }
  std::string text = asked->help(before);
  for (std::size_t at = 0; (at = text.find("\n\n\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

}  // namespace circuit::cli
