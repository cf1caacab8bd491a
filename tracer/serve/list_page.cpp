#include "tracer/serve/list_page.h"

#include <algorithm>
#include <array>
#include <optional>

#include "export/text/output_text.h"

namespace circuit::serve {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
input { font: inherit; padding: .3rem .6rem; width: min(30rem, 100%); }
table { border-collapse: collapse; margin-top: 1rem; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .35rem .7rem; text-align: left; vertical-align: top; }
td.text { overflow-wrap: break-word; white-space: pre-wrap; }
td.text:first-child { overflow-wrap: anywhere; }
th.number, td.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid; }
th[aria-sort=ascending] button::after { content: " \2191"; }
th[aria-sort=descending] button::after { content: " \2193"; }
.problem { color: #b3261e; }
td:last-child a { margin-right: .5rem; white-space: nowrap; }
@media (prefers-color-scheme: dark) { .problem { color: #f2b8b5; } a { color: #9ecbff; } }
)";

constexpr std::string_view kScript = R"(
"use strict";
const body = document.querySelector("tbody");
const rows = [...body.rows];
const count = document.getElementById("count");
const search = document.getElementById("search");
const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
const compare = (a, b, numbers) => numbers
  ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true });
document.querySelectorAll("th button").forEach((button, column) => {
  const head = button.parentElement;
  button.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of document.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numbers = head.classList.contains("number");
    const sorted = [...rows].sort((a, b) => {  // what has no value stands last either way
      const [x, y] = [value(a, column), value(b, column)];
      return (x === "") - (y === "") || (down ? -1 : 1) * compare(x, y, numbers);
    });
    body.append(...sorted);
  });
});
const filter = () => {
  const words = search.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) ++shown;
  }
  count.textContent = `${shown} of ${rows.length} graphs`;
};
search.addEventListener("input", filter);
search.parentElement.hidden = false;
filter();
)";

struct Column {
  std::string_view title;
  bool number = false;
};
constexpr std::array<Column, 7> kColumns = {{{"Prompt"},
                                             {"Name"},
                                             {"Tokens", true},
                                             {"Nodes", true},
                                             {"Edges", true},
                                             {"Replacement", true},
                                             {"Completeness", true}}};

std::string link(std::string_view place, std::string_view name, std::string_view text) {
  return "<a href=\"" + std::string(place) + percent_encoded(name) + "\">" + escape_xml(text) +
         "</a>";
}

std::string text_cell(const std::string& html) { return "<td class=\"text\">" + html + "</td>"; }

std::string number_cell(const std::string& value, const std::string& shown) {
  return "<td class=\"number\" data-value=\"" + value + "\">" + shown + "</td>";
}

std::string count_cell(std::optional<std::size_t> count) {
  const std::string text = count ? std::to_string(*count) : std::string();
  return number_cell(text, text);
}

std::string score_cell(std::optional<double> score) {
  return score ? number_cell(number_text(*score), fixed_text(*score, 3)) : number_cell("", "");
}

std::string files_cell(const FolderEntry& entry) {
  std::string links;
  for (const std::string& ending : entry.endings) {
    links += (links.empty() ? "" : " ") + link("/files/", entry.name + ending, ending.substr(1));
  }
  return text_cell(links);
}

std::string row(const FolderEntry& entry) {
  const auto& summary = entry.summary;
  const std::string prompt =
      summary
          ? link("/graphs/", entry.name, summary->prompt.empty() ? "(no prompt)" : summary->prompt)
          : "<span class=\"problem\">" + escape_xml(entry.problem) + "</span>";
  const auto count = [&](std::size_t GraphSummary::*member) {
    return count_cell(summary ? std::optional(&*summary->*member) : std::nullopt);
  };
  const Scores scores = summary ? summary->scores : Scores{};
  return "<tr>" + text_cell(prompt) + text_cell(escape_xml(entry.name)) +
         count(&GraphSummary::tokens) + count(&GraphSummary::nodes) + count(&GraphSummary::edges) +
         score_cell(scores.replacement) + score_cell(scores.completeness) + files_cell(entry) +
         "</tr>\n";
}

std::string heads() {
  std::string html = "<tr>";
  for (const Column& column : kColumns) {
    html += std::string("<th scope=\"col\"") + (column.number ? " class=\"number\"" : "") +
            "><button type=\"button\">" + std::string(column.title) + "</button></th>";
  }
  return html + "<th scope=\"col\">Files</th></tr>\n";
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return encoded;
}

std::string list_page_policy(std::string_view nonce) {
  const std::string allowed = "'nonce-" + std::string(nonce) + "'";
  return "default-src 'none'; img-src data:; style-src " + allowed + "; script-src " + allowed +
         "; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
}

std::string list_page(const FolderList& list, std::string_view folder, std::string_view nonce) {
  const std::string attribute = " nonce=\"" + std::string(nonce) + "\">";
  const std::string title = escape_xml(folder);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n<title>" +
      title + "</title>\n<style" + attribute + std::string(kStyle) + "</style>\n</head>\n<body>\n" +
      "<h1>Graphs of " + title +
      "</h1>\n<p hidden><input id=\"search\" type=\"search\" placeholder=\"Search\" "
      "aria-label=\"Search graphs\"> <span id=\"count\" role=\"status\"></span></p>\n"
      "<table>\n<thead>" +
      heads() + "</thead>\n<tbody>\n";
  for (const FolderEntry& entry : list.entries) html += row(entry);
  html += "</tbody>\n</table>\n";
  if (list.entries.empty()) {
    html += "<p>No graphs yet: <code>circuit trace --save-graph</code> writes one.</p>\n";
  }
  if (list.left_out > 0) {
    html += "<p>" + std::to_string(list.left_out) + " more are left out of this list.</p>\n";
  }
  return html + "<script" + attribute + std::string(kScript) + "</script>\n</body>\n</html>\n";
}

}  // namespace circuit::serve
