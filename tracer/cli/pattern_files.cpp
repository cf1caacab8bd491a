#include "tracer/cli/pattern_files.h"

#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "export/names/head_ids.h"
#include "export/outputs.h"
#include "export/patterns/pattern_page.h"
#include "export/patterns/pattern_picture.h"
#include "export/text/output_text.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/written_files.h"

namespace circuit::cli {
namespace {

void require_heads(const AttentionPatterns& patterns, std::span<const Head> heads) {
  for (const Head& head : heads) {
    if (head.layer < patterns.n_layers && head.head < patterns.n_heads) continue;
    throw std::runtime_error("[attention] --head is " + head_id(head) + ", the model has " +
                             std::to_string(patterns.n_layers) + " layers of " +
                             std::to_string(patterns.n_heads) + " heads");
  }
}

}  // namespace

void check_pattern_formats(const std::string& formats) {
  for (const OutputFormat format : parse_formats(formats)) {
    if (format == OutputFormat::kSvg || format == OutputFormat::kHtml) continue;
    throw std::invalid_argument("--format is '" + one_line(formats) +
                                "', expected svg, html or both for --patterns");
  }
}

std::vector<std::filesystem::path> write_patterns(const OutputFiles& output,
                                                  const AttributionGraph& graph,
                                                  const AttentionPatterns& patterns,
                                                  std::span<const Head> enlarged) {
  require_heads(patterns, enlarged);
  const PatternOptions options{.heads = {enlarged.begin(), enlarged.end()},
                               .tables = graph.attention().tables,
                               .graph = &graph};
  const std::vector<std::string>& tokens = graph.nodes().tokens;
  std::vector<std::pair<OutputFormat, std::string>> texts;
  for (const OutputFormat format : parse_formats(output.formats)) {
    texts.emplace_back(format, format == OutputFormat::kSvg
                                   ? pattern_svg(patterns, tokens, options)
                                   : pattern_html(patterns, tokens, options));
  }
  return write_texts(output.folder, output.name, texts);
}

std::string patterns_text(const AttentionPatterns& patterns,
                          const std::vector<std::filesystem::path>& files) {
  ReportTable table;
  table.add("patterns", std::to_string(patterns.n_layers) + " layers of " +
                            std::to_string(patterns.n_heads) + " heads, " +
                            count_text(patterns.n_positions) + " positions");
  table.add_lines("files", file_texts(files));
  return table.text();
}

std::string patterns_json(const AttentionPatterns& patterns,
                          const std::vector<std::filesystem::path>& files) {
  nlohmann::ordered_json object;
  object["layers"] = patterns.n_layers;
  object["heads"] = patterns.n_heads;
  object["positions"] = patterns.n_positions;
  object["files"] = file_texts(files);
  return json_line(object);
}

}  // namespace circuit::cli
