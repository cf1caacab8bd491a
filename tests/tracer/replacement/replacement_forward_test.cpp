#include "tracer/replacement/replacement_forward.h"

#include <map>
#include <memory>
#include <random>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/model/live_forward.h"
#include "tracer/replacement/linear_forward.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 3, 8, 21, 5}, kOthers = {0, 7, 8, 2, 5};

struct Pair {
  explicit Pair(const TinyCase& tiny)
      : setup(tiny, at::kDouble),
        clean(run_replacement(setup.model, *setup.transcoders, kIds)),
        other(run_replacement(setup.model, *setup.transcoders, kOthers)),
        listed(list_features(clean, other)),
        forward(clean, listed, values_of(other, listed)) {}

  Circuit whole() const { return filled(1); }
  Circuit nothing() const { return filled(0); }
  Circuit filled(std::uint8_t value) const {
    const auto n = static_cast<std::size_t>(clean.n_positions());
    return {
        .features = std::vector<std::uint8_t>(static_cast<std::size_t>(listed.size()), value),
        .errors = std::vector<std::uint8_t>(static_cast<std::size_t>(clean.n_layers()) * n, value),
        .tokens = std::vector<std::uint8_t>(n, value),
        .unlisted = value != 0};
  }
  Circuit random(std::uint64_t seed) const {
    std::mt19937_64 draw(seed);
    Circuit circuit = nothing();
    for (auto* const members : {&circuit.features, &circuit.errors, &circuit.tokens}) {
      for (std::uint8_t& member : *members) member = draw() % 2;
    }
    return circuit;
  }

  TinySetup setup;
  ReplacementRun clean, other;
  ListedFeatures listed;
  ReplacementForward forward;
};

// Making them takes longer than any test on them.
const std::map<std::string, std::unique_ptr<Pair>>& all_pairs() {
  static const auto pairs = [] {
    std::map<std::string, std::unique_ptr<Pair>> all;
    for (const TinyCase& tiny : all_tiny_cases()) all[tiny.name] = std::make_unique<Pair>(tiny);
    return all;
  }();
  return pairs;
}

at::Tensor logits_of(const Pair& pair, const at::Tensor& reads) {
  return at::mm(reads, pair.setup.model.unembedding.t());
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(ReplacementForward, IsTheModelWithEverySourceInTheCircuit) {
  for (const auto& [name, made] : all_pairs()) {
    SCOPED_TRACE(name);
    const Pair& pair = *made;
    for (const Background background : {Background::kFrozen, Background::kLive}) {
      const at::Tensor logits =
          logits_of(pair, pair.forward.final_reads(std::vector{pair.whole()}, background));
      EXPECT_LT(difference(logits, pair.clean.record.uncapped_logits), 1e-9);
    }
  }
}

TEST(ReplacementForward, IsTheOtherPromptWithNothingInItAndALiveBackground) {
  for (const auto& [name, made] : all_pairs()) {
    SCOPED_TRACE(name);
    const Pair& pair = *made;
    const at::Tensor logits =
        logits_of(pair, pair.forward.final_reads(std::vector{pair.nothing()}, Background::kLive));
    EXPECT_LT(difference(logits, pair.other.record.uncapped_logits), 1e-9);
  }
}

// With nothing to compute anew the frozen network is linear: what the other prompt writes is
// pushed through the first prompt's patterns and scales.
TEST(ReplacementForward, PushesTheOtherPromptThroughTheFrozenNetwork) {
  for (const auto& [name, made] : all_pairs()) {
    SCOPED_TRACE(name);
    const Pair& pair = *made;
    FrozenInput input;
    input.with_constants = true;
    input.embedding = pair.other.record.token_embeddings;
    if (pair.setup.model.position_embedding.defined()) {
      input.embedding = input.embedding + pair.setup.model.position_embedding.narrow(0, 0, 5);
    }
    const TranscoderSet& transcoders = *pair.setup.transcoders;
    for (std::size_t layer = 0; layer < pair.other.record.blocks.size(); ++layer) {
      const BlockRecord& record = pair.other.record.blocks[layer];
      const Block& block = pair.setup.model.blocks[layer];
      const at::Tensor skip = transcoders.skip(static_cast<std::int64_t>(layer));
      at::Tensor written = written_value(transcoders.info().write_site, block, record);
      if (skip.defined()) {
        written = written - at::mm(read_input(transcoders.info().read_site, block.mlp_norm,
                                              record.mlp_inverse_scale, record.residual_mid),
                                   skip.t());
      }
      input.written.push_back(written);
    }
    const at::Tensor expected = linear_forward(pair.clean, input, 5).final_read[4];
    const at::Tensor reads =
        pair.forward.final_reads(std::vector{pair.nothing()}, Background::kFrozen);
    EXPECT_LT(difference(reads[0], expected), 1e-9);
  }
}

// The replaced model written down plainly: a live forward whose MLPs are put together, feature by
// feature, from the rows of the transcoders.
class PlainReplacer final : public SiteVisitor {
 public:
  PlainReplacer(const Pair& pair, const Circuit& circuit) : pair_(pair), circuit_(circuit) {}

  void visit(const SitePlace& place, std::int64_t, at::Tensor& x) override {
    const TranscoderSet& transcoders = *pair_.setup.transcoders;
    const auto layer = static_cast<std::size_t>(place.layer);
    if (place.site == ModelSite::kResidualPre && layer == 0) embed(x);
    if (place.site == ModelSite::kResidualMid) {
      read_ = read_live(transcoders.info().read_site, pair_.setup.model.blocks[layer].mlp_norm, x);
      activations_.push_back(mixed_activations(place.layer));
    }
    if (place.site != site_of(transcoders.info().write_site)) return;
    x = x.clone();
    for (std::int64_t p = 0; p < x.size(0); ++p) x[p] = written(place.layer, p);
  }

 private:
  void embed(at::Tensor& x) {
    x = x.clone();
    for (std::int64_t p = 0; p < x.size(0); ++p) {
      if (circuit_.tokens[static_cast<std::size_t>(p)] != 0) continue;
      x[p] += pair_.other.record.token_embeddings[p] - pair_.clean.record.token_embeddings[p];
    }
  }

  static at::Tensor dense_activations(const ReplacementRun& run, std::int64_t layer) {
    at::Tensor dense =
        at::zeros({run.n_positions(), run.transcoders->info().n_features}, at::kDouble);
    for (std::int64_t i = 0; i < run.features.size(); ++i) {
      const auto n = static_cast<std::size_t>(i);
      if (run.features.layers[n] != layer) continue;
      dense[run.features.positions[n]][run.features.features[n]] = run.features.activations[i];
    }
    return dense;
  }

  at::Tensor mixed_activations(std::int64_t layer) {
    const TranscoderSet& transcoders = *pair_.setup.transcoders;
    const at::Tensor now = transcoders.activate(layer, transcoders.encode(layer, read_));
    at::Tensor values = dense_activations(pair_.other, layer);
    for (std::size_t i = 0; i < circuit_.features.size(); ++i) {
      if (circuit_.features[i] == 0 || pair_.listed.layers[i] != layer) continue;
      const std::int64_t p = pair_.listed.positions[i], f = pair_.listed.features[i];
      values[p][f] = now[p][f];
    }
    return values;
  }

  at::Tensor written(std::int64_t layer, std::int64_t p) const {
    const TranscoderSet& transcoders = *pair_.setup.transcoders;
    const auto l = static_cast<std::size_t>(layer);
    const Block& block = pair_.setup.model.blocks[l];
    const bool zeroed = p < pair_.clean.zero_positions;
    const auto n = static_cast<std::size_t>(pair_.clean.n_positions());
    const bool in = zeroed ? circuit_.tokens[static_cast<std::size_t>(p)] != 0
                           : circuit_.errors[l * n + static_cast<std::size_t>(p)] != 0;
    const ReplacementRun& run = in ? pair_.clean : pair_.other;
    const at::Tensor skip = transcoders.skip(layer);
    at::Tensor sum = at::zeros({pair_.setup.model.config.d_model}, at::kDouble);
    if (skip.defined()) sum += at::mv(skip, read_[p]);
    if (zeroed) {
      const BlockRecord& record = run.record.blocks[l];
      sum += written_value(transcoders.info().write_site, block, record)[p];
      if (skip.defined()) {
        sum -= at::mv(skip, read_input(transcoders.info().read_site, block.mlp_norm,
                                       record.mlp_inverse_scale, record.residual_mid)[p]);
      }
      return sum;
    }
    sum += run.errors[l][p] + transcoders.decoder_bias(layer);
    for (std::int64_t from = 0; from <= layer; ++from) {
      if (transcoders.last_written_layer(from) < layer) continue;
      sum += at::mv(
          transcoders.decoder_rows_into(from, at::arange(transcoders.info().n_features), layer).t(),
          activations_[static_cast<std::size_t>(from)][p]);
    }
    return sum;
  }

  const Pair& pair_;
  const Circuit& circuit_;
  at::Tensor read_;
  std::vector<at::Tensor> activations_;
};

TEST(ReplacementForward, EqualsAForwardWithPlainlyReplacedMlps) {
  for (const auto& [name, made] : all_pairs()) {
    SCOPED_TRACE(name);
    const Pair& pair = *made;
    std::vector<Circuit> circuits;
    for (std::uint64_t seed = 0; seed < 3; ++seed) circuits.push_back(pair.random(seed));
    const at::Tensor logits =
        logits_of(pair, pair.forward.final_reads(circuits, Background::kLive));
    for (std::size_t i = 0; i < circuits.size(); ++i) {
      PlainReplacer replacer(pair, circuits[i]);
      LiveForward live(pair.setup.model, 5);
      const at::Tensor expected = live.append(kIds, {.visitor = &replacer});
      const double cap = pair.setup.model.config.final_softcap;
      const at::Tensor ours = logits[static_cast<std::int64_t>(i)];
      EXPECT_LT(difference(cap == 0 ? ours : cap * (ours / cap).tanh(), expected[0]), 1e-9);
    }
  }
}

// A small part of one feature is taken away. Every other feature answers one to one (no topk, no
// feature near its threshold), so the targets move by the sum over all paths of the graph: what
// the rows of the frozen network give, layer by layer.
TEST(ReplacementForward, MovesByTheSumOverPathsWhenFrozenAndLinear) {
  for (const auto& [name, made] : all_pairs()) {
    const Pair& pair = *made;
    if (pair.setup.transcoders->activation(0).kind == ActivationKind::kTopK) continue;
    SCOPED_TRACE(name);
    const ReplacementRun& run = pair.clean;
    const ListedFeatures own = list_features(run, run);
    constexpr double kPart = 1e-4;
    SourceValues outside = values_of(run, own);
    const std::int64_t changed = run.features.layer_offsets[1] - 1;  // at the last position
    const double amount = kPart * run.features.activations[changed].item<double>();
    outside.activations = outside.activations.clone();
    outside.activations[changed] += amount;
    const ReplacementForward forward(run, own, outside);
    Circuit circuit = pair.whole();
    circuit.features.assign(static_cast<std::size_t>(own.size()), 1);
    const std::vector<Circuit> before = {circuit};
    circuit.features[static_cast<std::size_t>(changed)] = 0;
    const at::Tensor moved = forward.final_reads(std::vector{circuit}, Background::kFrozen) -
                             forward.final_reads(before, Background::kFrozen);

    at::Tensor change = at::zeros({own.size()}, at::kDouble);  // of every activation
    change[changed] = amount;
    at::Tensor read;
    for (std::int64_t layer = 0; layer <= run.n_layers(); ++layer) {
      FrozenInput input;
      for (std::int64_t l = 0; l < run.n_layers(); ++l) {
        input.written.push_back(at::zeros({5, pair.setup.model.config.d_model}, at::kDouble));
        for (std::int64_t i = 0; i < own.size(); ++i) {
          const auto n = static_cast<std::size_t>(i);
          const std::int64_t from = own.layers[n];
          if (from > l || from >= layer || run.transcoders->last_written_layer(from) < l) continue;
          input.written.back()[own.positions[n]] +=
              change[i] * run.transcoders->decoder_rows_into(
                              from, at::tensor({std::int64_t{own.features[n]}}), l)[0];
        }
      }
      const FrozenStream stream = linear_forward(run, input, 5);
      read = stream.final_read[4];
      for (std::int64_t i = 0; i < own.size() && layer < run.n_layers(); ++i) {
        const auto n = static_cast<std::size_t>(i);
        if (own.layers[n] != layer || i == changed) continue;
        change[i] =
            (run.transcoders->encoder_rows(layer, at::tensor({std::int64_t{own.features[n]}}))[0] *
             stream.reads[static_cast<std::size_t>(layer)][own.positions[n]])
                .sum();
      }
    }
    EXPECT_LT(difference(moved[0], read), 1e-11);
    EXPECT_GT(read.abs().max().item<double>(), 1e-8);
  }
}

TEST(ReplacementForward, GivesTheSameOneByOneAndTogether) {
  const Pair& pair = *all_pairs().begin()->second;
  std::vector<Circuit> circuits;
  for (std::uint64_t seed = 0; seed < 70; ++seed) circuits.push_back(pair.random(seed));
  for (const Background background : {Background::kFrozen, Background::kLive}) {
    const at::Tensor together = pair.forward.final_reads(circuits, background);
    ASSERT_EQ(together.size(0), 70);
    for (const std::size_t i : {0, 63, 64, 69}) {
      const at::Tensor alone = pair.forward.final_reads(std::vector{circuits[i]}, background);
      EXPECT_LT(difference(together[static_cast<std::int64_t>(i)], alone[0]), 1e-12);
    }
  }
}

}  // namespace
}  // namespace circuit::testing
