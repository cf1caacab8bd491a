#include "tracer/study/study_file.h"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <utility>

#include "tracer/study/yaml_value.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t kMostInterventions = 10'000;

constexpr std::array<const char*, 6> kControls = {"",           "random_matched", "wrong_concept",
                                                  "activation", "embedding",      "whole_position"};
constexpr std::array<const char*, 6> kMetrics = {"top1", "logprob", "log_odds",
                                                 "rank", "kl",      "logit_difference"};
constexpr std::array<const char*, 3> kFreezes = {"attention", "all", "none"};
constexpr std::array<const char*, 3> kSwaps = {"features", "mlp_outputs", "embedding"};
constexpr std::array<const char*, 3> kPlots = {"bar", "line", "heat"};

// The place of the value's text in `names`, as an Enum.
template <typename Enum, std::size_t n>
Enum one_of(const YamlValue& value, const std::string& what,
            const std::array<const char*, n>& names) {
  const std::string text = value.text(what);
  std::string expected;
  for (std::size_t i = 0; i < n; ++i) {
    if (*names[i] == '\0') continue;
    if (text == names[i]) return static_cast<Enum>(i);
    expected += (expected.empty() ? "" : ", ") + std::string(names[i]);
  }
  value.fail(what + " is " + printable_name(text) + ", expected " + expected);
}

StudyMetric metric_of(const YamlValue& value, const std::string& what) {
  return one_of<StudyMetric>(value, what, kMetrics);
}

LayerRange layers_of(const YamlValue& value, const std::string& what) {
  const std::string text = value.text(what);
  const auto layers = parse_layers(text);
  if (!layers) {
    value.fail(what + " is " + printable_name(text) + ", expected A..B (both in it) or one layer");
  }
  return *layers;
}

std::string name_in(const YamlValue& value, const std::string& what, std::string_view others) {
  const std::string name = value.text(what);
  const std::string allowed = std::string(kLetters) + std::string(others);
  if (name.empty() || name.find_first_not_of(allowed) != std::string::npos) {
    value.fail(what + " is " + printable_name(name) + ", expected letters, digits and " +
               std::string(others));
  }
  return name;
}

FieldFilter filter_of(const std::optional<YamlValue>& value, const std::string& what) {
  FieldFilter filter;
  if (!value) return filter;
  for (const auto& [key, values] : value->members(what)) {
    filter[key] = values.texts(key + " of " + what);
  }
  return filter;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) {
    study_.path = path;
    folder_ = path.parent_path();
  }

  StudyFile read() {
    YamlMap root(YamlValue::read(study_.path, "read_study"), "the study");
    const YamlValue version = root.need("version");
    if (version.integer("version", 0) != 1) version.fail("version is not 1, expected 1");
    study_.name = name_in(root.need("name"), "name", "_.-");
    if (const auto seed = root.find("seed")) {
      study_.seed = static_cast<std::uint64_t>(seed->integer("seed", 0));
    }
    read_model(root);
    read_prompts(root.need("prompts"));
    if (const auto pairs = root.find("pairs")) read_pairs(*pairs);
    if (const auto trace = root.find("trace")) read_trace(*trace);
    each(root, "supernodes", [&](const YamlValue& value) { read_supernode(value); });
    each(root, "interventions", [&](const YamlValue& value) { read_intervention(value); });
    if (const auto controls = root.find("controls")) read_controls(*controls);
    if (const auto metrics = root.find("metrics")) {
      study_.metrics.clear();
      for (const YamlValue& value : metrics->list("metrics")) add_metric(value);
    }
    if (const auto report = root.find("report")) read_report(*report);
    root.finish();
    return std::move(study_);
  }

 private:
  std::filesystem::path place(const YamlValue& value, const std::string& what) const {
    const std::string text = value.text(what);
    if (text.empty()) value.fail(what + " is empty, expected a path");
    return (folder_ / text).lexically_normal();
  }

  template <typename Read>
  void each(YamlMap& root, const std::string& key, Read&& read) {
    const auto values = root.find(key);
    if (!values) return;
    if (!values->is_list()) values->fail(key + " is no list, expected one");
    for (const YamlValue& value : values->list(key)) read(value);
  }

  void read_model(YamlMap& root) {
    const auto model = root.find("model"), transcoders = root.find("transcoders");
    const auto is_demo = [](const std::optional<YamlValue>& value, const char* what) {
      return !value || value->text(what) == "demo";
    };
    const bool demo = is_demo(model, "model");
    if (demo != is_demo(transcoders, "transcoders")) {
      (demo ? *transcoders : *model)
          .fail("one of model and transcoders is the demo's, expected both or neither");
    }
    if (demo) return;
    study_.model = place(*model, "model");
    study_.transcoders = place(*transcoders, "transcoders");
  }

  void read_prompts(const YamlValue& value) {
    YamlMap map(value, "prompts");
    StudyPrompts& prompts = study_.prompts;
    if (const auto file = map.find("file")) prompts.file = place(*file, "file");
    if (const auto text = map.find("template")) prompts.text_template = text->text("template");
    if (const auto table = map.find("table")) prompts.table = place(*table, "table");
    if (prompts.text_template.empty() != prompts.table.empty() ||
        prompts.file.empty() == prompts.table.empty()) {
      value.fail("prompts has not what is needed, expected file, or template and table");
    }
    prompts.where = filter_of(map.find("where"), "where");
    if (const auto limit = map.find("limit")) prompts.limit = limit->integer("limit", 1);
    map.finish();
  }

  void read_pairs(const YamlValue& value) {
    YamlMap map(value, "pairs");
    StudyPairs pairs{.file = place(map.need("file"), "file"), .splits = {}, .where = {}};
    if (const auto split = map.find("split")) pairs.splits = split->texts("split");
    pairs.where = filter_of(map.find("where"), "where");
    map.finish();
    study_.pairs = std::move(pairs);
  }

  void read_trace(const YamlValue& value) {
    YamlMap map(value, "trace");
    AttributionOptions& trace = study_.trace;
    if (const auto target = map.find("target")) trace.targets.named = target->texts("target");
    const auto integer = [&](const char* key, std::int64_t least, std::int64_t& into) {
      if (const auto found = map.find(key)) into = found->integer(key, least);
    };
    integer("max_logits", 1, trace.targets.max_logits);
    if (const auto share = map.find("logit_prob")) {
      trace.targets.logit_probability = share_of(*share, "logit_prob");
    }
    integer("max_features", 0, trace.max_features);
    integer("batch_size", 1, trace.batch_size);
    integer("update_interval", 1, trace.update_interval);
    if (const auto zero = map.find("zero_positions")) {
      trace.zero_positions = zero->integer("zero_positions", 1);
    }
    map.finish();
  }

  static double share_of(const YamlValue& value, const std::string& what) {
    const double share = value.number(what);
    if (share < 0 || share > 1) value.fail(what + " is " + value.text(what) + ", expected 0 to 1");
    return share;
  }

  void read_supernode(const YamlValue& value) {
    YamlMap map(value, "a supernode");
    StudySupernode node;
    const YamlValue name = map.need("name");
    node.name = name_in(name, "name", "_");
    if (study_.find_supernode(node.name) != nullptr) {
      name.fail("there are two supernodes " + node.name + ", expected one of each name");
    }
    node.group = node.name;
    const auto file = map.find("file"), group = map.find("group"), select = map.find("select");
    if (file.has_value() == select.has_value()) {
      value.fail("supernode " + node.name + " has not what is needed, expected file or select");
    }
    if (group && !file) group->fail("group without file, expected both");
    if (file) node.file = place(*file, "file");
    if (group) node.group = group->text("group");
    if (select) node.select = read_select(*select);
    map.finish();
    study_.supernodes.push_back(std::move(node));
  }

  static SelectRule read_select(const YamlValue& value) {
    YamlMap map(value, "select");
    SelectRule rule;
    rule.field = map.need("field").text("field");
    rule.value = map.need("value").text("value");
    if (const auto same = map.find("exclude_same")) rule.exclude_same = same->texts("exclude_same");
    if (const auto max = map.find("max")) rule.max = max->integer("max", 1);
    if (const auto layers = map.find("layers")) rule.layers = layers_of(*layers, "layers");
    if (const auto where = map.find("positions")) rule.positions = where->texts("positions");
    if (const auto share = map.find("exclude_direct")) {
      rule.exclude_direct = share_of(*share, "exclude_direct");
    }
    rule.where = filter_of(map.find("where"), "where");
    if (const auto most = map.find("most_prompts")) {
      rule.most_prompts = most->integer("most_prompts", 1);
    }
    map.finish();
    return rule;
  }

  void read_intervention(const YamlValue& value) {
    YamlMap map(value, "an intervention");
    StudyIntervention one;
    const YamlValue name = map.need("name");
    one.name = name_in(name, "name", "_.-");
    if (one.name == "none") name.fail("name is none, which is the model as it is");
    if (const auto set = map.find("set")) one.set = set->texts("set");
    if (const auto strengths = map.find("strengths")) {
      one.strengths = strengths->numbers("strengths");
      if (std::set(one.strengths.begin(), one.strengths.end()).size() != one.strengths.size()) {
        strengths->fail("strengths has a number twice, expected each once");
      }
    }
    if (const auto freeze = map.find("freeze")) {
      one.freeze = one_of<Freeze>(*freeze, "freeze", kFreezes);
    }
    if (const auto layers = map.find("constrained")) {
      one.constrained = layers_of(*layers, "constrained");
    }
    const auto swap = map.find("swap");
    if (one.set.empty() && !swap) {
      value.fail("intervention " + one.name + " changes nothing, expected set or swap");
    }
    if (swap && !study_.pairs) swap->fail("swap without pairs, expected pairs to take values from");
    map.finish();
    if (swap) one.swap = read_swap(*swap);
    add_intervention(name, std::move(one));
  }

  static StudySwap read_swap(const YamlValue& value) {
    YamlMap map(value, "swap");
    StudySwap swap;
    if (const auto kind = map.find("kind")) swap.kind = one_of<SwapKind>(*kind, "kind", kSwaps);
    if (const auto where = map.find("positions")) swap.positions = where->texts("positions");
    if (const auto layers = map.find("layers")) {
      swap.each_range = layers->text("layers") == "each";
      if (!swap.each_range) swap.layers = layers_of(*layers, "layers");
    }
    map.finish();
    return swap;
  }

  void add_intervention(const YamlValue& place, StudyIntervention one) {
    if (study_.interventions.size() >= kMostInterventions) {
      place.fail("there are more than 10,000 interventions");
    }
    if (std::ranges::find(study_.interventions, one.name, &StudyIntervention::name) !=
        study_.interventions.end()) {
      place.fail("there are two interventions " + one.name + ", expected one of each name");
    }
    study_.interventions.push_back(std::move(one));
  }

  void read_controls(const YamlValue& value) {
    for (const YamlValue& entry : value.list("controls")) {
      const auto control = one_of<StudyControl>(entry, "a control", kControls);
      if (study_.has(control)) entry.fail("control " + name_of(control) + " stands twice");
      const bool swaps =
          control == StudyControl::kEmbedding || control == StudyControl::kWholePosition;
      if (swaps && !study_.pairs) {
        entry.fail("control " + name_of(control) + " without pairs, expected pairs");
      }
      study_.controls.push_back(control);
    }
  }

  void add_metric(const YamlValue& value) {
    const StudyMetric metric = metric_of(value, "a metric");
    if (std::ranges::find(study_.metrics, metric) != study_.metrics.end()) {
      value.fail("metric " + name_of(metric) + " stands twice");
    }
    study_.metrics.push_back(metric);
  }

  void read_report(const YamlValue& value) {
    YamlMap map(value, "report");
    StudyReport& report = study_.report;
    if (const auto keys = map.find("group_by")) report.group_by = keys->texts("group_by");
    if (const auto cluster = map.find("cluster")) report.cluster = cluster->text("cluster");
    if (const auto choose = map.find("choose")) read_choice(*choose);
    if (const auto threshold = map.find("threshold")) {
      YamlMap claim(*threshold, "threshold");
      const YamlValue metric = claim.need("metric");
      report.threshold = StudyThreshold{measured(metric), claim.need("above").number("above")};
      claim.finish();
    }
    if (const auto plots = map.find("plots")) {
      for (const YamlValue& plot : plots->list("plots")) read_plot(plot);
    }
    map.finish();
  }

  // A metric that is among those of the study.
  StudyMetric measured(const YamlValue& value) const {
    const StudyMetric metric = metric_of(value, "a metric");
    if (std::ranges::find(study_.metrics, metric) == study_.metrics.end()) {
      value.fail("metric " + name_of(metric) + " is not among metrics, expected one of them");
    }
    return metric;
  }

  void read_choice(const YamlValue& value) {
    YamlMap map(value, "choose");
    StudyChoice choice;
    if (const auto on = map.find("on")) choice.on = on->text("on");
    if (const auto report = map.find("report")) choice.report = report->text("report");
    const auto by = map.find("by");
    if (by) choice.by = measured(*by);
    if (!by && std::ranges::find(study_.metrics, choice.by) == study_.metrics.end()) {
      value.fail("choose goes by top1, which is not among metrics");
    }
    if (choice.on == choice.report) {
      value.fail("choose has on and report alike, expected two splits");
    }
    if (const auto among = map.find("among")) {
      choice.among = among->texts("among");
      for (const std::string& name : choice.among) {
        if (std::ranges::find(study_.interventions, name, &StudyIntervention::name) ==
            study_.interventions.end()) {
          among->fail("there is no intervention " + printable_name(name));
        }
      }
    }
    if (study_.interventions.empty()) value.fail("choose without interventions");
    map.finish();
    study_.report.choose = std::move(choice);
  }

  void read_plot(const YamlValue& value) {
    YamlMap map(value, "a plot");
    StudyPlot plot;
    plot.kind = one_of<StudyPlot::Kind>(map.need("kind"), "kind", kPlots);
    plot.x = map.need("x").text("x");
    const YamlValue y = map.need("y");
    plot.y = y.text("y");
    const bool heat = plot.kind == StudyPlot::Kind::kHeat;
    if (!heat) measured(y);
    if (heat) plot.series = map.need("series").text("series");
    if (const auto series = map.find("series")) plot.series = series->text("series");
    plot.where = filter_of(map.find("where"), "where");
    map.finish();
    study_.report.plots.push_back(std::move(plot));
  }

  StudyFile study_;
  std::filesystem::path folder_;
};

}  // namespace

std::string name_of(StudyControl control) { return kControls[static_cast<std::size_t>(control)]; }
std::string name_of(StudyMetric metric) { return kMetrics[static_cast<std::size_t>(metric)]; }

const StudySupernode* StudyFile::find_supernode(std::string_view wanted) const {
  const auto found = std::ranges::find(supernodes, wanted, &StudySupernode::name);
  return found == supernodes.end() ? nullptr : &*found;
}

bool StudyFile::has(StudyControl control) const {
  return std::ranges::find(controls, control) != controls.end();
}

StudyFile read_study_file(const std::filesystem::path& path) { return Reader(path).read(); }

}  // namespace circuit
