#include "tests/layers/rules.h"

namespace circuit::layers {
namespace {

const std::vector<Library> kLibraries = {
    {"c10d",
     {"torch/csrc/distributed/c10d/",
      "c10/util/Logging.h"}},  // of torch/ the part without autograd
    {"torch", {"ATen/", "c10/", "torch/", "caffe2/"}},
    {"boost", {"boost/"}},
    {"tbb", {"tbb/", "oneapi/"}},
    {"graphviz", {"graphviz/", "cgraph.h", "gvc.h"}},
    {"nlohmann", {"nlohmann/"}},
    {"simdjson", {"simdjson.h"}},
    {"zlib", {"zlib.h"}},
    {"xxhash", {"xxhash.h"}},
    {"yaml-cpp", {"yaml-cpp/"}},
    {"cli11", {"CLI/"}},
    {"pcre2", {"pcre2.h"}},
    {"icu", {"unicode/"}},
    {"httplib", {"httplib.h"}},
    {"posix",
     {"arpa/inet.h", "dirent.h", "dlfcn.h", "fcntl.h", "poll.h", "pthread.h", "sched.h", "signal.h",
      "sys/", "unistd.h"}},
};

const char* const kTensor = "ATen/core/Tensor.h";

const std::vector<Rule> kRules = {
    {"graph", {}, {"boost", "tbb"}, {}},
    {"graph/bgl_adapter.h", {"graph"}, {}, {"boost/"}},

    {"export/text", {}, {"zlib"}, {}},
    {"export/names", {"export/text", "graph"}, {"nlohmann", "simdjson"}, {}},
    {"export/file", {"export/text", "graph", "transcoders/weights"}, {"nlohmann", "simdjson"}, {}},
    {"export/viewer",
     {"export/text", "export/names", "export/file", "graph"},
     {"nlohmann", "simdjson", "posix"},
     {}},
    {"export/picture", {"export/text", "export/names", "graph"}, {"graphviz"}, {}},
    {"export/page", {"export/text", "export/names", "graph"}, {"nlohmann", "simdjson"}, {}},
    {"export",
     {"export/text", "export/names", "graph"},
     {},
     {},
     /*direct_files_only=*/true},
    {"export/outputs",
     {"export", "export/text", "export/names", "export/viewer", "export/picture", "export/page",
      "graph", "transcoders/weights"},
     {},
     {}},

    {"transcoders/weights", {}, {"simdjson", "zlib", "xxhash", "posix"}, {}},
    {"transcoders", {"transcoders/weights"}, {"torch", "yaml-cpp", "tbb", "posix"}, {kTensor}},

    {"tracer/text",
     {"transcoders/weights", "tracer/text/chat_message.h"},
     {"pcre2", "icu", "simdjson"},
     {}},
    {"tracer/text/jinja", {"tracer/text"}, {"icu"}, {}},
    {"tracer/text/chat",
     {"tracer/text", "tracer/text/chat_message.h", "tracer/text/jinja", "transcoders/weights"},
     {"simdjson"},
     {}},
    {"tracer/machine", {}, {"torch", "tbb", "posix"}, {kTensor}},
    {"tracer/model",
     {"tracer/text", "tracer/machine", "transcoders", "transcoders/weights"},
     {"torch"},
     {kTensor}},
    {"tracer/replacement",
     {"tracer/text", "tracer/machine", "tracer/model", "transcoders"},
     {"torch"},
     {kTensor}},
    {"tracer/attribution",
     {"tracer/text", "tracer/machine", "tracer/model", "tracer/replacement", "tracer/options.h",
      "transcoders", "graph"},
     {"torch"},
     {kTensor}},
    {"tracer/intervention",
     {"tracer/text", "tracer/model", "tracer/replacement", "transcoders"},
     {"torch"},
     {kTensor}},
    {"tracer/generate", {"tracer/model"}, {"torch"}, {kTensor}},
    {"tracer/features",
     {"tracer/text", "tracer/model", "tracer/replacement", "tracer/attribution", "transcoders"},
     {"torch"},
     {kTensor}},
    {"tracer/processes", {}, {"c10d"}, {}},
    {"tracer/serve",
     {"export/text", "export/names", "export/file", "export/viewer", "export/page", "graph"},
     {"httplib", "posix"},
     {}},
    {"tracer",
     {"tracer/text", "tracer/text/chat", "tracer/machine", "tracer/model", "tracer/replacement",
      "tracer/attribution", "tracer/intervention", "tracer/generate", "tracer/features",
      "tracer/tracer.h", "tracer/options.h", "transcoders", "transcoders/weights", "graph"},
     {"torch", "tbb"},
     {},
     /*direct_files_only=*/true},
    {"tracer/tracer.h", {"tracer/options.h", "graph"}, {}, {}},
    {"tracer/text/chat_message.h", {}, {}, {}},
    {"tracer/options.h", {"graph", "tracer/text/chat_message.h"}, {}, {}},
    {"tracer/cli",
     {"graph", "export", "export/text", "export/names", "export/file", "export/viewer",
      "export/picture", "export/page", "tracer", "tracer/tracer.h", "tracer/options.h",
      "tracer/text", "tracer/text/chat", "tracer/text/chat_message.h", "tracer/processes",
      "tracer/serve", "transcoders/weights"},
     {"cli11", "nlohmann", "posix"},
     {}},
};

}  // namespace

const Rules& project_rules() {
  static const Rules rules{
      .libraries = kLibraries,
      .rules = kRules,
      .folders = {"graph", "export", "transcoders", "tracer"},
      .leaf_headers = {"tracer/options.h", "tracer/text/chat_message.h"},
      .single_file = {"graphviz", "c10d", "httplib"},
      .example_folders = {"examples"},
      .autograd_library = "torch",
      .autograd_headers = {"torch/"},
      .autograd_folders = {"tests/support"},
  };
  return rules;
}

}  // namespace circuit::layers
