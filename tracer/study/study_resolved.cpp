#include <string>

#include <yaml-cpp/yaml.h>

#include "tracer/study/study_file.h"

namespace circuit {
namespace {

void put(YAML::Emitter& out, const char* key, const std::string& value) {
  out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
}

template <typename Number>
void put_number(YAML::Emitter& out, const char* key, Number value) {
  out << YAML::Key << key << YAML::Value << value;
}

void put(YAML::Emitter& out, const char* key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const std::string& value : values) out << YAML::DoubleQuoted << value;
  out << YAML::EndSeq;
}

void put(YAML::Emitter& out, const char* key, const std::optional<LayerRange>& layers) {
  if (layers) put(out, key, layers_text(*layers));
}

void put_filter(YAML::Emitter& out, const FieldFilter& filter) {
  if (filter.empty()) return;
  out << YAML::Key << "where" << YAML::Value << YAML::BeginMap;
  for (const auto& [key, values] : filter) put(out, key.c_str(), values);
  out << YAML::EndMap;
}

std::string whole(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

void put_prompts(YAML::Emitter& out, const StudyPrompts& prompts) {
  out << YAML::Key << "prompts" << YAML::Value << YAML::BeginMap;
  if (!prompts.file.empty()) put(out, "file", whole(prompts.file));
  if (!prompts.table.empty()) {
    put(out, "template", prompts.text_template);
    put(out, "table", whole(prompts.table));
  }
  put_filter(out, prompts.where);
  if (prompts.limit > 0) put_number(out, "limit", prompts.limit);
  out << YAML::EndMap;
}

void put_trace(YAML::Emitter& out, const AttributionOptions& trace) {
  out << YAML::Key << "trace" << YAML::Value << YAML::BeginMap;
  put(out, "target", trace.targets.named);
  put_number(out, "max_logits", trace.targets.max_logits);
  put_number(out, "logit_prob", trace.targets.logit_probability);
  put_number(out, "max_features", trace.max_features);
  put_number(out, "batch_size", trace.batch_size);
  put_number(out, "update_interval", trace.update_interval);
  if (trace.zero_positions) put_number(out, "zero_positions", *trace.zero_positions);
  out << YAML::EndMap;
}

void put_supernode(YAML::Emitter& out, const StudySupernode& node) {
  out << YAML::BeginMap;
  put(out, "name", node.name);
  if (node.select) {
    const SelectRule& rule = *node.select;
    out << YAML::Key << "select" << YAML::Value << YAML::BeginMap;
    put(out, "field", rule.field);
    put(out, "value", rule.value);
    put(out, "exclude_same", rule.exclude_same);
    put_number(out, "max", rule.max);
    put(out, "positions", rule.positions);
    put(out, "layers", rule.layers);
    if (rule.exclude_direct) put_number(out, "exclude_direct", *rule.exclude_direct);
    put_filter(out, rule.where);
    put_number(out, "most_prompts", rule.most_prompts);
    out << YAML::EndMap;
  } else {
    put(out, "file", whole(node.file));
    put(out, "group", node.group);
  }
  out << YAML::EndMap;
}

void put_intervention(YAML::Emitter& out, const StudyIntervention& one) {
  constexpr const char* kFreezes[] = {"attention", "all", "none"};
  constexpr const char* kSwaps[] = {"features", "mlp_outputs", "embedding"};
  out << YAML::BeginMap;
  put(out, "name", one.name);
  put(out, "set", one.set);
  if (one.swap) {
    out << YAML::Key << "swap" << YAML::Value << YAML::BeginMap;
    put(out, "kind", std::string(kSwaps[static_cast<std::size_t>(one.swap->kind)]));
    put(out, "positions", one.swap->positions);
    put(out, "layers", one.swap->layers);
    if (one.swap->each_range) put(out, "layers", std::string("each"));
    out << YAML::EndMap;
  }
  out << YAML::Key << "strengths" << YAML::Value << YAML::Flow << one.strengths;
  put(out, "freeze", std::string(kFreezes[static_cast<std::size_t>(one.freeze)]));
  put(out, "constrained", one.constrained);
  out << YAML::EndMap;
}

void put_report(YAML::Emitter& out, const StudyReport& report) {
  constexpr const char* kKinds[] = {"bar", "line", "heat"};
  out << YAML::Key << "report" << YAML::Value << YAML::BeginMap;
  put(out, "group_by", report.group_by);
  if (!report.cluster.empty()) put(out, "cluster", report.cluster);
  if (report.choose) {
    out << YAML::Key << "choose" << YAML::Value << YAML::BeginMap;
    put(out, "on", report.choose->on);
    put(out, "report", report.choose->report);
    put(out, "by", name_of(report.choose->by));
    put(out, "among", report.choose->among);
    out << YAML::EndMap;
  }
  if (report.threshold) {
    out << YAML::Key << "threshold" << YAML::Value << YAML::BeginMap;
    put(out, "metric", name_of(report.threshold->metric));
    put_number(out, "above", report.threshold->above);
    out << YAML::EndMap;
  }
  if (!report.plots.empty()) out << YAML::Key << "plots" << YAML::Value << YAML::BeginSeq;
  for (const StudyPlot& plot : report.plots) {
    out << YAML::BeginMap;
    put(out, "kind", std::string(kKinds[static_cast<std::size_t>(plot.kind)]));
    put(out, "x", plot.x);
    put(out, "y", plot.y);
    if (!plot.series.empty()) put(out, "series", plot.series);
    put_filter(out, plot.where);
    out << YAML::EndMap;
  }
  if (!report.plots.empty()) out << YAML::EndSeq;
  out << YAML::EndMap;
}

}  // namespace

std::string resolved_study(const StudyFile& study) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  put_number(out, "version", 1);
  put(out, "name", study.name);
  put_number(out, "seed", study.seed);
  put(out, "model", study.model.empty() ? "demo" : whole(study.model));
  put(out, "transcoders", study.transcoders.empty() ? "demo" : whole(study.transcoders));
  put_prompts(out, study.prompts);
  if (study.pairs) {
    out << YAML::Key << "pairs" << YAML::Value << YAML::BeginMap;
    put(out, "file", whole(study.pairs->file));
    put(out, "split", study.pairs->splits);
    put_filter(out, study.pairs->where);
    out << YAML::EndMap;
  }
  put_trace(out, study.trace);
  if (!study.supernodes.empty()) {
    out << YAML::Key << "supernodes" << YAML::Value << YAML::BeginSeq;
    for (const StudySupernode& node : study.supernodes) put_supernode(out, node);
    out << YAML::EndSeq;
  }
  if (!study.interventions.empty()) {
    out << YAML::Key << "interventions" << YAML::Value << YAML::BeginSeq;
    for (const StudyIntervention& one : study.interventions) put_intervention(out, one);
    out << YAML::EndSeq;
  }
  std::vector<std::string> controls, metrics;
  for (const StudyControl control : study.controls) controls.push_back(name_of(control));
  for (const StudyMetric metric : study.metrics) metrics.push_back(name_of(metric));
  put(out, "controls", controls);
  put(out, "metrics", metrics);
  put_report(out, study.report);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace circuit
