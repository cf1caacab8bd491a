#include "tracer/text/special_tokens.h"

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <simdjson.h>

namespace circuit {
namespace {

namespace ondemand = simdjson::ondemand;

// What a file says of a token: nothing at all, that there is none, or its text.
struct Statement {
  bool is_made = false;
  std::optional<std::string> text;
};
using Statements = std::array<Statement, 3>;  // of bos, eos, pad

constexpr std::array<std::string_view, 3> kKeys = {"bos_token", "eos_token", "pad_token"};

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw std::runtime_error("[load_tokenizer] " + file.string() + ": " + what);
}

void check(simdjson::error_code code, const std::filesystem::path& file) {
  if (code != simdjson::SUCCESS) {
    fail(file, std::string("is not valid JSON: ") + simdjson::error_message(code));
  }
}

// A name is a string, an object with the string "content", or null.
std::optional<std::string> read_name(ondemand::value value, std::string_view key,
                                     const std::filesystem::path& file) {
  ondemand::json_type type{};
  check(value.type().get(type), file);
  if (type == ondemand::json_type::null) {
    check(value.is_null().error(), file);
    return std::nullopt;
  }
  std::string_view name;
  if (type == ondemand::json_type::object) {
    check(value.get_object().find_field_unordered("content").get_string().get(name), file);
  } else if (type == ondemand::json_type::string) {
    check(value.get_string().get(name), file);
  } else {
    fail(file, std::string(key) + " is neither a string nor an object");
  }
  return std::string(name);
}

// On-Demand, because "model_max_length" often is an integer of 31 digits, which DOM refuses.
void read_statements(const std::filesystem::path& file, Statements& statements) {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(file, missing)) return;
  simdjson::padded_string json;
  if (const auto code = simdjson::padded_string::load(file.string()).get(json)) {
    fail(file, std::string("cannot be read: ") + simdjson::error_message(code));
  }
  ondemand::parser parser;
  ondemand::document document;
  check(parser.iterate(json).get(document), file);
  ondemand::object object;
  check(document.get_object().get(object), file);
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    check(field.unescaped_key().get(key), file);
    check(field.value().get(value), file);
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      if (key != kKeys[i] || statements[i].is_made) continue;
      statements[i] = {true, read_name(value, kKeys[i], file)};
      break;
    }
  }
}

}  // namespace

SpecialTokenNames read_special_token_names(const std::filesystem::path& folder) {
  Statements statements;
  read_statements(folder / "tokenizer_config.json", statements);
  read_statements(folder / "special_tokens_map.json", statements);
  return {std::move(statements[0].text), std::move(statements[1].text),
          std::move(statements[2].text)};
}

}  // namespace circuit
