#include "tests/bench/cases.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <stdexcept>

#include <ATen/ATen.h>

#include "tests/bench/counted_work.h"
#include "tracer/attribution/attribute.h"
#include "tracer/attribution/edge_sink.h"
#include "tracer/attribution/feature_targets.h"
#include "tracer/attribution/rows.h"
#include "tracer/machine/threads.h"
#include "tracer/replacement/read_site.h"

namespace circuit::bench {
namespace {

// Throws when an error is larger than what rounding explains.
std::string agreed(const std::string& what, double error, double tolerance) {
  std::array<char, 120> text;
  std::snprintf(text.data(), text.size(), "%s %.1e (at most %.0e)", what.c_str(), error, tolerance);
  if (!(error <= tolerance)) throw std::runtime_error(std::string("wrong result: ") + text.data());
  return text.data();
}

// Gradients that nobody wants.
class NoSink : public GradientSink {
 public:
  void write_site(std::int64_t, const at::Tensor&) override {}
  void embedding(const at::Tensor&) override {}
  void zeroed_values(std::int64_t, const at::Tensor&) override {}
};

// Keeps what arrives at one place of the residual stream.
class LastSink : public NoSink {
 public:
  void embedding(const at::Tensor& rows) override { gradients = rows.clone(); }
  at::Tensor gradients;
};

class Cases {
 public:
  Cases(const Setup& setup, const CaseOptions& options)
      : setup_(setup),
        options_(options),
        run_(run_replacement(setup.model, *setup.transcoders, setup.ids)),
        sources_(run_) {
    const std::int64_t active = run_.features.size();
    const std::int64_t count =
        options.max_features == 0 ? active : std::min(active, options.max_features);
    for (std::int64_t i = 0; i < count; ++i) chosen_.push_back(i * active / count);
  }

  Measurement forward() const;
  Measurement encode() const;
  Measurement backward() const;
  Measurement contraction();
  Measurement rows();
  Measurement attribute() const;

 private:
  // As many targets as one batch of a trace holds.
  std::vector<std::int64_t> batch() const {
    const MemoryPlan plan =
        plan_memory(memory_needs(run_, sources_, options_.max_features, 1), options_.memory_bytes);
    std::vector<std::int64_t> some;
    std::int64_t bytes = 0;
    for (const std::int64_t i : chosen_) {
      bytes +=
          RowComputer::bytes_per_target(run_, run_.features.positions[static_cast<std::size_t>(i)]);
      if (bytes > plan.batch_bytes) break;
      some.push_back(i);
    }
    return some;
  }

  const Setup& setup_;
  CaseOptions options_;
  ReplacementRun run_;
  Sources sources_;
  std::vector<std::int64_t> chosen_;
};

Measurement Cases::forward() const {
  const ForwardRecord record = circuit::forward(setup_.model, setup_.ids);
  FrozenInput input{.embedding = record.token_embeddings, .written = {}, .with_constants = true};
  if (setup_.model.position_embedding.defined()) {
    input.embedding =
        input.embedding + setup_.model.position_embedding.narrow(0, 0, run_.n_positions());
  }
  for (const BlockRecord& block : record.blocks) input.written.push_back(block.mlp_out);
  const at::Tensor read = linear_forward(run_, input, run_.n_positions()).final_read;
  const at::Tensor logits = at::mv(setup_.model.unembedding, read.select(0, read.size(0) - 1));
  const double error = (logits - record.logits.select(0, 0)).abs().max().item<double>() /
                       logits.abs().max().item<double>();
  Measurement result =
      measure("forward", options_.repeat, [&] { circuit::forward(setup_.model, setup_.ids); });
  result.gflop = forward_work(setup_.model, run_.n_positions());
  result.gigabytes = 2e-9 * result.gflop * 1e9 / static_cast<double>(run_.n_positions());
  result.check = setup_.transcoders->info().has_skip
                     ? "not compared: the frozen forward has skips in it"
                     : agreed("logits from the frozen forward", error, 1e-3);
  return result;
}

Measurement Cases::encode() const {
  std::vector<at::Tensor> inputs;
  double error = 0.0;
  for (std::size_t layer = 0; layer < run_.record.blocks.size(); ++layer) {
    const BlockRecord& block = run_.record.blocks[layer];
    inputs.push_back(read_input(setup_.transcoders->info().read_site,
                                setup_.model.blocks[layer].mlp_norm, block.mlp_inverse_scale,
                                block.residual_mid));
    const auto index = static_cast<std::int64_t>(layer);
    const at::Tensor some = at::arange(0, setup_.transcoders->info().n_features, 97);
    const at::Tensor exact =
        at::addmm(setup_.transcoders->encoder_bias(index).index_select(0, some).to(at::kDouble),
                  inputs.back().to(at::kDouble),
                  setup_.transcoders->encoder_rows(index, some).to(at::kDouble).t());
    const at::Tensor found = setup_.transcoders->encode(index, inputs.back());
    error = std::max(
        error,
        ((found.index_select(1, some) - exact).abs().max() / exact.abs().max()).item<double>());
  }
  Measurement result = measure("encode", options_.repeat, [&] {
    parallel_tasks(inputs.size(), [&](std::size_t layer) {
      setup_.transcoders->encode(static_cast<std::int64_t>(layer), inputs[layer]);
    });
  });
  result.gflop = encode_work(run_);
  result.gigabytes = 2.0 * result.gflop / static_cast<double>(run_.n_positions());
  result.check = agreed("products in double", error, 1e-4);
  return result;
}

Measurement Cases::backward() const {
  const std::vector<std::int64_t> some = batch();
  const RowTargets targets = feature_targets(run_, some);
  const BackwardBatch batch(targets.reads, run_.n_layers(), run_.zero_positions);
  LinearBackward engine(run_);
  // <covector, push(x)> = <pull(covector), x>, for the token embeddings of all but zeroed
  // positions.
  LastSink last;
  engine.sweep(batch, targets.covectors, last);
  FrozenInput input{.embedding = run_.record.token_embeddings.clone()};
  input.embedding.narrow(0, 0, run_.zero_positions).zero_();
  const FrozenStream stream = linear_forward(run_, input, run_.n_positions());
  double error = 0.0;
  for (std::int64_t slot = 0; slot < batch.size(); slot += 1 + batch.size() / 20) {
    const ReadPoint& read = batch.read(slot);
    const std::int64_t begin = batch.row_begin(slot);
    const at::Tensor pulled =
        last.gradients.narrow(0, begin, batch.row_begin(slot + 1) - begin) *
        input.embedding.narrow(0, run_.zero_positions, read.position + 1 - run_.zero_positions);
    const at::Tensor pushed =
        targets.covectors.select(0, batch.target(slot)) *
        stream.reads[static_cast<std::size_t>(read.layer)].select(0, read.position);
    error = std::max(error, (pulled.sum() - pushed.sum()).abs().item<double>() /
                                (pulled.abs().sum() + 1e-20).item<double>());
  }
  NoSink sink;
  Measurement result =
      measure("backward", options_.repeat, [&] { engine.sweep(batch, targets.covectors, sink); });
  result.gflop = sweep_work(run_, sources_.columns(), batch).backward();
  result.check = agreed("frozen forward", error, 1e-4);
  return result;
}

Measurement Cases::contraction() {
  const std::vector<std::int64_t> some = batch();
  const RowTargets targets = feature_targets(run_, some);
  const BackwardBatch batch(targets.reads, run_.n_layers(), run_.zero_positions);
  const at::Tensor gradients = at::rand({batch.total_rows(), run_.model->config.d_model}).sub_(0.5);
  std::vector<std::vector<float>> rows;
  std::vector<float*> pointers;
  for (const ReadPoint& read : targets.reads) {
    rows.emplace_back(static_cast<std::size_t>(sources_.columns().width(read)), 0.0f);
  }
  for (auto& row : rows) pointers.push_back(row.data());
  EdgeSink<float> sink(sources_, batch, at::kFloat, pointers);
  const auto contract = [&] {
    for (std::int64_t layer = run_.n_layers() - 1; layer >= 0; --layer) {
      if (batch.active_rows(layer + 1) > 0) sink.write_site(layer, gradients);
    }
    sink.embedding(gradients);
  };
  contract();
  // The errors of the lowest layer have one term each in every kind of transcoder.
  double error = 0.0;
  for (std::int64_t slot = 0; slot < batch.active_slots(1); slot += 1 + batch.size() / 20) {
    const ReadPoint& read = batch.read(slot);
    const at::Tensor term = gradients.select(0, batch.row(slot, read.position)) *
                            run_.errors[0].select(0, read.position);
    const float found = pointers[static_cast<std::size_t>(batch.target(slot))]
                                [sources_.columns().error_place(read, 0, read.position)];
    error = std::max(error, std::abs(term.sum().item<double>() - static_cast<double>(found)) /
                                (term.abs().sum() + 1e-20).item<double>());
  }
  Measurement result = measure("contraction", options_.repeat, contract);
  result.gflop = sweep_work(run_, sources_.columns(), batch).contraction;
  result.check = agreed("dot products", error, 1e-5);
  return result;
}

Measurement Cases::rows() {
  const std::vector<std::int64_t> some = batch();
  const RowTargets targets = feature_targets(run_, some);
  RowComputer computer(run_, sources_, at::kFloat);
  double closure = 0.0;
  const auto compute = [&] {
    RowStore store(sources_.columns(), options_.memory_bytes);
    computer.add_rows(targets, some, store);
    for (std::size_t i = 0; i < store.size(); ++i) {
      const RowTotals& t = store.totals;
      closure = std::max(closure, std::abs(t.totals[i] + t.bias_terms[i] - t.pre_activations[i]) /
                                      (t.absolute_totals[i] + std::abs(t.bias_terms[i]) + 1e-20));
    }
  };
  Measurement result = measure("rows", options_.repeat, compute);
  const BackwardBatch batch(targets.reads, run_.n_layers(), run_.zero_positions);
  result.gflop = sweep_work(run_, sources_.columns(), batch).all();
  result.check = agreed("closure", closure, 1e-4);
  return result;
}

Measurement Cases::attribute() const {
  AttributionOptions options;
  options.max_features = options_.max_features;
  options.batch_size = options_.batch_size;
  options.update_interval = options_.update_interval;
  options.memory_bytes = options_.memory_bytes;
  const OutputTargets outputs = choose_targets(run_, options.targets, nullptr);
  Attribution last;
  Measurement result = measure("attribute", options_.repeat,
                               [&] { last = circuit::attribute(run_, outputs, options); });
  std::vector<std::int64_t> selected(last.nodes.selected_features.begin(),
                                     last.nodes.selected_features.end());
  std::vector<ReadPoint> reads = read_points(run_.features, selected);
  reads.insert(reads.end(), outputs.rows.reads.begin(), outputs.rows.reads.end());
  const BackwardBatch batch(reads, run_.n_layers(), run_.zero_positions);
  result.gflop = sweep_work(run_, sources_.columns(), batch).all();
  last.nodes.tokens.assign(last.nodes.input_ids.size(), "t");
  const AttributionGraph graph(std::move(last.nodes), std::move(last.edges),
                               std::move(last.row_dropped), std::move(last.totals));
  result.check = agreed("closure", graph.closure_error().value_or(1.0), 1e-4);
  return result;
}

}  // namespace

std::vector<Measurement> run_cases(const Setup& setup, const CaseOptions& options,
                                   const std::string& only) {
  Cases cases(setup, options);
  const std::vector<std::pair<std::string, std::function<Measurement()>>> all = {
      {"forward", [&] { return cases.forward(); }},
      {"encode", [&] { return cases.encode(); }},
      {"backward", [&] { return cases.backward(); }},
      {"contraction", [&] { return cases.contraction(); }},
      {"rows", [&] { return cases.rows(); }},
      {"attribute", [&] { return cases.attribute(); }}};
  std::vector<Measurement> results;
  for (const auto& [name, run] : all) {
    if (only.empty() || only == name) results.push_back(run());
  }
  if (results.empty()) throw std::runtime_error("no case '" + only + "'");
  return results;
}

}  // namespace circuit::bench
