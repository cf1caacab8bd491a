// The studies of examples/studies on the bundled model. By default with one pair of each group,
// against tests/examples/expected; with CIRCUIT_WHOLE_STUDIES in the environment whole, which takes
// minutes each, against the results that their README reports.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"
#include "tracer/study/csv.h"

namespace circuit::studies {
namespace {

using circuit::testing::TempDir;
using cli::testing::run_circuit;
namespace fs = std::filesystem;

const fs::path kStudies = fs::path(CIRCUIT_DEMO_DIR).parent_path() / "studies";
const fs::path kExpected = fs::path(CIRCUIT_EXPECTED_DIR);

std::vector<std::string> study_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kStudies)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

// Another processor may round otherwise. Estimates are of the size of 1 to 20.
bool agrees(const std::string& expected, const std::string& found) {
  if (expected == found) return true;
  char *end = nullptr, *found_end = nullptr;
  const double number = std::strtod(expected.c_str(), &end);
  const double found_number = std::strtod(found.c_str(), &found_end);
  return !expected.empty() && !found.empty() && *end == '\0' && *found_end == '\0' &&
         std::abs(number - found_number) <= 1e-3;
}

void expect_same_table(const fs::path& expected_path, const fs::path& found_path) {
  const CsvTable expected = read_csv(expected_path), found = read_csv(found_path);
  EXPECT_EQ(found.columns, expected.columns);
  ASSERT_EQ(found.rows.size(), expected.rows.size());
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    for (std::size_t column = 0; column < found.columns.size(); ++column) {
      EXPECT_TRUE(agrees(expected.rows[row][column], found.rows[row][column]))
          << expected_path << ":" << expected.lines[row] << ", " << found.columns[column] << ": "
          << found.rows[row][column] << ", expected " << expected.rows[row][column];
    }
  }
}

class ExampleStudy : public ::testing::TestWithParam<std::string> {
 protected:
  fs::path run(std::vector<std::string> options) const {
    std::vector<std::string> arguments = {"study", kStudies / (GetParam() + ".yaml"), "--out",
                                          folder_.path()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto result = run_circuit(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return folder_ / "summary.csv";
  }

 private:
  TempDir folder_;
};

TEST_P(ExampleStudy, GivesWhatIsExpectedOfOnePairOfEachGroup) {
  expect_same_table(kExpected / (GetParam() + ".csv"), run({"--limit", "1"}));
}

TEST_P(ExampleStudy, GivesWhatIsReported) {
  if (std::getenv("CIRCUIT_WHOLE_STUDIES") == nullptr) {
    GTEST_SKIP() << "takes minutes: set CIRCUIT_WHOLE_STUDIES to run it";
  }
  expect_same_table(kStudies / "results" / (GetParam() + ".csv"), run({}));
}

INSTANTIATE_TEST_SUITE_P(All, ExampleStudy, ::testing::ValuesIn(study_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace circuit::studies
