#include "tracer/serve/reply.h"

namespace circuit::serve {

Reply text_reply(int status, std::shared_ptr<const std::string> text, std::string content_type) {
  Reply reply{.status = status, .content_type = std::move(content_type), .size = text->size()};
  reply.body = [kept = std::move(text)](std::uint64_t begin, std::uint64_t size,
                                        const Piece& piece) {
    return piece(std::string_view(*kept).substr(begin, size));
  };
  return reply;
}

Reply text_reply(int status, std::string text, std::string content_type) {
  return text_reply(status, std::make_shared<const std::string>(std::move(text)),
                    std::move(content_type));
}

Reply message_reply(int status, std::string_view message) {
  return text_reply(status, std::string(message) + "\n", "text/plain; charset=utf-8");
}

const Headers& security_headers() {
  static const Headers headers = {{"X-Content-Type-Options", "nosniff"},
                                  {"X-Frame-Options", "DENY"},
                                  {"Referrer-Policy", "no-referrer"},
                                  {"Cross-Origin-Opener-Policy", "same-origin"},
                                  {"Cross-Origin-Resource-Policy", "same-origin"}};
  return headers;
}

std::string_view status_phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Refused";
  }
}

}  // namespace circuit::serve
