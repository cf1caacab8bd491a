#include "graph/threshold.h"

#include <tbb/parallel_for.h>

namespace circuit {

void for_each_chunk(std::size_t n_chunks, const std::function<void(std::size_t)>& work) {
  tbb::parallel_for(std::size_t{0}, n_chunks, work);
}

}  // namespace circuit
