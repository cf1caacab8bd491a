#include "tracer/attention/side_push.h"

#include <algorithm>
#include <cstring>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "tracer/replacement/frozen_layer.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// Sources of one position that are pushed together.
constexpr std::size_t kSourcesPerTask = 64;

constexpr std::int64_t kTokenLayer = -1;

// A source that writes at the position of its chunk.
struct Pushed {
  std::int64_t layer = kTokenLayer;
  std::int64_t column = 0;
  bool is_error = false;
};

struct Chunk {
  std::int64_t position = 0;
  std::vector<Pushed> sources;  // by layer
};

std::vector<Chunk> chunks_of(const ReplacementRun& run, const ColumnLayout& columns,
                             std::int64_t end_layer) {
  std::vector<Chunk> chunks;
  for (std::int64_t p = 0; p < columns.n_positions(); ++p) {
    std::vector<Pushed> sources = {{.column = columns.token_column(p)}};
    for (std::int64_t layer = 0; p >= run.zero_positions && layer < end_layer; ++layer) {
      const std::int64_t first = columns.first_feature(layer, p);
      for (std::int64_t i = 0; i < columns.feature_count(layer, p); ++i) {
        sources.push_back({.layer = layer, .column = first + i});
      }
      sources.push_back(
          {.layer = layer, .column = columns.error_column(layer, p), .is_error = true});
    }
    for (std::size_t first = 0; first < sources.size(); first += kSourcesPerTask) {
      const std::size_t end = std::min(sources.size(), first + kSourcesPerTask);
      chunks.push_back({.position = p,
                        .sources = {sources.begin() + static_cast<std::ptrdiff_t>(first),
                                    sources.begin() + static_cast<std::ptrdiff_t>(end)}});
    }
  }
  return chunks;
}

class ChunkPush {
 public:
  ChunkPush(const ReplacementRun& run, const ColumnLayout& columns, const Chunk& chunk)
      : run_(run),
        columns_(columns),
        chunk_(chunk),
        m_(run.n_positions() - chunk.position),
        streams_(at::zeros(
            {static_cast<std::int64_t>(chunk.sources.size()), m_, run.model->config.d_model},
            run.record.token_embeddings.options())) {
    if (chunk.sources.front().layer == kTokenLayer) {
      streams_[0][0].copy_(run.record.token_embeddings[chunk.position]);
    }
  }

  // `by_layer`: which readers read ahead of each layer.
  void run_through(std::span<const StreamReader> readers,
                   const std::vector<std::vector<std::size_t>>& by_layer,
                   std::vector<at::Tensor>& sides) {
    for (std::size_t index = 0; index < by_layer.size(); ++index) {
      const auto layer = static_cast<std::int64_t>(index);
      const std::int64_t active = sources_below(layer);
      const at::Tensor streams = streams_.narrow(0, 0, active);
      if (active > 0) {
        for (const std::size_t reader : by_layer[index])
          read(readers[reader], streams, sides[reader]);
      }
      if (index + 1 == by_layer.size()) break;
      if (active > 0) pass(layer, streams);
      write(layer);
    }
  }

 private:
  // Those that have written ahead of `layer`: a prefix.
  std::int64_t sources_below(std::int64_t layer) const {
    return std::ranges::lower_bound(chunk_.sources, layer, {}, &Pushed::layer) -
           chunk_.sources.begin();
  }

  void pass(std::int64_t layer, at::Tensor streams) const {
    const FrozenLayer frozen(run_, layer, m_, chunk_.position);
    streams += frozen.added(frozen.mixed(frozen.values(streams)));
    if (const at::Tensor skipped = frozen.skipped(streams); skipped.defined()) streams += skipped;
  }

  void write(std::int64_t layer) {
    const FrozenLayer here(run_, layer, 1, chunk_.position);
    const std::int64_t end = sources_below(layer + 1);
    for (std::int64_t first = 0; first < end;) {
      const Pushed& source = chunk_.sources[static_cast<std::size_t>(first)];
      std::int64_t count = 1;
      if (source.layer != kTokenLayer && !source.is_error) {
        while (first + count < end && alike(source, first + count)) ++count;
      }
      if (const at::Tensor rows = written(source, count, layer); rows.defined()) {
        streams_.narrow(0, first, count)
            .select(1, 0)
            .add_(here.written(rows.to(run_.device()).unsqueeze(1)).squeeze(1));
      }
      first += count;
    }
  }

  bool alike(const Pushed& source, std::int64_t other) const {
    const Pushed& next = chunk_.sources[static_cast<std::size_t>(other)];
    return next.layer == source.layer && !next.is_error;
  }

  // What `count` features from `source` on, or it alone, write into `layer`: [count, d_model].
  at::Tensor written(const Pushed& source, std::int64_t count, std::int64_t layer) const {
    if (source.layer == kTokenLayer) return {};
    if (source.is_error) {
      if (source.layer != layer) return {};
      return run_.errors[static_cast<std::size_t>(layer)].narrow(0, chunk_.position, 1);
    }
    if (run_.transcoders->last_written_layer(source.layer) < layer) return {};
    const ScaledRows scaled = run_.written_rows(source.layer, layer);
    at::Tensor rows = at::empty({count, scaled.rows.size(1)}, scaled.rows.options());
    gather_scaled_rows(rows, scaled, source.column - columns_.first_feature(source.layer, 0),
                       count);
    return rows.to(sum_type(run_.model->dtype));
  }

  void read(const StreamReader& reader, const at::Tensor& streams, at::Tensor& side) const {
    if (reader.read.position < chunk_.position) return;
    const at::Tensor values =
        product(streams.select(1, reader.read.position - chunk_.position).contiguous(),
                reader.covectors.t())
            .to(at::kCPU)
            .contiguous();  // [active, d]
    const auto row_bytes = static_cast<std::size_t>(values.size(1)) * values.element_size();
    const auto* from = static_cast<const char*>(values.data_ptr());
    auto* to = static_cast<char*>(side.data_ptr());
    for (std::int64_t i = 0; i < values.size(0); ++i) {
      const auto place = static_cast<std::size_t>(
          place_of(chunk_.sources[static_cast<std::size_t>(i)], reader.read));
      std::memcpy(to + place * row_bytes, from + static_cast<std::size_t>(i) * row_bytes,
                  row_bytes);
    }
  }

  std::int64_t place_of(const Pushed& source, const ReadPoint& read) const {
    if (source.layer == kTokenLayer) return columns_.token_place(read, chunk_.position);
    if (source.is_error) return columns_.error_place(read, source.layer, chunk_.position);
    return columns_.features_begin(read, source.layer, chunk_.position) + source.column -
           columns_.first_feature(source.layer, chunk_.position);
  }

  const ReplacementRun& run_;
  const ColumnLayout& columns_;
  const Chunk& chunk_;
  std::int64_t m_;      // positions from the chunk's on
  at::Tensor streams_;  // [sources, m, d_model]
};

}  // namespace

std::vector<at::Tensor> push_to(const ReplacementRun& run, const ColumnLayout& columns,
                                std::span<const StreamReader> readers) {
  std::vector<at::Tensor> sides;
  std::vector<std::vector<std::size_t>> by_layer;
  for (std::size_t i = 0; i < readers.size(); ++i) {
    const auto layer = static_cast<std::size_t>(readers[i].read.layer);
    if (by_layer.size() <= layer) by_layer.resize(layer + 1);
    by_layer[layer].push_back(i);
    sides.push_back(at::zeros({columns.width(readers[i].read), readers[i].covectors.size(0)},
                              sum_type(run.model->dtype)));
  }
  const std::vector<Chunk> chunks =
      chunks_of(run, columns, static_cast<std::int64_t>(by_layer.size()) - 1);
  parallel_tasks(chunks.size(), [&](std::size_t i) {
    ChunkPush(run, columns, chunks[i]).run_through(readers, by_layer, sides);
  });
  return sides;
}

}  // namespace circuit
