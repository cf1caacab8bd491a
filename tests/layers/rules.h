// The dependency rules of docs/architecture.md as data: the only place that states them.
#pragma once

#include <string>
#include <vector>

namespace circuit::layers {

/// A library and how to recognise its headers.
struct Library {
  std::string name;
  std::vector<std::string> header_prefixes;
};

/// What one folder (or one file) may include. The longest matching `prefix` applies to a file.
struct Rule {
  std::string prefix;                     ///< "graph" or "graph/bgl_adapter.h" or "export/outputs".
  std::vector<std::string> may_include;   ///< Prefixes of other rules; its own folder always.
  std::vector<std::string> libraries;     ///< In .cpp files.
  std::vector<std::string> header_files;  ///< Headers of libraries that its headers may include;
                                          ///< "boost/" allows all of a folder.
  bool direct_files_only = false;         ///< Says nothing about files in subfolders.
};

struct Rules {
  std::vector<Library> libraries;
  std::vector<Rule> rules;
  std::vector<std::string> folders;       ///< Whose files these rules describe.
  std::vector<std::string> leaf_headers;  ///< Folders of their own: they see nothing beside them.
  std::vector<std::string> single_file;   ///< Libraries that one file at most may include.
  std::vector<std::string> example_folders;  ///< May include installed headers only.
  std::vector<std::string> outside_folders;  ///< Of ours may include installed headers only.
  std::string autograd_library;              ///< Of this library …
  std::vector<std::string> autograd_headers;  ///< … those with autograd in them, slow to compile, …
  std::vector<std::string> autograd_folders;  ///< … allowed here only.
};

/// The rules of this project.
const Rules& project_rules();

}  // namespace circuit::layers
