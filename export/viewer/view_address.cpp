#include "export/viewer/view_address.h"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "export/viewer/viewer_document.h"

namespace circuit {
namespace {

using Json = nlohmann::json;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// As browsers read a parameter: `+` is a space, a `%` before anything but two digits is itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? hex_value(text[i + 1]) : -1;
    const int low = escape ? hex_value(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(16 * high + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

/// The parameters as one object of texts, which is how viewer files may hold them too.
Json parameters_of(std::string_view query) {
  Json parameters = Json::object();
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = decoded(pair.substr(0, equals));
    if (name == "pinnedIds" || name == "supernodes" || name == "clerps") {
      const std::string value = decoded(pair.substr(std::min(equals + 1, pair.size())));
      if (!is_valid_utf8(value)) {
        throw std::runtime_error("[view_address] " + name + " is not UTF-8");
      }
      parameters[name] = value;
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return parameters;
}

void require_utf8(const std::string& text) {
  if (is_valid_utf8(text)) return;
  throw std::invalid_argument("[view_address] '" + valid_utf8(text) + "' is not UTF-8");
}

std::string pins_text(const ViewState& state) {
  std::string text;
  for (const std::string& id : state.pinned_ids) {
    require_utf8(id);
    if (id.empty() || id.find(',') != std::string::npos) {
      throw std::invalid_argument("[view_address] pin '" + id + "', expected a node id");
    }
    text += (text.empty() ? "" : ",") + id;
  }
  return text;
}

/// An address that is read back must hold the same texts.
void require_utf8(const ViewState& state) {
  for (const ViewState::Supernode& group : state.supernodes) {
    require_utf8(group.name);
    for (const std::string& id : group.node_ids) require_utf8(id);
  }
  for (const auto& [id, label] : state.clerps) {
    require_utf8(id);
    require_utf8(label);
  }
}

}  // namespace

ViewState parse_view_address(std::string_view address) {
  const std::size_t begin = address.find('?');
  if (begin == std::string_view::npos) {
    throw std::runtime_error("[view_address] '" + one_line(shorten(address, 80)) +
                             "' has no parameters, expected …?pinnedIds=…&supernodes=…");
  }
  const std::string_view query = address.substr(begin + 1);
  try {
    return parse_view_state(parameters_of(query.substr(0, query.find('#'))).dump());
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    throw std::runtime_error(what.starts_with("[") ? what : "[view_address] " + what);
  }
}

std::string view_address(const ViewState& state, std::string_view page, std::string_view slug) {
  std::string address(page);
  char separator = page.find('?') == std::string_view::npos ? '?' : '&';
  const auto add = [&](const char* name, const std::string& value) {
    address += separator + std::string(name) + "=" + encoded(value);
    separator = '&';
  };
  add("slug", std::string(slug));
  if (!state.pinned_ids.empty()) add("pinnedIds", pins_text(state));
  require_utf8(state);
  if (!state.supernodes.empty()) add("supernodes", supernodes_json(state));
  if (!state.clerps.empty()) add("clerps", clerps_json(state));
  return address;
}

}  // namespace circuit
