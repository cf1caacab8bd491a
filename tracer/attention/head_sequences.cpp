#include "tracer/attention/head_sequences.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/replacement/frozen_layer.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// Ends through which less comes, against the weakest sequence listed, are followed no further.
// Below 1, since what comes through an end is a signed sum of sequences.
constexpr double kFollowed = 0.05;

// The end of a sequence: heads from the lowest to the target, and the target's gradient through
// exactly these, ahead of the lowest one's layer (or, without heads, where the target reads).
struct Ending {
  std::vector<Head> heads;
  at::Tensor gradient;  // [n, d_model]
};

// An ending made longer by a head below.
struct Longer {
  std::size_t ending = 0;
  Head head;
  double direct = 0;   // what comes to it through no other head
  double further = 0;  // and through others
};

bool stronger(const HeadSequence& a, const HeadSequence& b) {
  const double x = std::abs(a.weight), y = std::abs(b.weight);
  return x != y ? x > y : a.heads < b.heads;
}

class Search {
 public:
  Search(const ReplacementRun& run, const EdgeStreams& edge, const LoadingOptions& options)
      : run_(run), edge_(edge), options_(options) {}

  std::vector<HeadSequence> find() {
    std::vector<Ending> endings = {{.heads = {}, .gradient = end_gradient()}};
    while (!endings.empty()) {
      std::vector<Longer> longer = lengthen(endings);
      for (const Longer& one : longer) list(endings[one.ending], one);
      std::ranges::sort(longer, [](const Longer& a, const Longer& b) {
        return std::tuple(-std::abs(a.further), a.ending, a.head) <
               std::tuple(-std::abs(b.further), b.ending, b.head);
      });
      const double least =
          listed_.size() < options_.sequences ? 0.0 : std::abs(listed_.back().weight);
      std::erase_if(longer, [&](const Longer& one) {
        return one.further == 0.0 || std::abs(one.further) < kFollowed * least;
      });
      longer.resize(std::min(longer.size(), options_.beam));
      endings = follow(endings, longer);
    }
    return listed_;
  }

 private:
  // Behind the last layer of attention, the target's own gradient.
  at::Tensor end_gradient() const {
    if (edge_.alone.empty()) return {};
    at::Tensor gradient =
        at::zeros_like(edge_.ahead.front(), at::TensorOptions().dtype(sum_type(run_.model->dtype)));
    gradient[edge_.target.position].copy_(edge_.alone.back());
    return gradient;
  }

  // The topmost layer whose heads may stand below `ending`.
  std::int64_t top_layer(const Ending& ending) const {
    return ending.heads.empty() ? edge_.last : ending.heads.front().layer - 1;
  }

  // Calls visit(layer, endings, gradients [endings, n, d_model] behind its attention) downwards,
  // with all endings that lie above.
  template <class Visit>
  void sweep(const std::vector<Ending>& endings, Visit&& visit) const {
    std::vector<std::size_t> order;
    at::Tensor gradients;
    for (std::int64_t layer = edge_.last; layer >= edge_.first; --layer) {
      const FrozenLayer frozen(run_, layer, run_.n_positions());
      std::vector<at::Tensor> rows;
      if (gradients.defined()) rows.push_back(gradients);
      for (std::size_t i = 0; i < endings.size(); ++i) {
        if (top_layer(endings[i]) != layer) continue;
        order.push_back(i);
        rows.push_back(endings[i].gradient.unsqueeze(0));
      }
      if (rows.empty()) continue;
      gradients = at::cat(rows);
      // The end without heads is given behind attention of its layer, its skip counted.
      const bool counted = endings[order.front()].heads.empty() && layer == edge_.last;
      if (const at::Tensor skipped = counted ? at::Tensor() : frozen.pull_skipped(gradients);
          skipped.defined()) {
        gradients = gradients + skipped;
      }
      visit(layer, frozen, order, gradients);
    }
  }

  std::vector<Longer> lengthen(const std::vector<Ending>& endings) const {
    const std::int64_t n_heads = run_.model->config.n_heads;
    std::vector<Longer> longer;
    sweep(endings, [&](std::int64_t layer, const FrozenLayer& frozen,
                       const std::vector<std::size_t>& order, const at::Tensor& gradients) {
      const at::Tensor& heads = edge_.heads[static_cast<std::size_t>(layer - edge_.first)];
      const at::Tensor read = frozen.pull_added(gradients).to(at::kDouble);
      const auto by_head = [&](const at::Tensor& taken) {
        return (read * taken.to(at::kDouble))
            .reshape({read.size(0), read.size(1), n_heads, -1})
            .sum({1, 3})
            .to(at::kCPU)
            .contiguous();  // [endings, n_heads]
      };
      const at::Tensor direct = by_head(heads[0]), further = by_head(heads.sum(0) - heads[0]);
      for (std::size_t i = 0; i < order.size(); ++i) {
        for (std::int64_t h = 0; h < n_heads; ++h) {
          const auto place = static_cast<std::int64_t>(i) * n_heads + h;
          longer.push_back(
              {.ending = order[i],
               .head = {static_cast<std::int32_t>(layer), static_cast<std::int32_t>(h)},
               .direct = direct.data_ptr<double>()[place],
               .further = further.data_ptr<double>()[place]});
        }
      }
    });
    return longer;
  }

  void list(const Ending& ending, const Longer& one) {
    if (one.direct == 0.0) return;
    HeadSequence sequence{.heads = {one.head}, .weight = one.direct};
    sequence.heads.insert(sequence.heads.end(), ending.heads.begin(), ending.heads.end());
    listed_.insert(std::ranges::lower_bound(listed_, sequence, stronger), sequence);
    if (listed_.size() > options_.sequences) listed_.pop_back();
  }

  std::vector<Ending> follow(const std::vector<Ending>& endings,
                             const std::vector<Longer>& chosen) const {
    const ModelConfig& c = run_.model->config;
    std::vector<Ending> result;
    sweep(endings, [&](std::int64_t layer, const FrozenLayer& frozen,
                       const std::vector<std::size_t>& order, const at::Tensor& gradients) {
      for (const Longer& one : chosen) {
        if (one.head.layer != layer) continue;
        const auto row = std::ranges::find(order, one.ending) - order.begin();
        const at::Tensor read = frozen.pull_added(gradients[row]);  // [n, n_heads * d_head]
        at::Tensor of_head = at::zeros_like(read);
        const std::int64_t first = one.head.head * c.d_head;
        of_head.narrow(1, first, c.d_head).copy_(read.narrow(1, first, c.d_head));
        Ending ending{.heads = {one.head},
                      .gradient = frozen.pull_values(frozen.pull_mixed(of_head))};
        const std::vector<Head>& above = endings[one.ending].heads;
        ending.heads.insert(ending.heads.end(), above.begin(), above.end());
        result.push_back(std::move(ending));
      }
    });
    return result;
  }

  const ReplacementRun& run_;
  const EdgeStreams& edge_;
  const LoadingOptions& options_;
  std::vector<HeadSequence> listed_;
};

}  // namespace

std::vector<HeadSequence> head_sequences(const ReplacementRun& run, const EdgeStreams& edge,
                                         const LoadingOptions& options) {
  if (edge.heads.empty() || options.sequences == 0) return {};
  return Search(run, edge, options).find();
}

}  // namespace circuit
