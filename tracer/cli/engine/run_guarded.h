// The border of libcircuit_tracer: no exception leaves it.
#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include "tracer/cli/engine.h"
#include "tracer/cli/failure.h"

namespace circuit::cli {

/// Fills `call.report` with what `work` makes of the request; on any exception, `call.error` with
/// its line. Returns what the C function returns.
template <typename Call, typename Work>
int run_guarded(Call& call, std::string_view operation, Work&& work) noexcept {
  try {
    call.report = std::forward<Work>(work)(call.request);
    return 0;
  } catch (...) {
    call.error = failure_line(std::current_exception(), operation);
    return 1;
  }
}

}  // namespace circuit::cli
