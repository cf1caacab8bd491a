#include "tracer/text/chat/chat_template.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

using jinja::MarkedText;
using jinja::Value;

// Where a byte of the rendered text came from.
std::int32_t content_tag(std::size_t message) { return static_cast<std::int32_t>(2 * message); }
std::int32_t turn_tag(std::size_t message) { return static_cast<std::int32_t>(2 * message + 1); }

Value content_value(const ChatMessage& message, std::int32_t tag) {
  if (const auto* const text = std::get_if<std::string>(&message.content)) {
    return MarkedText(*text, tag);
  }
  std::vector<Value> parts;
  for (const std::string& text : std::get<std::vector<std::string>>(message.content)) {
    jinja::Dict part;
    part.set("type", "text");
    part.set("text", MarkedText(text, tag));
    parts.emplace_back(std::move(part));
  }
  return jinja::make_list(std::move(parts));
}

Value messages_value(const Chat& chat) {
  std::vector<Value> messages;
  for (std::size_t i = 0; i < chat.messages.size(); ++i) {
    jinja::Dict message;
    message.tag = turn_tag(i);
    message.set("role", chat.messages[i].role);
    message.set("content", content_value(chat.messages[i], content_tag(i)));
    messages.emplace_back(std::move(message));
  }
  return jinja::make_list(std::move(messages));
}

/// From the first to the last byte that is marked so.
std::optional<ByteRange> hull(const MarkedText& text, std::int32_t tag) {
  std::optional<ByteRange> range;
  for (const jinja::Mark& mark : text.marks()) {
    if (mark.tag != tag) continue;
    if (!range) range = ByteRange{mark.begin, mark.end};
    range->begin = std::min(range->begin, mark.begin);
    range->end = std::max(range->end, mark.end);
  }
  return range;
}

std::size_t common_begin(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

void check_texts(const Chat& chat) {
  if (chat.messages.empty()) {
    throw std::invalid_argument("[chat_template] there is no message, expected at least one");
  }
  for (const ChatMessage& message : chat.messages) {
    check_utf8(message.role, "chat_template", "a role");
    if (const auto* const text = std::get_if<std::string>(&message.content)) {
      check_utf8(*text, "chat_template", "a message");
      continue;
    }
    for (const std::string& text : std::get<std::vector<std::string>>(message.content)) {
      check_utf8(text, "chat_template", "a message");
    }
  }
}

/// The text ends with the content of the last message, behind which nothing was said yet.
void leave_open(RenderedChat& rendered, const std::string& name) {
  const std::optional<ByteRange> content = rendered.messages.back().content;
  if (!content) {
    throw std::invalid_argument("[chat_template] " + name +
                                ": leaves the last message out, expected one to continue");
  }
  const std::size_t end = content->end;
  rendered.text.resize(end);
  rendered.reply = end;
  for (RenderedMessage& message : rendered.messages) {
    for (std::optional<ByteRange>* const range : {&message.content, &message.turn}) {
      if (!*range) continue;
      (*range)->begin = std::min((*range)->begin, end);
      (*range)->end = std::min((*range)->end, end);
    }
  }
}

}  // namespace

bool is_of_assistant(const ChatMessage& message) {
  return message.role == "assistant" || message.role == "model";
}

jinja::Date parse_date(std::string_view text) {
  jinja::Date date;
  const auto read = [&](std::size_t begin, std::size_t end, int& number) {
    if (text.size() < end) return false;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    return error == std::errc() && stop == text.data() + end && number >= 0;
  };
  const bool has_form = text.size() == 10 && text[4] == '-' && text[7] == '-' &&
                        read(0, 4, date.year) && read(5, 7, date.month) && read(8, 10, date.day);
  const std::chrono::year_month_day day(std::chrono::year(date.year),
                                        std::chrono::month(static_cast<unsigned>(date.month)),
                                        std::chrono::day(static_cast<unsigned>(date.day)));
  if (!has_form || !day.ok()) {
    throw std::invalid_argument("[parse_date] '" + std::string(text) +
                                "' is no day, expected YYYY-MM-DD");
  }
  return date;
}

ChatTemplate ChatTemplate::parse(std::string_view source, std::string name,
                                 std::map<std::string, std::string> special_tokens) {
  return {jinja::Template::parse(source, std::move(name)), std::move(special_tokens)};
}

jinja::MarkedText ChatTemplate::run(const Chat& chat, bool begins_reply,
                                    const jinja::Limits& limits) const {
  jinja::Dict variables;
  for (const auto& [name, text] : special_tokens_) variables.set(name, text);
  variables.set("messages", messages_value(chat));
  variables.set("tools", jinja::None{});
  variables.set("documents", jinja::None{});
  variables.set("add_generation_prompt", begins_reply);
  jinja::RenderOptions options{.limits = limits};
  if (!chat.date.empty()) options.date = parse_date(chat.date);
  return template_.render(variables, options);
}

RenderedChat ChatTemplate::render(const Chat& chat, const jinja::Limits& limits) const {
  check_texts(chat);
  const bool begins_reply =
      chat.ending == Chat::Ending::kAutomatic && !is_of_assistant(chat.messages.back());
  const MarkedText text = run(chat, begins_reply, limits);
  RenderedChat rendered{.text = text.bytes(), .messages = {}, .reply = text.size()};
  for (std::size_t i = 0; i < chat.messages.size(); ++i) {
    rendered.messages.push_back({.role = chat.messages[i].role,
                                 .content = hull(text, content_tag(i)),
                                 .turn = hull(text, turn_tag(i))});
  }
  if (begins_reply) {
    rendered.reply = common_begin(rendered.text, run(chat, /*begins_reply=*/false, limits).bytes());
  }
  if (chat.ending == Chat::Ending::kContinued) leave_open(rendered, template_.name());
  return rendered;
}

}  // namespace circuit
