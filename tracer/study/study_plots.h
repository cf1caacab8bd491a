// Pictures of a study's summary: bars and lines with intervals, and maps over two keys of prompts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tracer/study/study_file.h"
#include "tracer/study/study_inputs.h"
#include "tracer/study/study_model.h"
#include "tracer/study/summary.h"

namespace circuit {

/// The SVG of one plot; a plot without data says so.
std::string draw_plot(const StudyFile& study, const StudyPlot& plot, const StudyInputs& inputs,
                      const std::vector<SummaryRow>& rows, const std::vector<FinishedCell>& cells);

/// A feature `L_F_P` that a heat map shows; nothing for a metric's name.
std::optional<StudyChange> watched_feature(const std::string& series);

/// Throws std::runtime_error `[read_study] …` for keys that a plot cannot have.
void check_plots(const StudyFile& study);

}  // namespace circuit
