#include "tracer/study/study_inputs.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include <simdjson.h>

#include "export/text/text_lines.h"
#include "tracer/study/csv.h"
#include "tracer/study/place_text.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

namespace dom = simdjson::dom;

[[noreturn]] void refuse(const StudyFile& study, const std::string& what) {
  throw std::runtime_error("[read_study] " + study.path.string() + ": " + what);
}

std::vector<PromptEntry> prompts_of_table(const StudyPrompts& prompts) {
  const CsvTable table = read_csv(prompts.table);
  std::vector<PromptEntry> entries;
  std::set<std::string> ids;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    PromptEntry entry{.line = table.lines[row], .id = std::to_string(table.lines[row])};
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string& column = table.columns[i];
      const std::string& value = table.rows[row][i];
      if (column == "id")
        entry.id = value;
      else if (column == "name")
        entry.name = value;
      else if (column == "answer")
        entry.answer = value;
      else if (column == "split")
        entry.split = value;
      else if (column == "family")
        entry.family = value;
      else
        entry.fields[column] = value;
    }
    const auto fail = [&](const std::string& what) {
      throw std::runtime_error("[read_table] " + prompts.table.string() + ":" +
                               std::to_string(entry.line) + ": " + what);
    };
    if (!ids.insert(entry.id).second) fail("id " + printable_name(entry.id) + " stands twice");
    try {
      entry.prompt = fill_places(prompts.text_template, {.from = &entry});
    } catch (const std::invalid_argument& error) {
      fail("template " + std::string(error.what()));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

struct PairEntry {
  std::size_t line = 0;
  std::string id, from, to, split;
  std::map<std::string, std::string> texts;  // all else
};

bool fits(const PairEntry& pair, const FieldFilter& filter) {
  return std::ranges::all_of(filter, [&](const auto& rule) {
    const auto found = pair.texts.find(rule.first);
    return found != pair.texts.end() &&
           std::ranges::find(rule.second, found->second) != rule.second.end();
  });
}

std::string text_member(const TextLines& lines, dom::object object, const char* key, bool needed) {
  std::string_view text;
  const auto value = object[key];
  if (!needed && (value.error() == simdjson::NO_SUCH_FIELD || value.is_null())) return "";
  if (value.get(text) != simdjson::SUCCESS) {
    lines.fail(std::string(key) + " is no text, expected {\"id\", \"from\", \"to\", \"split\"}");
  }
  return std::string(text);
}

std::vector<PairEntry> read_pairs(const std::filesystem::path& path) {
  TextLines lines(path, "read_pairs");
  std::vector<PairEntry> pairs;
  std::set<std::string> ids;
  dom::parser parser;
  std::size_t number = 0;
  while (const auto line = lines.next()) {
    ++number;
    if (line->find_first_not_of(" \t\r") == line->npos) continue;
    dom::object object;
    if (parser.parse(line->data(), line->size()).get(object) != simdjson::SUCCESS) {
      lines.fail("is no JSON object, expected {\"id\", \"from\", \"to\", \"split\"}");
    }
    PairEntry pair{.line = number,
                   .id = text_member(lines, object, "id", true),
                   .from = text_member(lines, object, "from", true),
                   .to = text_member(lines, object, "to", true),
                   .split = text_member(lines, object, "split", false),
                   .texts = {}};
    for (const auto [key, value] : object) {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) pair.texts.emplace(key, text);
    }
    if (!ids.insert(pair.id).second) lines.fail("id " + printable_name(pair.id) + " stands twice");
    if (pair.from == pair.to) lines.fail("from and to are the same prompt, expected two");
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

std::vector<StudyUnit> units_of_pairs(const StudyFile& study, StudyInputs& inputs,
                                      const std::set<std::string>& all_ids) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < inputs.prompts.size(); ++i) places[inputs.prompts[i].id] = i;
  std::vector<StudyUnit> units;
  for (PairEntry& pair : read_pairs(study.pairs->file)) {
    for (const std::string& id : {pair.from, pair.to}) {
      if (all_ids.contains(id)) continue;
      throw std::runtime_error("[read_pairs] " + study.pairs->file.string() + ":" +
                               std::to_string(pair.line) + ": there is no prompt " +
                               printable_name(id));
    }
    if (!study.pairs->splits.empty() &&
        std::ranges::find(study.pairs->splits, pair.split) == study.pairs->splits.end()) {
      continue;
    }
    if (!fits(pair, study.pairs->where)) continue;
    const auto from = places.find(pair.from), to = places.find(pair.to);
    if (from == places.end() && to == places.end()) continue;  // of another study
    if (from == places.end() || to == places.end()) {
      ++inputs.left_out["a prompt that where leaves out"];
      continue;
    }
    units.push_back({.pair_id = pair.id,
                     .from = from->second,
                     .to = to->second,
                     .split = pair.split,
                     .pair_texts = std::move(pair.texts)});
  }
  return units;
}

std::vector<StudyUnit> units_of_prompts(const StudyInputs& inputs) {
  std::vector<StudyUnit> units;
  for (std::size_t i = 0; i < inputs.prompts.size(); ++i) {
    units.push_back({.pair_id = "",
                     .from = i,
                     .to = std::nullopt,
                     .split = inputs.prompts[i].split.value_or(""),
                     .pair_texts = {}});
  }
  return units;
}

// The first `limit` of each split and group.
void obey_limit(const StudyFile& study, StudyInputs& inputs) {
  if (study.prompts.limit == 0) return;
  std::map<std::vector<std::string>, std::int64_t> taken;
  std::erase_if(inputs.units, [&](const StudyUnit& unit) {
    std::vector<std::string> group{unit.split};
    for (const std::string& key : study.report.group_by) {
      group.push_back(key_of(inputs, unit, key));
    }
    return ++taken[std::move(group)] > study.prompts.limit;
  });
}

void require_key(const StudyFile& study, const StudyInputs& inputs, const std::string& key,
                 const std::string& what) {
  const bool found = std::ranges::any_of(
      inputs.units, [&](const StudyUnit& unit) { return !key_of(inputs, unit, key).empty(); });
  if (!found) refuse(study, what + ": no tested prompt has " + printable_name(key));
}

void check_inputs(const StudyFile& study, const StudyInputs& inputs) {
  if (inputs.units.empty()) {
    refuse(study, study.pairs ? "no pair is left to test" : "no prompt is left to test");
  }
  for (const StudyUnit& unit : inputs.units) {
    for (const std::size_t prompt : {unit.from, unit.wanted()}) {
      if (inputs.prompts[prompt].answer && !inputs.prompts[prompt].answer->empty()) continue;
      refuse(study, "prompt " + printable_name(inputs.prompts[prompt].id) +
                        " is tested and has no answer, expected one");
    }
  }
  for (const std::string& key : study.report.group_by) require_key(study, inputs, key, "group_by");
  if (!study.report.cluster.empty()) {
    require_key(study, inputs, study.report.cluster, "cluster");
  }
  if (!study.report.choose) return;
  for (const std::string& split : {study.report.choose->on, study.report.choose->report}) {
    if (std::ranges::find(inputs.units, split, &StudyUnit::split) == inputs.units.end()) {
      refuse(study, "choose: nothing that is tested is of split " + printable_name(split));
    }
  }
}

}  // namespace

bool fits(const PromptEntry& prompt, const FieldFilter& filter) {
  return std::ranges::all_of(filter, [&](const auto& rule) {
    const auto value = value_of(prompt, rule.first);
    return value && std::ranges::find(rule.second, *value) != rule.second.end();
  });
}

std::string key_of(const StudyInputs& inputs, const StudyUnit& unit, std::string_view key) {
  if (key == "split") return unit.split;
  if (key.starts_with("pair.")) {
    const auto found = unit.pair_texts.find(std::string(key.substr(5)));
    return found == unit.pair_texts.end() ? "" : found->second;
  }
  const bool of_to = key.starts_with("to.");
  if (of_to && !unit.to) return "";
  const PromptEntry& prompt = inputs.prompts[of_to ? *unit.to : unit.from];
  if (of_to) key.remove_prefix(3);
  if (key.starts_with("from.")) key.remove_prefix(5);
  return value_of(prompt, key).value_or("");
}

StudyInputs read_study_inputs(const StudyFile& study) {
  StudyInputs inputs;
  if (study.prompts.file.empty()) {
    inputs.prompts = prompts_of_table(study.prompts);
  } else {
    PromptFile file = read_prompt_file(study.prompts.file);
    inputs.prompts = std::move(file.entries);
    inputs.warnings = std::move(file.warnings);
  }
  std::set<std::string> ids;
  for (const PromptEntry& prompt : inputs.prompts) ids.insert(prompt.id);
  std::erase_if(inputs.prompts,
                [&](const PromptEntry& prompt) { return !fits(prompt, study.prompts.where); });
  inputs.units = study.pairs ? units_of_pairs(study, inputs, ids) : units_of_prompts(inputs);
  const auto left_out = std::erase_if(inputs.units, [&](const StudyUnit& unit) {
    return unit.to && inputs.prompts[unit.from].answer == inputs.prompts[*unit.to].answer;
  });
  if (left_out > 0) inputs.left_out["equal answers"] = left_out;
  obey_limit(study, inputs);
  check_inputs(study, inputs);
  return inputs;
}

}  // namespace circuit
