#include "tests/layers/violations.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

namespace circuit::layers {
namespace {

using Names = std::vector<std::string>;

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// `prefix` names the file, its folder, or the begin of its name ("export/outputs").
bool is_below(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  const std::string_view rest = path.substr(prefix.size());
  return rest.empty() || rest.front() == '/' || rest.front() == '.';
}

bool is_below_any(std::string_view path, std::span<const std::string> prefixes) {
  return std::ranges::any_of(prefixes, [&](const auto& prefix) { return is_below(path, prefix); });
}

bool starts_with_any(std::string_view text, std::span<const std::string> prefixes) {
  return std::ranges::any_of(prefixes,
                             [&](const auto& prefix) { return text.starts_with(prefix); });
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

const Rule* rule_of(std::string_view path, const Rules& rules) {
  const Rule* best = nullptr;
  for (const Rule& rule : rules.rules) {
    const bool applies =
        rule.direct_files_only ? parent_of(path) == rule.prefix : is_below(path, rule.prefix);
    if (applies && (!best || rule.prefix.size() > best->prefix.size())) {
      best = &rule;
    }
  }
  return best;
}

/// The folder that owns the path: "tracer/model" for "tracer/model/arch/gpt2.cpp".
std::string folder_of(std::string_view path, const Rules& rules) {
  if (contains(rules.leaf_headers, path)) return std::string(path);
  std::string_view best;
  const std::string_view parent = parent_of(path);
  for (const Rule& rule : rules.rules) {
    const bool is_folder = parent == rule.prefix || parent.starts_with(rule.prefix + "/");
    if (is_folder && rule.prefix.size() > best.size()) best = rule.prefix;
  }
  return std::string(best);
}

std::string library_of(std::string_view header, const Rules& rules) {
  for (const Library& library : rules.libraries) {
    if (starts_with_any(header, library.header_prefixes)) return library.name;
  }
  return {};
}

/// <vector>, <cstdint>: neither a folder nor an extension.
bool is_standard(std::string_view header) { return header.find_first_of("/.") == header.npos; }

/// Looks at one include at a time; a check returns what is wrong, or nothing.
class Checker {
 public:
  Checker(const Rules& rules, std::span<const std::string> installed_headers)
      : rules_(rules), installed_headers_(installed_headers) {}

  [[nodiscard]] std::string check(const SourceFile& file, const Include& include) const {
    if (starts_with_any(include.path, rules_.autograd_headers) &&
        library_of(include.path, rules_) == rules_.autograd_library &&
        !is_below_any(file.path, rules_.autograd_folders)) {
      return "is not allowed outside " + rules_.autograd_folders.front();
    }
    if (is_below_any(file.path, rules_.example_folders)) return check_example(file, include);
    if (!is_below_any(file.path, rules_.folders)) return {};  // tests
    const Rule* rule = rule_of(file.path, rules_);
    if (!rule) return "is in a folder without a rule in tests/layers/rules.cpp";
    if (contains(installed_headers_, file.path) && !is_public(include)) {
      return "is in an installed header, but neither standard nor installed";
    }
    if (is_below_any(file.path, rules_.outside_folders) && !is_installed_or_beside(file, include)) {
      return "is no installed header";
    }
    if (include.quoted) return check_folder(file, include, *rule);
    return is_standard(include.path) ? "" : check_library(file, include, *rule);
  }

 private:
  [[nodiscard]] bool is_public(const Include& include) const {
    return include.quoted ? contains(installed_headers_, include.path) : is_standard(include.path);
  }

  /// True of a library's header: which of them are allowed the rules of the folder say.
  [[nodiscard]] bool is_installed_or_beside(const SourceFile& file, const Include& include) const {
    return !include.quoted || is_public(include) || is_below(include.path, parent_of(file.path));
  }

  [[nodiscard]] std::string check_example(const SourceFile& file, const Include& include) const {
    const bool is_beside = include.quoted && is_below(include.path, parent_of(file.path));
    return is_public(include) || is_beside ? "" : "is no installed header";
  }

  [[nodiscard]] std::string check_folder(const SourceFile& file, const Include& include,
                                         const Rule& rule) const {
    const Rule* other = rule_of(include.path, rules_);
    if (!other) return "is no path from the root to a folder with a rule";
    const std::string folder = folder_of(include.path, rules_);
    const bool allowed = folder == folder_of(file.path, rules_) ||
                         contains(rule.may_include, folder) ||
                         contains(rule.may_include, other->prefix);
    return allowed ? "" : "is not allowed in " + rule.prefix;
  }

  [[nodiscard]] std::string check_library(const SourceFile& file, const Include& include,
                                          const Rule& rule) const {
    const std::string library = library_of(include.path, rules_);
    if (library.empty()) return "is of no library in tests/layers/rules.cpp";
    if (!file.is_header()) {
      return contains(rule.libraries, library)
                 ? ""
                 : "(" + library + ") is not allowed in " + rule.prefix;
    }
    const bool allowed = std::ranges::any_of(rule.header_files, [&](const std::string& header) {
      return header.ends_with('/') ? include.path.starts_with(header) : include.path == header;
    });
    return allowed ? "" : "(" + library + ") is not allowed in headers of " + rule.prefix;
  }

  const Rules& rules_;
  std::span<const std::string> installed_headers_;
};

/// The libraries that one file may include, and the files that do.
Names find_repeated_users(std::span<const SourceFile> files, const Rules& rules) {
  std::map<std::string, std::set<std::string>> users;
  for (const SourceFile& file : files) {
    if (!is_below_any(file.path, rules.folders)) continue;
    for (const Include& include : file.includes) {
      const std::string library = include.quoted ? "" : library_of(include.path, rules);
      if (contains(rules.single_file, library)) users[library].insert(file.path);
    }
  }
  Names found;
  for (const auto& [library, paths] : users) {
    for (auto path = std::next(paths.begin()); path != paths.end(); ++path) {
      found.push_back(*path + ": " + library + " is already in " + *paths.begin());
    }
  }
  return found;
}

using Arrows = std::map<std::string, std::set<std::string>>;

/// Extends `path` depth first until it closes; true if it does.
bool close_cycle(const Arrows& arrows, const std::string& folder, Names& path,
                 std::set<std::string>& done) {
  const auto begin = std::ranges::find(path, folder);
  if (begin != path.end()) {
    path.erase(path.begin(), begin);
    path.push_back(folder);
    return true;
  }
  if (done.contains(folder)) return false;
  path.push_back(folder);
  if (const auto next = arrows.find(folder); next != arrows.end()) {
    for (const std::string& target : next->second) {
      if (close_cycle(arrows, target, path, done)) return true;
    }
  }
  path.pop_back();
  done.insert(folder);
  return false;
}

}  // namespace

std::vector<std::string> find_violations(std::span<const SourceFile> files, const Rules& rules,
                                         std::span<const std::string> installed_headers) {
  const Checker checker(rules, installed_headers);
  Names found;
  for (const SourceFile& file : files) {
    for (const Include& include : file.includes) {
      const std::string wrong = checker.check(file, include);
      if (wrong.empty()) continue;
      const std::string name = include.quoted ? '"' + include.path + '"' : '<' + include.path + '>';
      found.push_back(file.path + ":" + std::to_string(include.line) + ": " + name + " " + wrong);
    }
  }
  const Names repeated = find_repeated_users(files, rules);
  found.insert(found.end(), repeated.begin(), repeated.end());
  return found;
}

std::vector<std::string> find_folder_cycle(std::span<const SourceFile> files, const Rules& rules) {
  Arrows arrows;
  for (const SourceFile& file : files) {
    const std::string from = folder_of(file.path, rules);
    for (const Include& include : file.includes) {
      const std::string to = include.quoted ? folder_of(include.path, rules) : "";
      if (!from.empty() && !to.empty() && from != to) arrows[from].insert(to);
    }
  }
  Names path;
  std::set<std::string> done;
  for (const auto& [folder, targets] : arrows) {
    if (close_cycle(arrows, folder, path, done)) return path;
  }
  return {};
}

}  // namespace circuit::layers
