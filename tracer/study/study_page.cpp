#include "tracer/study/study_page.h"

#include "export/text/output_text.h"

namespace circuit {
namespace {

constexpr const char* kStyle =
    "body{font:14px/1.45 'DejaVu Sans',sans-serif;color:#1B2530;max-width:72rem;margin:2rem auto;"
    "padding:0 1rem}table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.15rem .6rem;"
    "border-bottom:1px solid #D8DEE4;text-align:left}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums}pre{background:#F4F6F8;padding:.8rem;overflow:auto}"
    "figure{margin:1rem 0}svg{max-width:100%;height:auto}";

std::string cell(const std::string& text, bool number = false) {
  return (number ? "<td class=n>" : "<td>") + escape_xml(text) + "</td>";
}

std::string head(const std::vector<std::string>& names) {
  std::string row = "<tr>";
  for (const std::string& name : names) row += "<th>" + escape_xml(name) + "</th>";
  return row + "</tr>\n";
}

std::string joined(const std::vector<std::string>& group) {
  std::string text;
  for (const std::string& value : group) text += (text.empty() ? "" : ", ") + value;
  return text.empty() ? "all" : text;
}

std::string claims_part(const StudyFindings& findings) {
  if (findings.claims.empty()) return "";
  std::string text =
      "<h2>Claim</h2>\n<table>\n" + head({"group", "intervention", "strength", "verdict"});
  for (const Claim& claim : findings.claims) {
    text += "<tr>" + cell(joined(claim.group)) + cell(claim.intervention) +
            cell(number_text(claim.strength), true) + cell(claim.verdict) + "</tr>\n";
  }
  return text + "</table>\n";
}

std::string chosen_part(const StudyFile& study, const StudyFindings& findings) {
  if (!study.report.choose) return "";
  const StudyChoice& choice = *study.report.choose;
  std::string text = "<h2>Chosen on " + escape_xml(choice.on) + ", reported on " +
                     escape_xml(choice.report) + "</h2>\n<table>\n" +
                     head({"group", "intervention", "strength", name_of(choice.by)});
  for (const ChosenTry& one : findings.chosen) {
    text += "<tr>" + cell(joined(one.group)) + cell(one.intervention) +
            cell(number_text(one.strength), true) + cell(fixed_text(one.score, 4), true) +
            "</tr>\n";
  }
  return text + "</table>\n";
}

std::string counts_part(const StudyFindings& findings) {
  std::string text = "<h2>Counts</h2>\n<table>\n";
  const auto add = [&](const std::string& what, std::size_t count) {
    text += "<tr>" + cell(what) + cell(std::to_string(count), true) + "</tr>\n";
  };
  add("prompts or pairs tested", findings.prompts);
  add("cells finished", findings.cells);
  add("cells failed", findings.failed);
  for (const auto& [why, count] : findings.left_out) add("left out: " + why, count);
  return text + "</table>\n";
}

std::string rows_part(const StudyFile& study, const StudyFindings& findings) {
  std::vector<std::string> names = summary_columns(study);
  for (const char* const name : {"intervention", "control", "strength", "metric", "n", "clusters",
                                 "estimate", "low", "high"}) {
    names.emplace_back(name);
  }
  std::string text =
      "<h2>Summary</h2>\n<p>95 % intervals: Wilson's for top1, whole clusters "
      "resampled for the rest.</p>\n<table>\n" +
      head(names);
  for (const SummaryRow& row : findings.rows) {
    text += "<tr>";
    for (const std::string& value : row.group) text += cell(value);
    text +=
        cell(row.intervention) + cell(row.control) + cell(number_text(row.strength), true) +
        cell(row.metric) + cell(std::to_string(row.n), true) +
        cell(std::to_string(row.clusters) + (row.clusters < kFewestClusters ? " (too few)" : ""),
             true) +
        cell(fixed_text(row.estimate, 4), true) + cell(fixed_text(row.low, 4), true) +
        cell(fixed_text(row.high, 4), true) + "</tr>\n";
  }
  return text + "</table>\n";
}

}  // namespace

std::string study_page(const StudyFile& study, const StudyFindings& findings) {
  std::string text = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     escape_xml(study.name) + "</title><style>" + kStyle +
                     "</style></head><body>\n<h1>" + escape_xml(study.name) + "</h1>\n";
  text += claims_part(findings) + chosen_part(study, findings) + counts_part(findings);
  for (const std::string& plot : findings.plots) {
    // Inside HTML an SVG has no XML declaration.
    text += "<figure>" + plot.substr(plot.find("<svg")) + "</figure>\n";
  }
  text += rows_part(study, findings);
  text += "<h2>Study</h2>\n<pre>";
  std::string yaml = resolved_study(study);
  for (std::size_t begin = 0; begin < yaml.size();) {
    const std::size_t end = yaml.find('\n', begin);
    text += escape_xml(yaml.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return text + "</pre>\n</body></html>\n";
}

}  // namespace circuit
