#include "tests/fuzz/fuzz_target.h"
#include "tracer/text/chat/chat_template.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace circuit;
  const std::string_view source(reinterpret_cast<const char*>(bytes), size);
  const Chat chat{.messages = {{"system", " Be brief. "},
                               {"user", "W\u00f6rld"},
                               {"assistant", std::vector<std::string>{"a", " b"}}},
                  .date = "2024-07-26"};
  fuzz::expect_value_or_message(size, {.per_byte = 1024, .fixed = std::size_t{64} << 20}, [&] {
    const ChatTemplate parsed = ChatTemplate::parse(source, "t", {{"bos_token", "<s>"}});
    const RenderedChat rendered = parsed.render(chat, {.work = 1 << 20});
    for (const RenderedMessage& message : rendered.messages) {
      // What is told of a message is inside the text; substr throws where it is not.
      if (message.content) fuzz::use(rendered.text.substr(message.content->end).size() & 1);
    }
  });
  return 0;
}
