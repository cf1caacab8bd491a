#include "tests/support/autograd_reference.h"

#include <cmath>
#include <limits>

#include <torch/torch.h>

namespace circuit::testing {
namespace {

using torch::Tensor;

Tensor with_bias(const Tensor& x, const Tensor& bias) { return bias.defined() ? x + bias : x; }

Tensor rotate(const Tensor& x, const ModelConfig& c, bool sliding) {  // [heads, n, d_head]
  const std::int64_t n = x.size(1), half = c.d_head / 2;
  Tensor angles = torch::empty({n, half}, torch::kDouble);
  for (std::int64_t i = 0; i < half; ++i) {
    const bool local = sliding && c.sliding_rope_theta > 0;
    const double base = local ? c.sliding_rope_theta : c.rope_theta;
    double frequency =
        1.0 / std::pow(base, 2.0 * static_cast<double>(i) / static_cast<double>(c.d_head));
    if (!local && c.rope_scaling.kind == RopeScaling::Kind::kLinear) {
      frequency /= c.rope_scaling.factor;
    }
    if (!local && c.rope_scaling.kind == RopeScaling::Kind::kLlama3) {
      const RopeScaling& s = c.rope_scaling;
      const double turns = s.original_max_positions * frequency / (2.0 * M_PI);
      double keep =
          (turns - s.low_frequency_factor) / (s.high_frequency_factor - s.low_frequency_factor);
      keep = std::min(1.0, std::max(0.0, keep));
      frequency = keep * frequency + (1.0 - keep) * frequency / s.factor;
    }
    for (std::int64_t p = 0; p < n; ++p) angles[p][i] = static_cast<double>(p) * frequency;
  }
  const Tensor cosine = angles.cos().to(x.dtype()), sine = angles.sin().to(x.dtype());
  const Tensor a = x.slice(2, 0, half), b = x.slice(2, half, c.d_head);
  return torch::cat({a * cosine - b * sine, b * cosine + a * sine}, 2);
}

struct Frozen {
  Tensor embedding;            // leaf
  std::vector<Tensor> probes;  // leaves, zeros added at each write site
  std::vector<Tensor> reads, pre;
  std::vector<Tensor> reconstruction_base;  // b_dec + skip(read), [n, d]
  std::vector<Tensor> written;              // by the live MLP at the write site, [n, d]
  std::vector<Tensor> queries, keys;        // [heads, n, d_head] rotated, norms' scales held
  Tensor final_output;
};

class Runner {
 public:
  Runner(const Model& model, const TranscoderSet& transcoders, std::span<const std::int32_t> ids,
         const std::vector<Tensor>& head_factors)
      : model_(model), transcoders_(transcoders), ids_(ids), head_factors_(head_factors) {}

  Frozen run() {
    const Tensor ids = torch::tensor(std::vector<std::int64_t>(ids_.begin(), ids_.end()));
    Frozen f;
    f.embedding = (model_.embedding.index_select(0, ids) * model_.config.embedding_scale)
                      .clone()
                      .set_requires_grad(true);
    Tensor x = f.embedding;
    if (model_.position_embedding.defined()) {
      x = x + model_.position_embedding.slice(0, 0, x.size(0));
    }
    for (std::size_t layer = 0; layer < model_.blocks.size(); ++layer) {
      const Block& block = model_.blocks[layer];
      const Tensor attended = attention(block.attention, norm(block.attention_norm, x).second,
                                        head_factors_.empty() ? Tensor() : head_factors_[layer], f);
      x = x + behind(block.attention_post_norm, attended);
      x = x + mlp(static_cast<std::int64_t>(layer), block, x, f);
    }
    f.final_output = norm(model_.final_norm, x).second;
    return f;
  }

 private:
  // {before gain and bias, after}
  std::pair<Tensor, Tensor> norm(const Norm& n, Tensor x) const {
    if (n.kind == NormKind::kLayer) x = x - x.mean(-1, true);
    const Tensor scale = torch::sqrt(x.pow(2).mean(-1, true) + n.epsilon).detach();
    const Tensor normalized = x / scale;
    return {normalized, with_bias(normalized * n.gain, n.bias)};
  }

  Tensor behind(const std::optional<Norm>& post_norm, const Tensor& x) const {
    return post_norm ? norm(*post_norm, x).second : x;
  }

  // RMS norm of each head's vector, its scale held: [heads, n, d_head].
  static Tensor head_norm(const std::optional<Norm>& n, const Tensor& x) {
    if (!n) return x;
    return x / torch::sqrt((x * x).mean(-1, true) + n->epsilon).detach() * n->gain;
  }

  Tensor attention(const Attention& a, const Tensor& x, const Tensor& factors, Frozen& f) const {
    const ModelConfig& c = model_.config;
    const auto heads = [&](const Tensor& t, std::int64_t count) {
      return t.reshape({t.size(0), count, c.d_head}).permute({1, 0, 2});
    };
    Tensor q = heads(with_bias(torch::mm(x, a.query.t()), a.query_bias), c.n_heads);
    Tensor k = heads(with_bias(torch::mm(x, a.key.t()), a.key_bias), c.n_kv_heads);
    const Tensor v = heads(with_bias(torch::mm(x, a.value.t()), a.value_bias), c.n_kv_heads);
    q = head_norm(a.query_norm, q);
    k = head_norm(a.key_norm, k);
    const bool sliding = a.span == AttentionSpan::kSliding;
    if (c.positions == PositionKind::kRotary) {
      q = rotate(q, c, sliding);
      k = rotate(k, c, sliding);
    }
    f.queries.push_back(q);
    f.keys.push_back(k);
    std::vector<Tensor> outputs;
    const std::int64_t group = c.n_heads / c.n_kv_heads, n = x.size(0);
    const Tensor mask = torch::zeros({n, n}, x.options().requires_grad(false));
    for (std::int64_t p = 0; p < n; ++p) {
      for (std::int64_t j = 0; j < n; ++j) {
        const bool seen = j <= p && (!sliding || j > p - c.sliding_window);
        if (!seen) mask[p][j] = -std::numeric_limits<double>::infinity();
      }
    }
    const double scalar = c.query_scalar > 0 ? c.query_scalar : static_cast<double>(c.d_head);
    for (std::int64_t h = 0; h < c.n_heads; ++h) {
      Tensor scores = torch::mm(q[h], k[h / group].t()) * std::pow(scalar, -0.5);
      if (c.attention_softcap > 0) {
        scores = c.attention_softcap * torch::tanh(scores / c.attention_softcap);
      }
      scores = scores + mask;
      const Tensor mixed = torch::mm(torch::softmax(scores, -1).detach(), v[h / group]);
      outputs.push_back(factors.defined() ? mixed.detach() + factors[h] * (mixed - mixed.detach())
                                          : mixed);
    }
    return with_bias(torch::mm(torch::cat(outputs, 1), a.output.t()), a.output_bias);
  }

  Tensor live_mlp(const Mlp& m, const Tensor& x) const {
    const auto act = [&](const Tensor& t) {
      return model_.config.activation == MlpActivation::kSilu ? t * torch::sigmoid(t)
                                                              : torch::gelu(t, "tanh");
    };
    const Tensor up = with_bias(torch::mm(x, m.up.t()), m.up_bias);
    const Tensor hidden =
        m.gate.defined() ? act(with_bias(torch::mm(x, m.gate.t()), m.gate_bias)) * up : act(up);
    return with_bias(torch::mm(hidden, m.down.t()), m.down_bias);
  }

  Tensor mlp(std::int64_t layer, const Block& block, const Tensor& x, Frozen& f) const {
    const auto [normalized, output] = norm(block.mlp_norm, x);
    const ReadSite site = transcoders_.info().read_site;
    const Tensor read = site == ReadSite::kResidualMid  ? x
                        : site == ReadSite::kNormalized ? normalized
                                                        : output;
    const Tensor live = live_mlp(block.mlp, output).detach();
    Tensor skipped = torch::zeros_like(live);
    if (const Tensor skip = transcoders_.skip(layer); skip.defined()) {
      skipped = torch::mm(read, skip.t());
    }
    f.reads.push_back(read);
    const Tensor probe = torch::zeros_like(live).set_requires_grad(true);
    f.probes.push_back(probe);
    f.reconstruction_base.push_back((transcoders_.decoder_bias(layer) + skipped).detach());
    if (transcoders_.info().write_site == WriteSite::kMlpOut) {
      const Tensor added = behind(block.mlp_post_norm, live).detach();
      f.written.push_back(added);
      return skipped + (added - skipped).detach() + probe;
    }
    f.written.push_back(live);
    return behind(block.mlp_post_norm, skipped + (live - skipped).detach() + probe);
  }

  const Model& model_;
  const TranscoderSet& transcoders_;
  std::span<const std::int32_t> ids_;
  const std::vector<Tensor>& head_factors_;
};

struct Source {
  std::int64_t layer, position;
  Tensor rows;  // [layers written, d_model], scaled by the activation
};

}  // namespace

AutogradReference autograd_reference(const Model& model, const TranscoderSet& transcoders,
                                     std::span<const std::int32_t> input_ids,
                                     std::int64_t zero_positions,
                                     std::span<const std::int32_t> target_ids,
                                     const AutogradOptions& options) {
  const torch::AutoGradMode grad(true);
  Frozen f = Runner(model, transcoders, input_ids, options.head_factors).run();
  const std::int64_t n_layers = model.config.n_layers;
  const auto n = static_cast<std::int64_t>(input_ids.size());
  AutogradReference reference;
  std::vector<Source> features;
  std::vector<Tensor> explained;  // scalars with gradients
  std::vector<Tensor> errors;
  for (std::int64_t l = 0; l < n_layers; ++l) {
    errors.push_back(f.written[static_cast<std::size_t>(l)] -
                     f.reconstruction_base[static_cast<std::size_t>(l)]);
  }
  for (std::int64_t l = 0; l < n_layers; ++l) {
    const Tensor pre = transcoders.encode(l, f.reads[static_cast<std::size_t>(l)]);
    const Tensor post = transcoders.activate(l, pre.detach());
    for (std::int64_t p = zero_positions; p < n; ++p) {
      for (std::int64_t i = 0; i < post.size(1); ++i) {
        const double activation = post[p][i].item<double>();
        if (activation == 0.0) continue;
        reference.active_features.push_back({static_cast<std::int32_t>(l),
                                             static_cast<std::int32_t>(p),
                                             static_cast<std::int32_t>(i)});
        reference.activations.push_back(activation);
        explained.push_back(pre[p][i]);
        const Tensor rows =
            transcoders.decoder_rows(l, torch::tensor({i}, torch::kLong))[0] * activation;
        for (std::int64_t step = 0; step < rows.size(0); ++step) {
          errors[static_cast<std::size_t>(l + step)][p] -= rows[step];
        }
        features.push_back({l, p, rows});
      }
    }
  }
  reference.logits = torch::mm(f.final_output, model.unembedding.t());
  const Tensor last = reference.logits[n - 1];
  const double cap = model.config.final_softcap;
  for (const std::int32_t id : target_ids) explained.push_back(last[id] - last.mean());
  for (const AutogradTarget& target : options.targets) {
    if (target.feature >= 0) {
      const Tensor pre =
          transcoders.encode(target.layer, f.reads[static_cast<std::size_t>(target.layer)]);
      explained.push_back(pre[target.position][target.feature]);
    } else if (target.token >= 0) {
      const Tensor logits = reference.logits[target.position];
      explained.push_back(logits[target.token] - logits.mean());
    } else {
      const Tensor vector = torch::tensor(target.vector).to(f.final_output.dtype());
      explained.push_back((f.final_output[target.position] * vector).sum());
    }
  }

  std::vector<Tensor> leaves = f.probes;
  leaves.push_back(f.embedding);
  const auto k = static_cast<std::int64_t>(features.size());
  const auto row_of = [&](const Tensor& value) {
    const auto g = torch::autograd::grad({value}, leaves, {}, /*retain_graph=*/true,
                                         /*create_graph=*/false, /*allow_unused=*/true);
    Tensor row = torch::zeros({k + n_layers * n + n}, torch::kDouble);
    for (std::int64_t s = 0; s < k; ++s) {
      const Source& source = features[static_cast<std::size_t>(s)];
      for (std::int64_t step = 0; step < source.rows.size(0); ++step) {
        const Tensor& at_layer = g[static_cast<std::size_t>(source.layer + step)];
        if (at_layer.defined()) {
          row[s] += (at_layer[source.position] * source.rows[step]).sum().to(torch::kDouble);
        }
      }
    }
    for (std::int64_t l = 0; l < n_layers; ++l) {
      if (!g[static_cast<std::size_t>(l)].defined()) continue;
      for (std::int64_t p = zero_positions; p < n; ++p) {
        row[k + l * n + p] =
            (g[static_cast<std::size_t>(l)][p] * errors[static_cast<std::size_t>(l)][p])
                .sum()
                .to(torch::kDouble);
      }
    }
    if (g.back().defined()) {
      row.slice(0, k + n_layers * n) = (g.back() * f.embedding.detach()).sum(1).to(torch::kDouble);
    }
    return row.detach();
  };
  reference.rows = torch::zeros({static_cast<std::int64_t>(explained.size()), k + n_layers * n + n},
                                torch::kDouble);
  for (std::size_t r = 0; r < explained.size(); ++r) {
    const auto row = static_cast<std::int64_t>(r);
    if (row < k && row % options.every_row != 0) continue;
    reference.rows[row] = row_of(explained[r]);
  }
  std::vector<Tensor> scores, query_rows, key_rows;
  for (const AutogradScore& one : options.scores) {
    const ModelConfig& c = model.config;
    const double scalar = c.query_scalar > 0 ? c.query_scalar : static_cast<double>(c.d_head);
    const auto layer = static_cast<std::size_t>(one.layer);
    const Tensor q = f.queries[layer][one.head][one.query] * std::pow(scalar, -0.5);
    const Tensor key = f.keys[layer][one.head / (c.n_heads / c.n_kv_heads)][one.key];
    scores.push_back((q * key).sum().detach().to(torch::kDouble));
    query_rows.push_back(row_of((q * key.detach()).sum()));
    key_rows.push_back(row_of((q.detach() * key).sum()));
  }
  if (!scores.empty()) {
    reference.scores = torch::stack(scores);
    reference.query_rows = torch::stack(query_rows);
    reference.key_rows = torch::stack(key_rows);
  }
  reference.pre_activations = torch::stack(explained).detach().to(torch::kDouble);
  if (cap > 0) reference.logits = cap * torch::tanh(reference.logits / cap);
  reference.logits = reference.logits.detach();
  return reference;
}

}  // namespace circuit::testing
