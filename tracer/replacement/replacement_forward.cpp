#include "tracer/replacement/replacement_forward.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/model/affine.h"
#include "tracer/replacement/frozen_layer.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// Pre-activations of so many elements are held at once by each task.
constexpr std::int64_t kTaskElements = std::int64_t{4} << 20;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

at::Tensor bool_rows(std::span<const Circuit> circuits,
                     const std::vector<std::uint8_t> Circuit::*members, at::Device device) {
  std::vector<at::Tensor> rows;
  for (const Circuit& circuit : circuits) rows.push_back(at::tensor(circuit.*members, at::kByte));
  return at::stack(rows).to(device).to(at::kBool);
}

at::Tensor as_rows(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

}  // namespace

// Some circuits on their way through the layers.
class ReplacementForward::Pass {
 public:
  Pass(const ReplacementForward& forward, std::span<const Circuit> circuits, Background background)
      : f_(forward),
        run_(forward.run_),
        model_(*forward.run_.model),
        frozen_(background == Background::kFrozen),
        features_(bool_rows(circuits, &Circuit::features, run_.device())),
        tokens_(bool_rows(circuits, &Circuit::tokens, run_.device()).unsqueeze(2)) {
    const std::int64_t n = run_.n_positions();
    errors_ =
        bool_rows(circuits, &Circuit::errors, run_.device()).view({-1, run_.n_layers(), n, 1});
    std::vector<std::uint8_t> unlisted;
    for (const Circuit& circuit : circuits) unlisted.push_back(circuit.unlisted ? 1 : 0);
    unlisted_ = at::tensor(unlisted, at::kByte).to(run_.device()).to(at::kBool).view({-1, 1, 1});
    if (!frozen_) {
      rotary_ = rotary_tables(model_.config, n, sum_type(model_.dtype), model_.device());
    }
  }

  at::Tensor final_reads() {
    at::Tensor residual =
        at::where(tokens_, f_.inside_.embeddings, f_.outside_.embeddings);  // [c, n, d_model]
    if (model_.position_embedding.defined()) {
      residual = residual + model_.position_embedding.narrow(0, 0, run_.n_positions());
    }
    for (std::int64_t layer = 0; layer < run_.n_layers(); ++layer) residual = pass(layer, residual);
    const at::Tensor last = residual.select(1, run_.n_positions() - 1);
    if (!frozen_) return norm_forward(model_.final_norm, last).output;
    const at::Tensor read =
        norm_push(model_.final_norm, run_.record.final_inverse_scale[run_.n_positions() - 1], last);
    return model_.final_norm.bias.defined() ? read + model_.final_norm.bias : read;
  }

 private:
  at::Tensor pass(std::int64_t layer, const at::Tensor& residual) {
    const Block& block = model_.blocks[index(layer)];
    const BlockRecord& record = run_.record.blocks[index(layer)];
    const TranscoderInfo& info = run_.transcoders->info();
    std::optional<FrozenLayer> frozen;
    if (frozen_) frozen.emplace(run_, layer, run_.n_positions());
    const at::Tensor mid =
        residual + (frozen_ ? frozen->added(frozen->mixed(frozen->values(residual, true)), true)
                            : attend(block, residual));
    const at::Tensor read =
        frozen_ ? read_input(info.read_site, block.mlp_norm, record.mlp_inverse_scale, mid)
                : read_live(info.read_site, block.mlp_norm, mid);
    const at::Tensor written = write(layer, read);
    if (!has_norm_behind(info.write_site, block)) return mid + written;
    const Norm& norm = *block.mlp_post_norm;
    if (!frozen_) return mid + norm_forward(norm, written).output;
    const at::Tensor normed = frozen->written(written);
    return mid + (norm.bias.defined() ? normed + norm.bias : normed);
  }

  // What live attention adds to each circuit's stream.
  at::Tensor attend(const Block& block, const at::Tensor& residual) const {
    std::vector<at::Tensor> added;
    for (std::int64_t i = 0; i < residual.size(0); ++i) {
      const at::Tensor input = norm_forward(block.attention_norm, residual[i]).output;
      const at::Tensor output =
          attention_forward(model_.config, block.attention, rotary_.of(block.attention.span), input)
              .output;
      added.push_back(block.attention_post_norm
                          ? norm_forward(*block.attention_post_norm, output).output
                          : output);
    }
    return at::stack(added);
  }

  // What the replaced MLP writes of what it reads: [c, n, d_model].
  at::Tensor write(std::int64_t layer, const at::Tensor& read) {
    changes_.push_back(find_changes(layer, read));
    const std::int64_t zeroed = run_.zero_positions;
    const at::Tensor kept =
        at::cat({tokens_.narrow(1, 0, zeroed),
                 errors_.select(1, layer).narrow(1, zeroed, run_.n_positions() - zeroed)},
                /*dim=*/1);
    at::Tensor written =
        at::where(unlisted_, f_.inside_.by_features[index(layer)],
                  f_.outside_.by_features[index(layer)]) +
        at::where(kept, f_.inside_.rest[index(layer)], f_.outside_.rest[index(layer)]);
    for (std::int64_t from = 0; from <= layer; ++from) {
      if (run_.transcoders->last_written_layer(from) >= layer) add_changes(written, from, layer);
    }
    if (const at::Tensor skip = run_.transcoders->skip(layer); skip.defined()) {
      written = written + affine(as_rows(read), skip, {}).view(written.sizes());
    }
    return written;
  }

  // How far the listed features of `layer` are from what `by_features` counts them with:
  // [c, k of the layer].
  at::Tensor find_changes(std::int64_t layer, const at::Tensor& read) const {
    const std::int64_t begin = f_.listed_.layer_offsets[index(layer)];
    const std::int64_t count = f_.listed_.layer_offsets[index(layer) + 1] - begin;
    const at::Tensor inside = f_.inside_.activations.narrow(0, begin, count);
    const at::Tensor outside = f_.outside_.activations.narrow(0, begin, count);
    const at::Tensor now =
        run_.transcoders->activate(layer, run_.transcoders->encode(layer, as_rows(read)))
            .view({read.size(0), read.size(1), -1})
            .index(
                {at::indexing::Slice(), f_.positions_[index(layer)], f_.features_[index(layer)]});
    return at::where(features_.narrow(1, begin, count), now, outside) -
           at::where(unlisted_.select(2, 0), inside, outside);
  }

  // Adds what features of `from` write into `layer` more than they were counted with. Positions of
  // listed features ascend, so those of one position are one run.
  void add_changes(at::Tensor& written, std::int64_t from, std::int64_t layer) const {
    const std::int64_t begin = f_.listed_.layer_offsets[index(from)];
    const std::int64_t end = f_.listed_.layer_offsets[index(from) + 1];
    if (begin == end) return;
    const at::Tensor rows =
        f_.decoders_.rows(from, layer).index_select(0, f_.decoders_.index(from));
    for (std::int64_t i = begin; i < end;) {
      const std::int32_t position = f_.listed_.positions[index(i)];
      std::int64_t next = i;
      while (next < end && f_.listed_.positions[index(next)] == position) ++next;
      const at::Tensor added = product(changes_[index(from)].narrow(1, i - begin, next - i),
                                       rows.narrow(0, i - begin, next - i).to(run_.device()));
      written.select(1, position).add_(added);
      i = next;
    }
  }

  const ReplacementForward& f_;
  const ReplacementRun& run_;
  const Model& model_;
  bool frozen_;
  at::Tensor features_;  // [c, k]
  at::Tensor tokens_;    // [c, n, 1]
  at::Tensor errors_;    // [c, n_layers, n, 1]
  at::Tensor unlisted_;  // [c, 1, 1]
  RotaryTables rotary_;
  std::vector<at::Tensor> changes_;  // [layers passed] of [c, k of the layer]
};

ReplacementForward::ReplacementForward(const ReplacementRun& run, const ListedFeatures& listed,
                                       SourceValues outside)
    : run_(run), listed_(listed), inside_(values_of(run, listed)), outside_(std::move(outside)) {
  std::vector<at::Tensor> distinct;
  for (std::size_t layer = 0; layer + 1 < listed.layer_offsets.size(); ++layer) {
    const auto begin = listed.layer_offsets[layer], end = listed.layer_offsets[layer + 1];
    const auto column = [&](const std::vector<std::int32_t>& values) {
      return at::tensor(std::vector<std::int64_t>(values.begin() + begin, values.begin() + end),
                        at::kLong);
    };
    distinct.push_back(column(listed.features));
    positions_.push_back(column(listed.positions).to(run.device()));
    features_.push_back(distinct.back().to(run.device()));
  }
  decoders_ = DecoderRows(*run.transcoders, distinct, std::numeric_limits<std::int64_t>::max());
  for (SourceValues* const values : {&inside_, &outside_}) {
    values->activations = values->activations.to(run.device());
  }
}

at::Tensor ReplacementForward::final_reads(std::span<const Circuit> circuits,
                                           Background background) const {
  const std::int64_t elements = run_.n_positions() * run_.transcoders->info().n_features;
  const std::size_t together =
      static_cast<std::size_t>(std::clamp<std::int64_t>(kTaskElements / elements, 1, 64));
  std::vector<at::Tensor> reads((circuits.size() + together - 1) / together);
  const auto read = [&](std::size_t task) {
    const std::size_t first = task * together;
    Pass pass(*this, circuits.subspan(first, std::min(together, circuits.size() - first)),
              background);
    reads[task] = pass.final_reads();
  };
  if (run_.device().is_cpu()) {
    parallel_tasks(reads.size(), read);
  } else {
    for (std::size_t task = 0; task < reads.size(); ++task) read(task);
  }
  return at::cat(reads);
}

}  // namespace circuit
