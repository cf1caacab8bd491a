// Writes small byte-level tokenizer.json files whose ids a test can name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/tokenizer.h"

namespace circuit::testing {

/// The JSON of each member of the file. The vocabulary is the 256 bytes (id = byte), then for
/// each word the tokens by which its characters are merged from left to right.
struct SmallTokenizer {
  std::vector<std::string> words = {};
  std::string normalizer = "null";
  std::string pre_tokenizer =
      R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": true})";
  std::string post_processor = "null";
  std::string decoder = R"({"type": "ByteLevel"})";
  std::string added_tokens = "[]";
  std::string model_settings = {};  ///< such as R"("fuse_unk": true,)"

  std::string json() const;
  Tokenizer load() const;
  /// With tokenizer_config.json beside it.
  Tokenizer load(std::string_view config) const;
};

/// An entry of added_tokens; `settings` such as R"("lstrip": true,)".
std::string added_token(std::int32_t id, std::string_view content, bool is_special,
                        std::string_view settings = "");

}  // namespace circuit::testing
