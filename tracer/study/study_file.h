// A study as its file says it (docs/studies.md): checked for itself, before anything that it names
// is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/intervention/intervention.h"
#include "tracer/options.h"

namespace circuit {

/// Key of a prompt -> values that it may have.
using FieldFilter = std::map<std::string, std::vector<std::string>>;

struct StudyPrompts {
  std::filesystem::path file;   ///< or
  std::string text_template;    ///< with
  std::filesystem::path table;  ///< CSV
  FieldFilter where;
  std::int64_t limit = 0;  ///< 0 = all
};

struct StudyPairs {
  std::filesystem::path file;
  std::vector<std::string> splits;  ///< empty = all
  FieldFilter where;                ///< over other texts of a pair's line
};

/// How the features of a supernode are chosen from graphs of other prompts.
struct SelectRule {
  std::string field, value;
  std::vector<std::string> exclude_same;
  std::int64_t max = 20;
  std::vector<std::string> positions{"last"};  ///< roles: a field, or `last`
  std::optional<LayerRange> layers;
  std::optional<double> exclude_direct;  ///< share of influence, [0, 1]
  FieldFilter where;
  std::int64_t most_prompts = 16;  ///< of either side
};

struct StudySupernode {
  std::string name;
  std::filesystem::path file;  ///< with
  std::string group;           ///< or
  std::optional<SelectRule> select;
};

/// Values of the prompt `to` at places.
struct StudySwap {
  SwapKind kind = SwapKind::kFeatures;
  std::vector<std::string> positions{"last"};
  std::optional<LayerRange> layers;
  bool each_range = false;  ///< `layers: each`: one intervention for every range of layers
};

struct StudyIntervention {
  std::string name;
  std::vector<std::string> set;
  std::optional<StudySwap> swap;
  std::vector<double> strengths{1};
  Freeze freeze = Freeze::kAttention;
  std::optional<LayerRange> constrained;
};

enum class StudyControl : std::uint8_t {
  kNone,
  kRandomMatched,
  kWrongConcept,
  kActivation,
  kEmbedding,
  kWholePosition,
};
/// As files write it; empty of kNone.
std::string name_of(StudyControl control);

enum class StudyMetric : std::uint8_t { kTop1, kLogprob, kLogOdds, kRank, kKl, kLogitDifference };
std::string name_of(StudyMetric metric);

/// Strength and intervention are chosen on one split and reported on another.
struct StudyChoice {
  std::string on = "dev", report = "test";
  StudyMetric by = StudyMetric::kTop1;
  std::vector<std::string> among;  ///< names of interventions; empty = all
};

struct StudyThreshold {
  StudyMetric metric = StudyMetric::kTop1;
  double above = 0;
};

struct StudyPlot {
  enum class Kind : std::uint8_t { kBar, kLine, kHeat };

  Kind kind = Kind::kBar;
  std::string x, y, series;
  FieldFilter where;  ///< over columns of the summary
};

struct StudyReport {
  std::vector<std::string> group_by;
  std::string cluster;  ///< empty = none
  std::optional<StudyChoice> choose;
  std::optional<StudyThreshold> threshold;
  std::vector<StudyPlot> plots;
};

struct StudyFile {
  std::filesystem::path path;
  std::string name;
  std::uint64_t seed = 0;
  std::filesystem::path model, transcoders;  ///< empty = the bundled demo
  StudyPrompts prompts;
  std::optional<StudyPairs> pairs;
  AttributionOptions trace;  ///< `targets.named` with places
  std::vector<StudySupernode> supernodes;
  std::vector<StudyIntervention> interventions;
  std::vector<StudyControl> controls;
  std::vector<StudyMetric> metrics{StudyMetric::kTop1, StudyMetric::kLogprob};
  StudyReport report;

  const StudySupernode* find_supernode(std::string_view wanted) const;
  bool has(StudyControl control) const;
};

/// Reads and checks the file; paths in it begin at its folder. Throws std::runtime_error
/// `[read_study] FILE:LINE: …`.
StudyFile read_study_file(const std::filesystem::path& path);

/// The file with every default said: reads back as the same study, from any folder.
std::string resolved_study(const StudyFile& study);

/// `A..B` or one layer. Nothing for another text.
std::optional<LayerRange> parse_layers(std::string_view text);
std::string layers_text(const LayerRange& layers);

}  // namespace circuit
