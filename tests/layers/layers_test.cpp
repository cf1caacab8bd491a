#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/layers/rules.h"
#include "tests/layers/source_file.h"
#include "tests/layers/violations.h"

namespace circuit::layers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A tree of files, each with one include.
std::vector<SourceFile> tree(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<SourceFile> sources;
  for (const auto& [path, include] : files) {
    sources.push_back(parse_source(path, "#include " + include + "\n"));
  }
  return sources;
}

const std::vector<std::string> kInstalled = {"graph/node.h", "graph/prune.h", "tracer/options.h",
                                             "tracer/tracer.h"};

std::vector<std::string> violations(const std::string& path, const std::string& include) {
  return find_violations(tree({{path, include}}), project_rules(), kInstalled);
}

std::vector<std::string> installed_headers() {
  std::ifstream stream(CIRCUIT_INSTALLED_HEADERS);
  std::vector<std::string> headers;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) headers.push_back(line);
  }
  return headers;
}

TEST(Layers, OfThisTreeHold) {
  std::vector<std::string> folders = project_rules().folders;
  folders.insert(folders.end(), {"examples", "tests"});
  const auto files = read_sources(CIRCUIT_SOURCE_DIR, folders);
  ASSERT_THAT(files, Not(IsEmpty()));
  for (const std::string& violation :
       find_violations(files, project_rules(), installed_headers())) {
    ADD_FAILURE() << violation;
  }
  EXPECT_THAT(find_folder_cycle(files, project_rules()), IsEmpty());
}

TEST(Layers, InstalledHeadersExist) {
  ASSERT_THAT(installed_headers(), Not(IsEmpty()));
  for (const std::string& header : installed_headers()) {
    EXPECT_TRUE(std::ifstream(std::string(CIRCUIT_SOURCE_DIR) + "/" + header)) << header;
  }
}

TEST(Layers, NamePlaceAndReason) {
  const auto file = parse_source("graph/prune.cpp", "// a comment\n\n  #  include <ATen/ATen.h>\n");
  EXPECT_THAT(find_violations(std::vector{file}, project_rules(), {}),
              ElementsAre("graph/prune.cpp:3: <ATen/ATen.h> (torch) is not allowed in graph"));
}

TEST(Layers, AllowWhatTheTableAllows) {
  EXPECT_THAT(violations("graph/prune.cpp", "<tbb/parallel_for.h>"), IsEmpty());
  EXPECT_THAT(violations("graph/prune.cpp", "<boost/graph/adjacency_list.hpp>"), IsEmpty());
  EXPECT_THAT(violations("graph/prune.cpp", "\"graph/bgl_adapter.h\""), IsEmpty());
  EXPECT_THAT(violations("graph/bgl_adapter.h", "<boost/graph/graph_traits.hpp>"), IsEmpty());
  EXPECT_THAT(violations("graph/prune.h", "\"graph/node.h\""), IsEmpty());
  EXPECT_THAT(violations("export/picture/dot.cpp", "<graphviz/cgraph.h>"), IsEmpty());
  EXPECT_THAT(violations("export/picture/dot.cpp", "\"graph/prune.h\""), IsEmpty());
  EXPECT_THAT(violations("export/picture/dot.cpp", "\"export/names/node_names.h\""), IsEmpty());
  EXPECT_THAT(violations("export/viewer/viewer_json_read.cpp", "\"export/file/graph_file.h\""),
              IsEmpty());
  EXPECT_THAT(violations("export/file/graph_file.cpp", "\"transcoders/weights/safetensors.h\""),
              IsEmpty());
  EXPECT_THAT(violations("export/outputs.cpp", "\"export/graphml.h\""), IsEmpty());
  EXPECT_THAT(violations("export/outputs.cpp", "\"export/page/html.h\""), IsEmpty());
  EXPECT_THAT(violations("transcoders/load.h", "<ATen/core/Tensor.h>"), IsEmpty());
  EXPECT_THAT(violations("transcoders/formats/native.cpp", "<yaml-cpp/yaml.h>"), IsEmpty());
  EXPECT_THAT(violations("transcoders/weights/npz.cpp", "<zlib.h>"), IsEmpty());
  EXPECT_THAT(violations("tracer/model/arch/gpt2.cpp", "\"tracer/model/config.h\""), IsEmpty());
  EXPECT_THAT(violations("tracer/tracer.cpp", "\"tracer/attribution/attribute.h\""), IsEmpty());
  EXPECT_THAT(violations("tracer/cli/trace.cpp", "\"tracer/tracer.h\""), IsEmpty());
  EXPECT_THAT(violations("tracer/tracer.h", "\"tracer/options.h\""), IsEmpty());
  EXPECT_THAT(violations("tracer/attribution/targets.h", "\"tracer/options.h\""), IsEmpty());
  EXPECT_THAT(violations("tracer/cli/trace.cpp", "<CLI/CLI.hpp>"), IsEmpty());
  EXPECT_THAT(violations("tracer/cli/engine/list_tracer.h", "\"tracer/processes/shared_list.h\""),
              IsEmpty());
  EXPECT_THAT(
      violations("tracer/processes/tcp_counters.cpp", "<torch/csrc/distributed/c10d/TCPStore.hpp>"),
      IsEmpty());
  EXPECT_THAT(violations("examples/first/main.cpp", "\"graph/prune.h\""), IsEmpty());
  EXPECT_THAT(violations("python/graph.cpp", "\"graph/prune.h\""), IsEmpty());
  EXPECT_THAT(violations("python/graph.cpp", "\"python/arrays.h\""), IsEmpty());
  EXPECT_THAT(violations("python/arrays.h", "<pybind11/numpy.h>"), IsEmpty());
  EXPECT_THAT(violations("tests/support/autograd.cpp", "<torch/torch.h>"), IsEmpty());
}

struct Case {
  std::string path;
  std::string include;
};

class LayersCatch : public ::testing::TestWithParam<Case> {};

TEST_P(LayersCatch, AForbiddenInclude) {
  const auto found = violations(GetParam().path, GetParam().include);
  ASSERT_THAT(found, Not(IsEmpty()));
  EXPECT_THAT(found.front(), HasSubstr(GetParam().path + ":1: " + GetParam().include));
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, LayersCatch,
    ::testing::Values(
        // folders of ours
        Case{"graph/prune.cpp", "\"export/picture/dot.h\""},
        Case{"graph/prune.cpp", "\"transcoders/weights/dtype.h\""},
        Case{"export/picture/dot.cpp", "\"tracer/tracer.h\""},
        Case{"export/picture/dot.cpp", "\"transcoders/weights/safetensors.h\""},
        Case{"export/text/json_text.cpp", "\"export/names/slug.h\""},
        Case{"export/names/view_nodes.cpp", "\"export/viewer/viewer_json.h\""},
        Case{"export/file/graph_file.cpp", "\"export/viewer/viewer_json.h\""},
        Case{"export/page/html.cpp", "\"export/picture/picture.h\""},
        Case{"export/picture/dot.cpp", "\"export/outputs.h\""},
        Case{"export/graphml.cpp", "\"export/picture/dot.h\""},
        Case{"export/graphml.cpp", "\"transcoders/weights/atomic_file.h\""},
        Case{"export/unheard_of/new.cpp", "<vector>"},
        Case{"transcoders/load.cpp", "\"tracer/model/model.h\""},
        Case{"transcoders/load.cpp", "\"graph/node.h\""},
        Case{"transcoders/weights/safetensors.cpp", "\"transcoders/load.h\""},
        Case{"tracer/text/bpe.cpp", "\"tracer/model/config.h\""},
        Case{"tracer/model/model.cpp", "\"tracer/replacement/run.h\""},
        Case{"tracer/replacement/run.cpp", "\"tracer/attribution/targets.h\""},
        Case{"tracer/replacement/run.cpp", "\"graph/node.h\""},
        Case{"tracer/attribution/rows.cpp", "\"tracer/tracer.h\""},
        Case{"tracer/options.h", "\"tracer/tracer.h\""},
        Case{"tracer/model/model.h", "\"tracer/options.h\""},
        Case{"tracer/cli/trace.cpp", "\"tracer/attribution/attribute.h\""},
        Case{"tracer/cli/trace.cpp", "\"transcoders/load.h\""},
        Case{"graph/prune.cpp", "\"node.h\""}, Case{"tracer/unheard_of/new.cpp", "<vector>"},
        // torch
        Case{"graph/prune.cpp", "<ATen/ATen.h>"},
        Case{"export/picture/dot.cpp", "<c10/core/ScalarType.h>"},
        Case{"transcoders/weights/dtype.cpp", "<c10/util/Half.h>"},
        Case{"tracer/text/bpe.cpp", "<ATen/core/Tensor.h>"},
        Case{"tracer/cli/trace.cpp", "<ATen/core/Tensor.h>"},
        Case{"tracer/model/model.h", "<ATen/ATen.h>"},
        Case{"tracer/model/model.cpp", "<torch/torch.h>"},
        Case{"tests/graph/prune_test.cpp", "<torch/torch.h>"},
        Case{"tracer/tracer.h", "<ATen/core/Tensor.h>"},
        Case{"tracer/processes/shared_list.cpp", "<ATen/ATen.h>"},
        Case{"tracer/processes/tcp_counters.cpp", "<torch/csrc/autograd/variable.h>"},
        Case{"tracer/processes/tcp_counters.h", "<torch/csrc/distributed/c10d/TCPStore.hpp>"},
        Case{"tracer/cli/engine/list_tracer.cpp", "<torch/csrc/distributed/c10d/TCPStore.hpp>"},
        // libraries in headers or in the wrong folder
        Case{"graph/prune.h", "<boost/graph/graph_traits.hpp>"},
        Case{"graph/prune.h", "<tbb/parallel_for.h>"},
        Case{"export/picture/dot.h", "<graphviz/cgraph.h>"},
        Case{"export/viewer/json.h", "<nlohmann/json.hpp>"},
        Case{"transcoders/load.h", "<yaml-cpp/yaml.h>"},
        Case{"transcoders/weights/json.h", "<simdjson.h>"}, Case{"tracer/text/bpe.h", "<pcre2.h>"},
        Case{"tracer/text/bpe.h", "<unicode/normalizer2.h>"},
        Case{"tracer/cli/trace.h", "<CLI/CLI.hpp>"},
        Case{"tracer/model/model.cpp", "<boost/graph/graph_traits.hpp>"},
        Case{"tracer/model/model.cpp", "<graphviz/gvc.h>"},
        Case{"graph/prune.cpp", "<unheard_of/library.h>"},
        // installed headers and examples
        Case{"graph/prune.h", "\"graph/bgl_adapter.h\""},
        Case{"examples/first/main.cpp", "\"graph/bgl_adapter.h\""},
        Case{"examples/first/main.cpp", "\"tracer/model/model.h\""},
        Case{"examples/first/main.cpp", "<ATen/ATen.h>"},
        Case{"python/graph.cpp", "\"graph/bgl_adapter.h\""},
        Case{"python/graph.cpp", "\"tracer/model/model.h\""},
        Case{"python/graph.cpp", "<ATen/ATen.h>"},
        Case{"graph/prune.cpp", "<pybind11/pybind11.h>"}));

TEST(LayersCatch, GraphvizInTwoFiles) {
  const auto files = tree({{"export/picture/dot.cpp", "<graphviz/cgraph.h>"},
                           {"export/picture/svg.cpp", "<graphviz/gvc.h>"},
                           {"tests/export/picture/dot_test.cpp", "<graphviz/gvc.h>"}});
  EXPECT_THAT(find_violations(files, project_rules(), kInstalled),
              ElementsAre("export/picture/svg.cpp: graphviz is already in export/picture/dot.cpp"));
}

TEST(LayersCatch, ProcessesThatTalkInTwoFiles) {
  const std::string store = "<torch/csrc/distributed/c10d/TCPStore.hpp>";
  const auto files = tree(
      {{"tracer/processes/tcp_counters.cpp", store}, {"tracer/processes/tcp_queue.cpp", store}});
  EXPECT_THAT(find_violations(files, project_rules(), kInstalled),
              ElementsAre("tracer/processes/tcp_queue.cpp: c10d is already in "
                          "tracer/processes/tcp_counters.cpp"));
}

TEST(Layers, TakeAHeaderWithARuleOfItsOwnForAFolder) {
  const auto files = tree({{"tracer/tracer.h", "\"tracer/options.h\""},
                           {"tracer/tracer.cpp", "\"tracer/attribution/attribute.h\""},
                           {"tracer/attribution/attribute.h", "\"tracer/options.h\""}});
  EXPECT_THAT(find_folder_cycle(files, project_rules()), IsEmpty());
}

TEST(LayersCatch, ACycleOfFolders) {
  const auto files = tree({{"export/picture/dot.cpp", "\"graph/prune.h\""},
                           {"tracer/model/arch/gpt2.cpp", "\"tracer/text/bpe.h\""},
                           {"tracer/text/bpe.cpp", "\"transcoders/load.h\""},
                           {"transcoders/load.cpp", "\"tracer/model/config.h\""}});
  EXPECT_THAT(find_folder_cycle(files, project_rules()),
              ElementsAre("tracer/model", "tracer/text", "transcoders", "tracer/model"));
}

}  // namespace
}  // namespace circuit::layers
