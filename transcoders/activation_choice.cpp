#include "transcoders/activation_choice.h"

#include <array>

namespace circuit {
namespace {

// The first name of a kind is the one that we write.
constexpr std::array<Named<ActivationKind>, 5> kActivations{{
    {ActivationKind::kRelu, "relu"},
    {ActivationKind::kJumpRelu, "jumprelu"},
    {ActivationKind::kJumpRelu, "jump_relu"},
    {ActivationKind::kTopK, "topk"},
    {ActivationKind::kGroupMax, "groupmax"},
}};

}  // namespace

std::string_view name_of(ActivationKind kind) {
  return name_in(std::span<const Named<ActivationKind>>(kActivations), kind);
}

ActivationChoice read_activation_choice(const ConfigReader& reader) {
  ActivationChoice choice;
  choice.said_in = reader.path();
  choice.kind = reader.choice("activation", std::span<const Named<ActivationKind>>(kActivations));
  choice.k = reader.positive_integer("k");
  const std::optional<bool> relu = reader.flag("topk_relu");
  const ActivationKind kind = choice.kind.value_or(ActivationKind::kTopK);
  if (choice.k && kind != ActivationKind::kTopK && kind != ActivationKind::kGroupMax) {
    reader.fail_key("k", "k is given, but activation is not topk or groupmax");
  }
  if (relu && kind != ActivationKind::kTopK) {
    reader.fail_key("topk_relu", "topk_relu is given, but activation is not topk");
  }
  choice.topk_relu = relu.value_or(false);
  return choice;
}

}  // namespace circuit
