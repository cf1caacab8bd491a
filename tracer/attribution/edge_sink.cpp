#include "tracer/attribution/edge_sink.h"

#include <algorithm>
#include <cstring>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/replacement/buffer.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// The sources of a place are gathered once for this many slots …
constexpr std::int64_t kSlotsPerTask = 1024;
// … and multiplied with the gradients of this many at a time, which stay in the cache.
constexpr std::int64_t kRowsPerProduct = 256;

}  // namespace

template <class T>
EdgeSink<T>::EdgeSink(Sources& sources, const BackwardBatch& batch, at::ScalarType products,
                      std::span<T* const> rows)
    : sources_(sources), batch_(batch), products_(products), scratch_(worker_count()) {
  for (std::int64_t slot = 0; slot < batch.size(); ++slot) {
    rows_.push_back(rows[static_cast<std::size_t>(batch.target(slot))]);
  }
}

template <class T>
std::int64_t EdgeSink<T>::scratch_bytes(std::int64_t d_model, std::int64_t most_sources) {
  return (most_sources * d_model + kRowsPerProduct * (d_model + most_sources)) *
         static_cast<std::int64_t>(sizeof(T));
}

template <class T>
std::vector<typename EdgeSink<T>::Task> EdgeSink<T>::tasks(std::int64_t slots) const {
  std::vector<Task> tasks;
  for (std::int64_t q = batch_.zero_positions(); q < sources_.columns().n_positions(); ++q) {
    for (std::int64_t first = 0; first < slots; first += kSlotsPerTask) {
      tasks.push_back({q, first, std::min(slots, first + kSlotsPerTask)});
    }
  }
  return tasks;
}

template <class T>
template <class Visit>
void EdgeSink<T>::contract(const Task& task, const at::Tensor& gradients, const at::Tensor& vectors,
                           Scratch& scratch, Visit&& visit) const {
  const std::int64_t d_model = gradients.size(1);
  const T* from = gradients.data_ptr<T>();
  for (std::size_t begin = 0; begin < scratch.slots.size();) {
    const std::size_t count =
        std::min(scratch.slots.size() - begin, static_cast<std::size_t>(kRowsPerProduct));
    const auto some = std::span(scratch.slots).subspan(begin, count);
    const auto rows = static_cast<std::int64_t>(count);
    scratch.gradients = reuse_buffer(scratch.gradients, {rows, d_model}, gradients.scalar_type());
    scratch.edges = reuse_buffer(scratch.edges, {rows, vectors.size(0)}, gradients.scalar_type());
    T* to = scratch.gradients.template data_ptr<T>();
    for (const std::int64_t slot : some) {
      std::memcpy(to, from + batch_.row(slot, task.position) * d_model,
                  static_cast<std::size_t>(d_model) * sizeof(T));
      to += d_model;
    }
    product_into(scratch.edges, scratch.gradients, vectors.t());
    visit(some, scratch.edges.template data_ptr<T>());
    begin += count;
  }
}

template <class T>
void EdgeSink<T>::add_edges(std::int64_t layer, std::int64_t position, std::int64_t slot,
                            const T* edges) const {
  const ColumnLayout& columns = sources_.columns();
  const ReadPoint& read = batch_.read(slot);
  T* row = rows_[static_cast<std::size_t>(slot)];
  for (std::int64_t from = sources_.first_layer(layer); from <= layer; ++from) {
    T* to = row + columns.features_begin(read, from, position);
    const std::int64_t count = columns.feature_count(from, position);
    for (std::int64_t i = 0; i < count; ++i) to[i] += edges[i];
    edges += count;
  }
  row[columns.error_place(read, layer, position)] += *edges;
}

template <class T>
void EdgeSink<T>::write_site(std::int64_t layer, const at::Tensor& gradients) {
  sources_.open_kept_layer(layer);
  const std::vector<Task> all = tasks(batch_.active_slots(layer + 1));
  parallel_tasks(all.size(), [&](std::size_t i) {
    const Task& task = all[i];
    Scratch& scratch = scratch_[current_worker()];
    scratch.slots.clear();
    for (std::int64_t slot = task.first_slot; slot < task.end_slot; ++slot) {
      if (batch_.read(slot).position >= task.position) scratch.slots.push_back(slot);
    }
    if (scratch.slots.empty()) return;
    at::Tensor vectors = sources_.kept(task.position);
    if (!vectors.defined()) {
      scratch.vectors =
          reuse_buffer(scratch.vectors, {sources_.written_count(task.position), gradients.size(1)},
                       sources_.type());
      sources_.written(task.position, scratch.vectors);
      vectors = scratch.vectors;
    }
    vectors = vectors.to(products_);
    contract(task, gradients, vectors, scratch,
             [&](std::span<const std::int64_t> slots, const T* edges) {
               for (const std::int64_t slot : slots) {
                 add_edges(layer, task.position, slot, edges);
                 edges += vectors.size(0);
               }
             });
  });
}

template <class T>
void EdgeSink<T>::embedding(const at::Tensor& gradients) {
  const std::vector<Task> all = tasks(batch_.size());
  parallel_tasks(all.size(), [&](std::size_t i) {
    const Task& task = all[i];
    Scratch& scratch = scratch_[current_worker()];
    scratch.slots.clear();
    for (std::int64_t slot = task.first_slot; slot < task.end_slot; ++slot) {
      if (batch_.read(slot).position >= task.position) scratch.slots.push_back(slot);
    }
    const at::Tensor vector =
        sources_.token_embeddings().narrow(0, task.position, 1).to(gradients.scalar_type());
    contract(
        task, gradients, vector, scratch, [&](std::span<const std::int64_t> slots, const T* edges) {
          for (const std::int64_t slot : slots) {
            rows_[static_cast<std::size_t>(slot)]
                 [sources_.columns().token_place(batch_.read(slot), task.position)] += *edges++;
          }
        });
  });
}

template <class T>
void EdgeSink<T>::zeroed_values(std::int64_t layer, const at::Tensor& gradients) {
  const std::int64_t tokens = batch_.zero_positions();
  const at::Tensor values = sources_.zeroed_token_values(layer)
                                .to(gradients.scalar_type())
                                .permute({0, 2, 1})
                                .reshape({-1, tokens});  // [zero positions * values, tokens]
  const std::int64_t slots = gradients.size(0);
  const std::int64_t n_tasks = (slots + kSlotsPerTask - 1) / kSlotsPerTask;
  parallel_tasks(static_cast<std::size_t>(n_tasks), [&](std::size_t i) {
    const std::int64_t first = static_cast<std::int64_t>(i) * kSlotsPerTask;
    const std::int64_t count = std::min(kSlotsPerTask, slots - first);
    const at::Tensor edges = at::mm(gradients.narrow(0, first, count).reshape({count, -1}), values);
    const T* edge = edges.data_ptr<T>();
    for (std::int64_t slot = first; slot < first + count; ++slot) {
      T* row = rows_[static_cast<std::size_t>(slot)] +
               sources_.columns().token_place(batch_.read(slot), 0);
      for (std::int64_t token = 0; token < tokens; ++token) row[token] += *edge++;
    }
  });
}

template class EdgeSink<float>;
template class EdgeSink<double>;

}  // namespace circuit
