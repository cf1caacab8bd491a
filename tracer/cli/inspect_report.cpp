#include "tracer/cli/inspect_report.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "tracer/cli/byte_size.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/score_text.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string counted(std::int64_t count) { return count_text(static_cast<std::size_t>(count)); }

std::string weights_text(std::int64_t parameters, const std::string& dtype, std::int64_t bytes) {
  return counted(parameters) + " " + dtype + ", " + byte_size_text(bytes);
}

void add_model(const ModelDescription& model, ReportTable& table) {
  table.add("model", model.directory.string());
  table.add("  family", model.architecture);
  table.add("  format", model.format);
  table.add("  sizes", counted(model.n_layers) + " layers, d_model " + counted(model.d_model) +
                           ", " + counted(model.n_heads) + " heads (" + counted(model.n_kv_heads) +
                           " key-value) of " + counted(model.d_head) + ", d_mlp " +
                           counted(model.d_mlp));
  table.add("  prompts", "vocabulary " + counted(model.vocabulary_size) + ", up to " +
                             counted(model.max_positions) + " positions");
  table.add("  tokenizer", model.has_tokenizer ? one_line(model.tokenizer) : "not there");
  table.add("  chat template", model.has_chat_template ? "there" : "not there");
  table.add("  weights", weights_text(model.parameters, model.dtype, model.bytes));
  if (model.stored_types.size() > 1) {
    for (const StoredType& stored : model.stored_types) {
      table.add("    " + stored.name,
                counted(stored.tensors) + " tensors, " + byte_size_text(stored.bytes));
    }
  }
  table.add("  hash", model.hash);
}

/// "3 of 98,304 encoder rows are zero (2 in layer 4, 1 in layer 5)".
std::string dead_kind_text(const std::vector<DeadCount>& dead, std::int64_t n_features,
                           std::int64_t DeadCount::*kind, const std::string& what) {
  std::int64_t total = 0;
  std::string where;
  for (std::size_t layer = 0; layer < dead.size(); ++layer) {
    const std::int64_t count = dead[layer].*kind;
    total += count;
    if (count == 0 || dead.size() == 1) continue;
    where += (where.empty() ? "" : ", ") + counted(count) + " in layer " + std::to_string(layer);
  }
  if (total == 0) return {};
  const auto all = static_cast<std::int64_t>(dead.size()) * n_features;
  return counted(total) + " of " + counted(all) + " " + what +
         (where.empty() ? "" : " (" + where + ")");
}

void add_dead(const std::vector<DeadCount>& dead, std::int64_t n_features, ReportTable& table) {
  if (dead.empty()) {
    table.add("  dead", "not counted: large; --dead-rows counts them");
    return;
  }
  std::string text;
  for (const auto& [kind, what] : {std::pair{&DeadCount::encoder_rows, "encoder rows are zero"},
                                   std::pair{&DeadCount::decoder_rows, "decoder rows are zero"},
                                   std::pair{&DeadCount::thresholds, "thresholds are infinite"}}) {
    const std::string part = dead_kind_text(dead, n_features, kind, what);
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  }
  table.add("  dead", text.empty() ? "no feature" : text);
}

void add_transcoders(const TranscodersDescription& transcoders, ReportTable& table) {
  table.add("transcoders", transcoders.directory.string());
  table.add("  kind", transcoders.kind + ", " + transcoders.format + ", " + transcoders.activation +
                          (transcoders.has_skip ? ", affine skip" : ""));
  table.add("  sizes", counted(transcoders.n_layers) + " layers, d_model " +
                           counted(transcoders.d_model) + ", " + counted(transcoders.n_features) +
                           " features a layer");
  table.add("  hooks", "reads " + transcoders.read_site + ", writes " + transcoders.write_site);
  if (!transcoders.rescaled.empty()) table.add("  folded", transcoders.rescaled);
  table.add("  made for", transcoders.model_name.empty() ? "not said" : transcoders.model_name);
  table.add("  weights",
            weights_text(transcoders.parameters, transcoders.dtype, transcoders.bytes));
  add_dead(transcoders.dead, transcoders.n_features, table);
  table.add("  hash", transcoders.hash);
}

void add_sae(const SaeDescription& sae, ReportTable& table) {
  table.add("SAE", sae.directory.string());
  table.add("  kind",
            sae.format + ", " + sae.activation +
                (sae.apply_b_dec_to_input ? ", decoder bias taken off the input" : "") +
                (sae.input_scale == 1 ? "" : ", input times " + number_text(sae.input_scale)));
  table.add("  sizes",
            "d_model " + counted(sae.d_model) + ", " + counted(sae.n_features) + " features");
  table.add("  hook", sae.hook);
  if (!sae.rescaled.empty()) table.add("  folded", sae.rescaled);
  table.add("  made for", sae.model_name.empty() ? "not said" : one_line(sae.model_name));
  table.add("  weights", weights_text(sae.parameters, sae.dtype, sae.bytes));
  add_dead(sae.dead, sae.n_features, table);
  table.add("  hash", sae.hash);
}

std::string origin_text(const std::string& name, const std::string& hash) {
  return (name.empty() ? "unnamed" : name) + (hash.empty() ? "" : " (" + hash + ")");
}

std::vector<std::string> settings_items(const AttributionGraph& graph) {
  std::vector<std::string> items;
  for (const auto& [name, value] : graph.provenance().settings) {
    items.push_back(name + "=" + one_line(shorten(value, 60)));
  }
  return items;
}

std::string pruning_options_text(const PruneOptions& options) {
  return number_text(options.node_threshold) + " and " + number_text(options.edge_threshold) +
         (options.edge_rule == EdgeRule::kPerTarget ? " per target" : "") +
         (options.max_nodes > 0 ? ", at most " + std::to_string(options.max_nodes) + " nodes"
                                : "") +
         (options.keep_errors ? ", with errors" : "");
}

std::string pruning_text(const GraphFile& file) {
  if (!file.pruned) return "not pruned";
  const PrunedGraph& pruned = *file.pruned;
  return counted(static_cast<std::int64_t>(pruned.kept_nodes())) + " nodes, " +
         counted(static_cast<std::int64_t>(pruned.kept_edges())) + " edges kept at " +
         pruning_options_text(pruned.options) +
         (file.graph.is_compact() ? ", the others left out" : "");
}

std::string attention_text(const AttentionDetails& attention) {
  return count_text(attention.edge_heads.edges.size()) + " edges divided among heads, " +
         count_text(attention.tables.size()) + " score tables";
}

void add_graph(const GraphFile& file, ReportTable& table) {
  const AttributionGraph& graph = file.graph;
  const Provenance& from = graph.provenance();
  std::vector<std::string> tokens;
  for (const std::string& token : graph.nodes().tokens) tokens.push_back(in_quotes(token));
  table.add("graph", one_line(from.prompt));
  table.add_flow("  tokens", tokens);
  table.add("  nodes", count_text(graph.n_nodes()) + ": " + count_text(graph.n_features()) +
                           " features of " + count_text(graph.nodes().active_features.size()) +
                           " active, " + count_text(graph.n_errors()) + " errors, " +
                           count_text(graph.n_positions()) + " tokens, " +
                           count_text(graph.n_targets()) + " targets");
  table.add("  edges", count_text(graph.edges().edges()));
  if (!graph.attention().empty()) table.add("  attention", attention_text(graph.attention()));
  table.add("  pruning", pruning_text(file));
  table.add("  scores", scores_text(whole_scores(file)));
  table.add("  closure", closure_text(graph.closure_error()));
  table.add("  model", origin_text(one_line(from.model_name), from.model_hash));
  table.add("  transcoders", origin_text(one_line(from.transcoders_name), from.transcoders_hash));
  table.add_flow("  settings", settings_items(graph));
}

Json stored_types(const ModelDescription& model) {
  Json list = Json::array();
  for (const StoredType& stored : model.stored_types) {
    list.push_back({{"dtype", stored.name}, {"tensors", stored.tensors}, {"bytes", stored.bytes}});
  }
  return list;
}

Json model_object(const ModelDescription& model) {
  return {{"directory", model.directory.string()},
          {"name", model.name},
          {"architecture", model.architecture},
          {"format", model.format},
          {"dtype", model.dtype},
          {"stored_types", stored_types(model)},
          {"n_layers", model.n_layers},
          {"d_model", model.d_model},
          {"n_heads", model.n_heads},
          {"n_kv_heads", model.n_kv_heads},
          {"d_head", model.d_head},
          {"d_mlp", model.d_mlp},
          {"vocabulary_size", model.vocabulary_size},
          {"max_positions", model.max_positions},
          {"parameters", model.parameters},
          {"bytes", model.bytes},
          {"has_tokenizer", model.has_tokenizer},
          {"tokenizer", model.has_tokenizer ? Json(model.tokenizer) : Json(nullptr)},
          {"has_chat_template", model.has_chat_template},
          {"hash", model.hash}};
}

Json dead_array(const std::vector<DeadCount>& dead) {
  if (dead.empty()) return nullptr;
  Json layers = Json::array();
  for (const DeadCount& layer : dead) {
    layers.push_back({{"encoder_rows", layer.encoder_rows},
                      {"decoder_rows", layer.decoder_rows},
                      {"thresholds", layer.thresholds}});
  }
  return layers;
}

Json sae_object(const SaeDescription& sae) {
  return {{"directory", sae.directory.string()},
          {"name", sae.name},
          {"format", sae.format},
          {"model_name", sae.model_name},
          {"scan", sae.scan},
          {"hook", sae.hook},
          {"activation", sae.activation},
          {"apply_b_dec_to_input", sae.apply_b_dec_to_input},
          {"input_scale", sae.input_scale},
          {"folded", sae.rescaled},
          {"dtype", sae.dtype},
          {"d_model", sae.d_model},
          {"n_features", sae.n_features},
          {"parameters", sae.parameters},
          {"bytes", sae.bytes},
          {"dead", dead_array(sae.dead)},
          {"hash", sae.hash}};
}

Json transcoders_object(const TranscodersDescription& transcoders) {
  return {{"directory", transcoders.directory.string()},
          {"name", transcoders.name},
          {"format", transcoders.format},
          {"model_name", transcoders.model_name},
          {"scan", transcoders.scan},
          {"kind", transcoders.kind},
          {"activation", transcoders.activation},
          {"read_site", transcoders.read_site},
          {"write_site", transcoders.write_site},
          {"dtype", transcoders.dtype},
          {"n_layers", transcoders.n_layers},
          {"d_model", transcoders.d_model},
          {"n_features", transcoders.n_features},
          {"has_skip", transcoders.has_skip},
          {"folded", transcoders.rescaled},
          {"parameters", transcoders.parameters},
          {"bytes", transcoders.bytes},
          {"dead", dead_array(transcoders.dead)},
          {"hash", transcoders.hash}};
}

Json pruning_object(const GraphFile& file) {
  if (!file.pruned) return nullptr;
  return {{"node_threshold", file.pruned->options.node_threshold},
          {"edge_threshold", file.pruned->options.edge_threshold},
          {"max_nodes", file.pruned->options.max_nodes},
          {"keep_errors", file.pruned->options.keep_errors},
          {"edges_per_target", file.pruned->options.edge_rule == EdgeRule::kPerTarget},
          {"nodes", file.pruned->kept_nodes()},
          {"edges", file.pruned->kept_edges()},
          {"compact", file.graph.is_compact()}};
}

Json graph_object(const GraphFile& file) {
  const AttributionGraph& graph = file.graph;
  const Provenance& from = graph.provenance();
  const Scores scores = whole_scores(file);
  return {{"prompt", from.prompt},
          {"tokens", graph.nodes().tokens},
          {"n_layers", graph.n_layers()},
          {"nodes", graph.n_nodes()},
          {"edges", graph.edges().edges()},
          {"active_features", graph.nodes().active_features.size()},
          {"selected_features", graph.n_features()},
          {"targets", graph.n_targets()},
          {"divided_edges", graph.attention().edge_heads.edges.size()},
          {"score_tables", graph.attention().tables.size()},
          {"pruned", pruning_object(file)},
          {"replacement_score", number_or_null<Json>(scores.replacement)},
          {"completeness_score", number_or_null<Json>(scores.completeness)},
          {"closure_error", number_or_null<Json>(graph.closure_error())},
          {"model", {{"name", from.model_name}, {"hash", from.model_hash}}},
          {"transcoders", {{"name", from.transcoders_name}, {"hash", from.transcoders_hash}}},
          {"tool_version", from.tool_version},
          {"settings", from.settings}};
}

/// Hashes of every byte are other hashes than those of graph files.
std::string origin_misfit(const Inspection& inspection) {
  if (!inspection.graph || inspection.full_hash) return {};
  const Provenance& from = inspection.graph->graph.provenance();
  const auto& model = inspection.engine.model;
  const auto& transcoders = inspection.engine.transcoders;
  if (model && model->hash != from.model_hash) {
    return "the graph is of the model " + origin_text(from.model_name, from.model_hash) +
           ", given is " + origin_text(model->name, model->hash);
  }
  if (transcoders && transcoders->hash != from.transcoders_hash) {
    return "the graph is of the transcoders " +
           origin_text(from.transcoders_name, from.transcoders_hash) + ", given are " +
           origin_text(transcoders->name, transcoders->hash);
  }
  return {};
}

}  // namespace

bool Inspection::compares() const {
  return int{engine.model.has_value()} + int{engine.transcoders.has_value()} +
             int{engine.sae.has_value()} + int{graph.has_value()} >
         1;
}

std::string find_misfit(const Inspection& inspection) {
  return inspection.engine.misfit.empty() ? origin_misfit(inspection) : inspection.engine.misfit;
}

std::string inspection_text(const Inspection& inspection) {
  ReportTable table;
  if (inspection.engine.model) add_model(*inspection.engine.model, table);
  if (inspection.engine.transcoders) add_transcoders(*inspection.engine.transcoders, table);
  if (inspection.engine.sae) add_sae(*inspection.engine.sae, table);
  if (inspection.graph) add_graph(*inspection.graph, table);
  if (inspection.compares()) {
    const std::string misfit = find_misfit(inspection);
    table.add("fit", misfit.empty() ? "yes" : "no: " + one_line(misfit));
  }
  return table.text();
}

std::string inspection_json(const Inspection& inspection) {
  Json object = Json::object();
  if (inspection.engine.model) object["model"] = model_object(*inspection.engine.model);
  if (inspection.engine.transcoders) {
    object["transcoders"] = transcoders_object(*inspection.engine.transcoders);
  }
  if (inspection.engine.sae) object["sae"] = sae_object(*inspection.engine.sae);
  if (inspection.graph) object["graph"] = graph_object(*inspection.graph);
  if (inspection.compares()) {
    const std::string misfit = find_misfit(inspection);
    object["fit"] = {{"fits", misfit.empty()},
                     {"problem", misfit.empty() ? Json(nullptr) : Json(misfit)}};
  }
  return json_line(object);
}

}  // namespace circuit::cli
