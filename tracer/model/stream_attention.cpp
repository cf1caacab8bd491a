#include "tracer/model/stream_attention.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/machine/vector_clones.h"
#include "tracer/model/affine.h"

namespace circuit {
namespace {

// Multiply-adds of one task: some 20 µs, below which handing it out costs as much as it gains.
constexpr std::int64_t kWorkPerTask = 1 << 18;

/// What one head of keys and values, and the heads of queries that share it, do for one stream.
template <class T>
struct Group {
  const T* queries;  // [heads, d_head]
  const T* keys;     // [n, d_head]
  const T* values;   // [n, d_head] with `value_stride` between rows
  T* out;            // [heads, d_head]
  T* weights;        // [n] scratch
  std::int64_t value_stride, heads, d_head, n;
  std::int64_t first;  // position that is seen
  T scale;             // of products of queries and keys
  T soft_cap;
};

// Lanes that are added up one after the other at the end, as fixed as the order of the sum.
template <class T>
[[gnu::always_inline]] inline T dot(const T* a, const T* b, std::int64_t size) {
  constexpr std::int64_t kLanes = 16;
  T lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  T sum = 0;
  for (const T lane : lanes) sum += lane;
  for (; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
[[gnu::always_inline]] inline void attend_head(const Group<T>& g, std::int64_t head) {
  const T* const query = g.queries + head * g.d_head;
  T largest = -std::numeric_limits<T>::infinity();
  for (std::int64_t k = g.first; k < g.n; ++k) {
    T score = dot(query, g.keys + k * g.d_head, g.d_head) * g.scale;
    if (g.soft_cap > 0) score = std::tanh(score / g.soft_cap) * g.soft_cap;
    g.weights[k] = score;
    largest = std::max(largest, score);
  }
  double total = 0;
  for (std::int64_t k = g.first; k < g.n; ++k) {
    g.weights[k] = std::exp(g.weights[k] - largest);
    total += static_cast<double>(g.weights[k]);
  }
  T* const out = g.out + head * g.d_head;
  std::fill_n(out, g.d_head, T{0});
  for (std::int64_t k = g.first; k < g.n; ++k) {
    const T weight = g.weights[k];
    const T* const value = g.values + k * g.value_stride;
    for (std::int64_t d = 0; d < g.d_head; ++d) out[d] += weight * value[d];
  }
  const T share = static_cast<T>(1 / total);
  for (std::int64_t d = 0; d < g.d_head; ++d) out[d] *= share;
}

CIRCUIT_VECTOR_CLONES void attend(const Group<float>& group) {
  for (std::int64_t head = 0; head < group.heads; ++head) attend_head(group, head);
}

CIRCUIT_VECTOR_CLONES void attend(const Group<double>& group) {
  for (std::int64_t head = 0; head < group.heads; ++head) attend_head(group, head);
}

/// queries [n_streams, n_heads * d_head] -> what the heads mix from the caches, in the same shape.
template <class T>
at::Tensor mix(const ModelConfig& config, AttentionSpan span, const at::Tensor& queries,
               std::span<KeyValueCache* const> caches) {
  at::Tensor mixed = at::empty_like(queries);
  const std::int64_t d_head = config.d_head, n_kv = config.n_kv_heads;
  const std::int64_t heads = config.n_heads / n_kv, width = config.n_heads * d_head;
  const T* const query = queries.data_ptr<T>();
  T* const out = mixed.data_ptr<T>();
  std::int64_t longest = 0;
  for (const KeyValueCache* cache : caches) longest = std::max(longest, cache->length);
  const std::int64_t groups = static_cast<std::int64_t>(caches.size()) * n_kv;
  const std::int64_t groups_per_task =
      std::max<std::int64_t>(1, kWorkPerTask / (2 * longest * heads * d_head));
  const std::int64_t tasks = (groups + groups_per_task - 1) / groups_per_task;
  const auto body = [&](std::size_t task) {
    std::vector<T> weights(static_cast<std::size_t>(longest));
    const std::int64_t begin = static_cast<std::int64_t>(task) * groups_per_task;
    for (std::int64_t i = begin; i < std::min(begin + groups_per_task, groups); ++i) {
      const std::int64_t stream = i / n_kv, kv = i % n_kv;
      const KeyValueCache& cache = *caches[static_cast<std::size_t>(stream)];
      const std::int64_t n = cache.length;
      attend({.queries = query + stream * width + kv * heads * d_head,
              .keys = cache.keys.data_ptr<T>() + kv * cache.keys.stride(0),
              .values = cache.values.data_ptr<T>() + kv * d_head,
              .out = out + stream * width + kv * heads * d_head,
              .weights = weights.data(),
              .value_stride = n_kv * d_head,
              .heads = heads,
              .d_head = d_head,
              .n = n,
              .first = span == AttentionSpan::kFull
                           ? 0
                           : std::max<std::int64_t>(0, n - config.sliding_window),
              .scale = static_cast<T>(1 / score_divisor(config)),
              .soft_cap = static_cast<T>(config.attention_softcap)});
    }
  };
  if (tasks == 1) {
    body(0);
  } else {
    parallel_tasks(static_cast<std::size_t>(tasks), body);
  }
  return mixed;
}

template <class T>
void remember(std::span<KeyValueCache* const> caches, const at::Tensor& keys,
              const at::Tensor& values, std::int64_t d_head) {
  for (std::size_t i = 0; i < caches.size(); ++i) {
    KeyValueCache& cache = *caches[i];
    const auto row = static_cast<std::int64_t>(i);
    const T* const key = keys.data_ptr<T>() + row * keys.size(1);
    T* const room = cache.keys.data_ptr<T>() + cache.length * d_head;
    for (std::int64_t kv = 0; kv < cache.keys.size(0); ++kv) {
      std::copy_n(key + kv * d_head, d_head, room + kv * cache.keys.stride(0));
    }
    std::copy_n(values.data_ptr<T>() + row * values.size(1), values.size(1),
                cache.values.data_ptr<T>() + cache.length * values.size(1));
    ++cache.length;
  }
}

// [heads, n_streams, d_head] -> [n_streams, heads * d_head]
at::Tensor side_by_side(const at::Tensor& x) {
  return x.transpose(0, 1).reshape({x.size(1), x.size(0) * x.size(2)}).contiguous();
}

at::Tensor one_by_one(const ModelConfig& config, const Attention& attention,
                      const RotaryTable& rotary, const at::Tensor& x,
                      std::span<KeyValueCache* const> caches) {
  std::vector<at::Tensor> rows;
  for (std::size_t i = 0; i < caches.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    rows.push_back(attention_forward(config, attention, positions_of(rotary, row, 1),
                                     x.narrow(0, row, 1), caches[i])
                       .output);
  }
  return at::cat(rows);
}

}  // namespace

at::Tensor stream_attention(const ModelConfig& config, const Attention& attention,
                            const RotaryTable& rotary, const at::Tensor& x,
                            std::span<KeyValueCache* const> caches) {
  if (!x.device().is_cpu()) return one_by_one(config, attention, rotary, x, caches);
  const QueriesAndKeys now = queries_and_keys(config, attention, rotary, x, Rows::kApart);
  const at::Tensor queries = side_by_side(now.query), keys = side_by_side(now.key);
  const at::Tensor values =
      affine(x, attention.value, attention.value_bias, Rows::kApart).contiguous();
  at::Tensor mixed;
  if (x.scalar_type() == at::kDouble) {
    remember<double>(caches, keys, values, config.d_head);
    mixed = mix<double>(config, attention.span, queries, caches);
  } else {
    remember<float>(caches, keys, values, config.d_head);
    mixed = mix<float>(config, attention.span, queries, caches);
  }
  return affine(mixed, attention.output, attention.output_bias, Rows::kApart);
}

}  // namespace circuit
