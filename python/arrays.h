// NumPy arrays on memory of ours, without copying it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "graph/node.h"

namespace circuit::python {

namespace py = pybind11;

/// One node as a row of a table; `kind` is the value of NodeKind.
struct NodeRow {
  std::int32_t kind = 0, layer = 0, position = 0, feature = 0;
  float activation = 0;  ///< of features, else 0
  double weight = 0;     ///< of targets, else 0
};

/// Read-only, on memory that `owner` holds and does not change: the array keeps `owner` alive.
template <typename T>
py::array_t<T> view_of(const T* data, std::size_t size, const py::handle& owner) {
  py::array_t<T> array(static_cast<py::ssize_t>(size), data, owner);
  array.attr("setflags")(py::arg("write") = false);
  return array;
}

template <typename T>
py::array_t<T> view_of(const std::vector<T>& values, const py::handle& owner) {
  return view_of(values.data(), values.size(), owner);
}

/// A mask of 0 and 1 as an array of bool, in the same way.
inline py::array_t<bool> mask_view_of(const std::vector<std::uint8_t>& mask,
                                      const py::handle& owner) {
  static_assert(sizeof(bool) == sizeof(std::uint8_t));
  return view_of(reinterpret_cast<const bool*>(mask.data()), mask.size(), owner);
}

/// An array of this shape that owns `values`.
template <typename T>
py::array_t<T> array_of(std::vector<T> values, const std::vector<py::ssize_t>& shape) {
  auto held = std::make_unique<std::vector<T>>(std::move(values));
  T* const data = held->data();
  const py::capsule owner(held.get(), [](void* held_values) {
    const std::unique_ptr<std::vector<T>> last(static_cast<std::vector<T>*>(held_values));
  });
  held.release();  // the capsule has it
  return py::array_t<T>(shape, data, owner);
}

template <typename T>
py::array_t<T> array_of(std::vector<T> values) {
  const auto size = static_cast<py::ssize_t>(values.size());
  return array_of(std::move(values), {size});
}

}  // namespace circuit::python
