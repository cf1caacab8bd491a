#include "tests/studies/induction.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/attention/edge_split.h"
#include "tracer/attention/score_sides.h"
#include "tracer/attribution/attribute.h"
#include "tracer/text/prompt.h"
#include "tracer/text/prompt_file.h"
#include "tracer/text/tokenizer.h"

namespace circuit::studies {
namespace {

constexpr double kChosenShare = 0.8;
constexpr int kDraws = 20;
constexpr double kNever = -1e9;

struct Prompt {
  std::vector<std::int32_t> ids;
  std::int32_t answer = 0;
  std::int64_t query = 0, key = 0;
  std::string cluster;
};

Prompt prompt_of(const Tokenizer& tokenizer, const PromptEntry& entry) {
  Prompt prompt;
  prompt.ids = tokenizer.encode(*entry.prompt);
  const std::vector<std::int32_t> answer = tokenizer.encode(*entry.answer);
  prompt.answer = answer.back();  // each begins with <bos>
  prompt.query = static_cast<std::int64_t>(prompt.ids.size()) - 1;
  prompt.key = std::ranges::find(prompt.ids, prompt.answer) - prompt.ids.begin();
  prompt.cluster = entry.fields.at("concept");
  if (answer.size() != 2 || prompt.key >= prompt.query ||
      prompt.ids[static_cast<std::size_t>(prompt.key - 1)] != prompt.ids.back()) {
    throw std::runtime_error("[induction] line " + std::to_string(entry.line) +
                             ": the answer does not follow the last token");
  }
  return prompt;
}

// The query of a head and its keys at all positions, as sums over sources.
struct HeadVectors {
  Side query;
  std::vector<Side> keys;  // [n], empty at 0
};

class Study {
 public:
  Study(const std::filesystem::path& model, const std::filesystem::path& transcoders)
      : model_(load_model(model)), transcoders_(load_transcoders(transcoders)) {}

  const ModelConfig& config() const { return model_.config; }

  // Of every head, its share of what comes to the answer's logit from the key by a last head.
  std::vector<double> loadings(const Prompt& prompt) const {
    const ReplacementRun run = run_replacement(model_, *transcoders_, prompt.ids);
    TargetOptions targets;
    targets.named = {"#" + std::to_string(prompt.answer)};
    const OutputTargets outputs = choose_targets(run, targets, nullptr);
    Attribution result = attribute(run, outputs, AttributionOptions{.max_features = 0});
    result.nodes.tokens.assign(prompt.ids.size(), "");
    const AttributionGraph graph(std::move(result.nodes), std::move(result.edges));
    PrunedGraph from_key{.node_mask = std::vector<std::uint8_t>(graph.n_nodes(), 1),
                         .edge_mask = std::vector<std::uint8_t>(graph.edges().edges(), 0),
                         .node_cumulative_influence = std::vector<float>(graph.n_nodes(), 0.0f),
                         .options = {}};
    const std::size_t row = graph.first_target();
    for (std::size_t edge = graph.edges().begin(row); edge < graph.edges().end(row); ++edge) {
      const Node source = graph.node(static_cast<std::size_t>(graph.edges().columns[edge]));
      from_key.edge_mask[edge] = source.position == prompt.key;
    }
    const EdgeSplit split =
        split_edges(run, graph, from_key, outputs.rows.covectors, std::int64_t{1} << 30);
    std::vector<double> parts(static_cast<std::size_t>(config().n_layers * config().n_heads), 0.0);
    for (const EdgePart& part : split.heads.parts) {
      if (part.way == EdgeWay::kHead) parts[place(part.head)] += static_cast<double>(part.weight);
    }
    double all = 0.0;
    for (const double part : parts) all += std::abs(part);
    for (double& part : parts) part /= all;
    return parts;
  }

  std::size_t place(const Head& head) const {
    return static_cast<std::size_t>(head.layer * config().n_heads + head.head);
  }

  // Of all heads, in the order of `place`.
  std::vector<HeadVectors> vectors(const ReplacementRun& run, ScoreSides& sides) const {
    const std::int64_t last = run.n_positions() - 1;
    std::vector<SideKey> keys;
    for (std::int64_t layer = 0; layer < config().n_layers; ++layer) {
      for (std::int64_t h = 0; h < config().n_heads; ++h) {
        keys.push_back({layer, ScoreSide::kQuery, h, last});
        const std::int64_t shared = h / (config().n_heads / config().n_kv_heads);
        for (std::int64_t key = 1; key <= last; ++key) {
          keys.push_back({layer, ScoreSide::kKey, shared, key});
        }
      }
    }
    std::vector<Side> found = sides.find(keys, std::int64_t{1} << 30);
    std::vector<HeadVectors> result;
    for (std::size_t i = 0; i < found.size();) {
      HeadVectors& head = result.emplace_back();
      head.query = std::move(found[i++]);
      head.keys.resize(1);
      for (std::int64_t key = 1; key <= last; ++key) head.keys.push_back(std::move(found[i++]));
    }
    return result;
  }

  // Log-probability of the answer, and whether it is the most probable token.
  std::pair<double, bool> answer(const Prompt& prompt,
                                 const std::vector<at::Tensor>& score_changes) const {
    const at::Tensor logits = forward(model_, prompt.ids, LogitPositions::kLast, score_changes)
                                  .logits[0]
                                  .to(at::kDouble)
                                  .log_softmax(-1);
    return {logits[prompt.answer].item<double>(),
            logits.argmax().item<std::int64_t>() == prompt.answer};
  }

  ReplacementRun run(const Prompt& prompt) const {
    return run_replacement(model_, *transcoders_, prompt.ids);
  }

  std::vector<at::Tensor> no_changes(const Prompt& prompt) const {
    const auto n = static_cast<std::int64_t>(prompt.ids.size());
    std::vector<at::Tensor> changes;
    for (std::int64_t layer = 0; layer < config().n_layers; ++layer) {
      changes.push_back(at::zeros({config().n_heads, n, n}));
    }
    return changes;
  }

 private:
  Model model_;
  std::unique_ptr<TranscoderSet> transcoders_;
};

std::int64_t position_of(const ColumnLayout& columns, const ReplacementRun& run,
                         std::int64_t column) {
  if (column < columns.n_active()) return run.features.positions[static_cast<std::size_t>(column)];
  return (column - columns.n_active()) % columns.n_positions();
}

// -1 for tokens; features and errors of a layer alike.
std::int64_t layer_of(const ColumnLayout& columns, const ReplacementRun& run, std::int64_t column) {
  if (column < columns.n_active()) return run.features.layers[static_cast<std::size_t>(column)];
  const std::int64_t layer = (column - columns.n_active()) / columns.n_positions();
  return layer < columns.n_layers() ? layer : -1;
}

// Which rows of a key have their source at `position`.
std::vector<std::int64_t> rows_at(const ReplacementRun& run, const ColumnLayout& columns,
                                  const Side& key, std::int64_t position) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < key.columns.size(); ++i) {
    if (position_of(columns, run, key.columns[i]) == position) {
      rows.push_back(static_cast<std::int64_t>(i));
    }
  }
  return rows;
}

at::Tensor sum_of(const Side& key, const std::vector<std::int64_t>& rows) {
  return key.vectors.index_select(0, at::tensor(rows, at::kLong)).sum(0);
}

// As many rows that are not `taken`, of the same layers where there are such.
std::vector<std::int64_t> random_rows(const ReplacementRun& run, const ColumnLayout& columns,
                                      const Side& key, const std::vector<std::int64_t>& taken,
                                      std::mt19937_64& random) {
  std::vector<std::int64_t> free(key.columns.size());
  std::iota(free.begin(), free.end(), 0);
  std::erase_if(free, [&](std::int64_t row) { return std::ranges::binary_search(taken, row); });
  const auto layer = [&](std::int64_t row) {
    return layer_of(columns, run, key.columns[static_cast<std::size_t>(row)]);
  };
  std::vector<std::int64_t> drawn;
  for (const std::int64_t row : taken) {
    std::vector<std::size_t> alike;
    for (std::size_t i = 0; i < free.size(); ++i) {
      if (layer(free[i]) == layer(row)) alike.push_back(i);
    }
    if (free.empty()) break;
    const std::size_t i = alike.empty() ? random() % free.size() : alike[random() % alike.size()];
    drawn.push_back(free[i]);
    free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return drawn;
}

std::vector<std::int64_t> longest_rows(const Side& key, const std::vector<std::int64_t>& taken) {
  const at::Tensor lengths = key.vectors.norm(2, 1);
  std::vector<std::int64_t> rows(key.columns.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::erase_if(rows, [&](std::int64_t row) { return std::ranges::binary_search(taken, row); });
  std::ranges::stable_sort(rows, std::greater<>(),
                           [&](std::int64_t row) { return lengths[row].item<float>(); });
  rows.resize(std::min(rows.size(), taken.size()));
  return rows;
}

// What happened on the prompts of `test`, condition by condition.
struct Condition {
  double answered = 0;
  std::vector<double> change;
};

class TestSplit {
 public:
  TestSplit(const Study& study, std::vector<Head> chosen, std::size_t n_heads)
      : study_(study), chosen_(std::move(chosen)), advantage_(n_heads), previous_(n_heads) {}

  void add(const Prompt& prompt) {
    const ReplacementRun run = study_.run(prompt);
    Sources sources(run);
    ScoreSides sides(run, sources);
    const ColumnLayout& columns = sources.columns();
    const std::vector<HeadVectors> vectors = study_.vectors(run, sides);
    for (std::size_t place = 0; place < vectors.size(); ++place) {
      explain(prompt, run, columns, vectors[place], place);
    }
    clusters_.push_back(prompt.cluster);
    intervene(prompt, run, columns, vectors);
  }

  HeadFinding finding(const Head& head, double loading) const {
    const std::size_t place = study_.place(head);
    return {.head = head,
            .loading = loading,
            .advantage = cluster_mean(advantage_[place], clusters_),
            .previous = cluster_mean(previous_[place], clusters_)};
  }

  std::vector<Outcome> outcomes() const {
    std::vector<Outcome> result;
    for (const std::string& name : order_) {
      const Condition& condition = conditions_.at(name);
      result.push_back(
          {.name = name,
           .answered = wilson(condition.answered, static_cast<double>(clusters_.size())),
           .log_probability = cluster_mean(condition.change, clusters_)});
    }
    return result;
  }

  std::size_t prompts() const { return clusters_.size(); }
  std::size_t clusters() const { return std::set(clusters_.begin(), clusters_.end()).size(); }

 private:
  double score(const HeadVectors& head, const at::Tensor& key) const {
    return at::dot(head.query.vectors.sum(0), key).item<double>() / score_divisor(study_.config());
  }

  // The key's score over the mean of the others', and the same of terms of the token ahead of each.
  void explain(const Prompt& prompt, const ReplacementRun& run, const ColumnLayout& columns,
               const HeadVectors& vectors, std::size_t place) {
    double advantage = 0.0, previous = 0.0;
    const auto others = static_cast<double>(prompt.query - 2);  // keys 2 … query but the key itself
    for (std::int64_t key = 2; key <= prompt.query; ++key) {
      const Side& side = vectors.keys[static_cast<std::size_t>(key)];
      const double sign = key == prompt.key ? 1.0 : -1.0 / others;
      advantage += sign * score(vectors, side.vectors.sum(0));
      previous += sign * score(vectors, sum_of(side, rows_at(run, columns, side, key - 1)));
    }
    advantage_[place].push_back(advantage);
    previous_[place].push_back(previous);
  }

  void intervene(const Prompt& prompt, const ReplacementRun& run, const ColumnLayout& columns,
                 const std::vector<HeadVectors>& vectors) {
    const double before = study_.answer(prompt, {}).first;
    const auto record = [&](const std::string& name, const auto& change_of, int draws = 1) {
      double answered = 0.0, change = 0.0;
      for (int draw = 0; draw < draws; ++draw) {
        std::vector<at::Tensor> changes = study_.no_changes(prompt);
        for (const Head& head : chosen_) {
          changes[static_cast<std::size_t>(head.layer)][head.head][prompt.query][prompt.key] =
              change_of(vectors[study_.place(head)]);
        }
        const auto [after, still] = study_.answer(prompt, changes);
        answered += still ? 1.0 / draws : 0.0;
        change += (after - before) / draws;
      }
      if (!conditions_.contains(name)) order_.push_back(name);
      conditions_[name].answered += answered;
      conditions_[name].change.push_back(change);
    };
    const auto key_of = [&](const HeadVectors& head) -> const Side& {
      return head.keys[static_cast<std::size_t>(prompt.key)];
    };
    const auto taken_of = [&](const HeadVectors& head) {
      return rows_at(run, columns, key_of(head), prompt.key - 1);
    };
    // Minus the score of `part`, made as long as what is taken out of the key.
    const auto out = [&](const HeadVectors& head, const at::Tensor& part) {
      const double length = sum_of(key_of(head), taken_of(head)).norm().item<double>();
      const double own = part.norm().item<double>();
      return own > 0.0 ? -score(head, part) * length / own : 0.0;
    };
    record("nothing", [](const HeadVectors&) { return 0.0; });
    record("terms of the token ahead of the key", [&](const HeadVectors& head) {
      return -score(head, sum_of(key_of(head), taken_of(head)));
    });
    record(
        "random terms of the key, as many and as long (20 draws)",
        [&](const HeadVectors& head) {
          return out(head, sum_of(key_of(head), random_rows(run, columns, key_of(head),
                                                            taken_of(head), random_)));
        },
        kDraws);
    // Another key: the position behind the right one, whose token ahead is the answer itself.
    record("terms of the token ahead of another key", [&](const HeadVectors& head) {
      const std::int64_t other = prompt.key + 1;
      const Side& side = head.keys[static_cast<std::size_t>(other)];
      return out(head, sum_of(side, rows_at(run, columns, side, other - 1)));
    });
    record("the longest other terms of the key, as many and as long", [&](const HeadVectors& head) {
      return out(head, sum_of(key_of(head), longest_rows(key_of(head), taken_of(head))));
    });
    record("the key (ceiling)", [](const HeadVectors&) { return kNever; });
  }

  const Study& study_;
  std::vector<Head> chosen_;
  std::vector<std::vector<double>> advantage_, previous_;  // [heads][prompts]
  std::vector<std::string> clusters_;                      // [prompts]
  std::vector<std::string> order_;
  std::map<std::string, Condition> conditions_;
  std::mt19937_64 random_{0};
};

}  // namespace

InductionStudy study_induction(const std::filesystem::path& model,
                               const std::filesystem::path& transcoders,
                               const std::filesystem::path& prompts) {
  const c10::InferenceMode inference;
  const Study study(model, transcoders);
  const Tokenizer tokenizer = Tokenizer::load(model);
  std::vector<Prompt> dev, test;
  for (const PromptEntry& entry : read_prompt_file(prompts).entries) {
    (entry.split == "dev" ? dev : test).push_back(prompt_of(tokenizer, entry));
  }
  std::vector<std::pair<double, Head>> loadings;
  for (std::int32_t layer = 0; layer < study.config().n_layers; ++layer) {
    for (std::int32_t h = 0; h < study.config().n_heads; ++h) loadings.push_back({0.0, {layer, h}});
  }
  for (const Prompt& prompt : dev) {
    const std::vector<double> shares = study.loadings(prompt);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      loadings[i].first += shares[i] / static_cast<double>(dev.size());
    }
  }
  std::ranges::sort(loadings, std::greater<>());
  double positive = 0.0, covered = 0.0;
  for (const auto& [loading, head] : loadings) positive += std::max(0.0, loading);
  std::vector<Head> chosen;
  for (const auto& [loading, head] : loadings) {
    if (covered >= kChosenShare * positive) break;
    covered += loading;
    chosen.push_back(head);
  }
  TestSplit measured(study, chosen, loadings.size());
  for (const Prompt& prompt : test) measured.add(prompt);
  InductionStudy result{.dev_prompts = dev.size(),
                        .test_prompts = measured.prompts(),
                        .clusters = measured.clusters(),
                        .heads = {},
                        .chosen = chosen.size(),
                        .outcomes = measured.outcomes()};
  for (const auto& [loading, head] : loadings)
    result.heads.push_back(measured.finding(head, loading));
  return result;
}

}  // namespace circuit::studies
