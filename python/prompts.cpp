// Prompts and what is loaded, as the library takes them.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "python/bindings.h"
#include "tracer/options.h"

namespace circuit::python {
namespace {

namespace py = pybind11;

using Messages = std::vector<std::pair<std::string, std::string>>;

PromptInput prompt_of_chat(const Messages& messages, std::optional<bool> reply,
                           const std::string& date) {
  Chat chat{.messages = {}, .ending = Chat::Ending::kAutomatic, .date = date};
  if (reply) chat.ending = *reply ? Chat::Ending::kAutomatic : Chat::Ending::kClosed;
  for (const auto& [role, content] : messages) {
    chat.messages.push_back({.role = role, .content = content});
  }
  return {.prompt = {}, .token_ids = {}, .chat = std::move(chat), .bos = {}};
}

ComputeType compute_type(const std::string& name) {
  if (name == "f32") return ComputeType::kF32;
  if (name == "f64") return ComputeType::kF64;
  if (name == "bf16") return ComputeType::kBF16;
  throw std::invalid_argument("[load] dtype is '" + name + "', expected 'f32', 'f64' or 'bf16'");
}

LoadOptions load_options(const std::filesystem::path& model,
                         const std::filesystem::path& transcoders, const std::filesystem::path& sae,
                         const std::string& dtype, int threads, const std::string& device,
                         bool tf32) {
  return {.model = model,
          .transcoders = transcoders,
          .sae = sae,
          .dtype = compute_type(dtype),
          .threads = threads,
          .device = device,
          .tf32 = tf32};
}

}  // namespace

void add_prompts(py::module_& module) {
  py::class_<LoadOptions>(module, "LoadOptions", "What is loaded, and where it is computed.")
      .def(py::init(&load_options), py::arg("model"), py::arg("transcoders"), py::arg("sae"),
           py::arg("dtype"), py::arg("threads"), py::arg("device"), py::arg("tf32"));
  py::class_<PromptInput>(module, "Prompt", "A text, ids of tokens, or a chat.")
      .def_static(
          "of_text",
          [](const std::string& text, const std::string& bos) {
            return PromptInput{.prompt = text, .token_ids = {}, .chat = {}, .bos = bos};
          },
          py::arg("text"), py::arg("bos"))
      .def_static(
          "of_ids",
          [](const std::vector<std::int32_t>& ids) {
            return PromptInput{.prompt = {}, .token_ids = ids, .chat = {}, .bos = {}};
          },
          py::arg("ids"))
      .def_static("of_chat", &prompt_of_chat, py::arg("messages"), py::arg("reply"),
                  py::arg("date"));
}

}  // namespace circuit::python
