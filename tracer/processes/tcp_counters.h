// Counters in a c10d::TCPStore, shared by the processes of one launcher.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "tracer/processes/counters.h"
#include "tracer/processes/process_place.h"

namespace circuit {

/// Process 0 serves the store, all connect to it, for up to `patience`. Different `job`s do not see
/// each other's counters. Throws std::runtime_error `[processes] …` when the port
/// is taken or nobody answers; `add` throws it when the store is gone.
std::unique_ptr<Counters> open_tcp_counters(
    const ProcessPlace& place, const std::string& job,
    std::chrono::milliseconds patience = std::chrono::minutes(2));

}  // namespace circuit
