#include <stdexcept>

#include "tracer/study/study_changes.h"

namespace circuit {
namespace {

// Up to the sign of the operation.
std::size_t end_of_node(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return text.npos;
  return equals > 0 && text[equals - 1] == '+' ? equals - 1 : equals;
}

// Numbers are read by the grammar of features.
FeatureEdit parse_operation(std::string_view text, const std::string& operation) {
  try {
    return parse_feature_edit("0_0_1" + operation);
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument("'" + std::string(text) +
                                "' is no change of a supernode, expected @NAME with =VALUE, "
                                "=xFACTOR, +=VALUE, =mean or =meanxFACTOR");
  }
}

}  // namespace

std::string supernode_name(std::string_view entry) {
  if (!entry.starts_with('@')) return "";
  return std::string(
      entry.substr(1, end_of_node(entry) == entry.npos ? entry.npos : end_of_node(entry) - 1));
}

SetEntry parse_set_entry(std::string_view text) {
  if (!text.starts_with('@')) return {.supernode = "", .edit = parse_feature_edit(text)};
  SetEntry entry{.supernode = supernode_name(text), .edit = {}};
  std::string operation;
  if (end_of_node(text) != text.npos) operation = text.substr(end_of_node(text));
  constexpr std::string_view kMean = "=mean";
  entry.mean = operation == kMean || operation.starts_with("=meanx");
  if (entry.mean) operation = operation == kMean ? "=x1" : "=" + operation.substr(kMean.size());
  entry.edit = parse_operation(text, operation);
  if (entry.edit.operation > FeatureEdit::Operation::kAdd) parse_operation(text, "");
  entry.edit.text = text;
  return entry;
}

}  // namespace circuit
