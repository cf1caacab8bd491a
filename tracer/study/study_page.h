// `report.html`: what a study found, on one page that needs nothing else.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tracer/study/study_file.h"
#include "tracer/study/summary.h"

namespace circuit {

struct StudyFindings {
  std::vector<SummaryRow> rows;
  std::vector<ChosenTry> chosen;
  std::vector<Claim> claims;  ///< refer to `rows`
  std::size_t prompts = 0;    ///< or pairs
  std::size_t cells = 0;      ///< finished
  std::size_t failed = 0;
  std::map<std::string, std::size_t> left_out;  ///< why -> pairs or cells
  std::vector<std::string> plots;               ///< SVG
};

std::string study_page(const StudyFile& study, const StudyFindings& findings);

}  // namespace circuit
