// Long calls without Python's lock that Ctrl-C still ends.
#pragma once

#include <cstdint>
#include <string>

#include <pybind11/pybind11.h>

#include "tracer/options.h"

namespace circuit::python {

/// Calls `callback(stage, done, total)`, which may be None and must outlive what is returned; a
/// signal's handler runs first, so that KeyboardInterrupt leaves the library as any error does.
inline Progress progress_to(const pybind11::object& callback) {
  return [&callback](const std::string& stage, std::int64_t done, std::int64_t total) {
    const pybind11::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
    if (!callback.is_none()) callback(stage, done, total);
  };
}

}  // namespace circuit::python
