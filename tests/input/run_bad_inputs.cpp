/// Runs every case of tests/input/cases: a bad input and the exact problems that it must give.
///
/// NAME.case names a file on its first line and one override on each further line; NAME.expected is
/// the text that `busbar check` prints. BUSBAR_REGENERATE=1 writes what is printed today.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/cli/registries.h"
#include "sim/input/reader.h"

namespace busbar {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> cases() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator("tests/input/cases")) {
    if (entry.path().extension() == ".case") all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

class BadInput : public ::testing::TestWithParam<fs::path> {};

TEST_P(BadInput, GivesItsMessage) {
  std::istringstream lines(read(GetParam()));
  std::string file, line;
  std::getline(lines, file);
  std::vector<std::string> overrides;
  while (std::getline(lines, line)) {
    if (!line.empty()) overrides.push_back(line);
  }
  base::Diagnostics problems;
  const bool fine =
      input::check_file(file, overrides, cli::Registries().known(), problems, nullptr);
  std::ostringstream printed;
  problems.print(printed);
  EXPECT_FALSE(fine) << "accepted";
  fs::path expected = GetParam();
  expected.replace_extension(".expected");
  if (std::getenv("BUSBAR_REGENERATE") != nullptr) std::ofstream(expected) << printed.str();
  EXPECT_EQ(printed.str(), read(expected));
}

INSTANTIATE_TEST_SUITE_P(All, BadInput, ::testing::ValuesIn(cases()), [](const auto& test) {
  std::string name = test.param.stem().string();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

TEST(BadInputs, ThereAreSome) { EXPECT_GE(cases().size(), 30u); }

// What ships is fine.
TEST(GoodInputs, ShippedFilesAreAccepted) {
  for (const char* folder :
       {"platforms/worlds", "platforms/catalog", "platforms/catalog/efficiency", "workloads/mixes",
        "workloads/models", "workloads/scenarios"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      base::Diagnostics problems;
      input::check_file(entry.path().string(), {}, cli::Registries().known(), problems, nullptr);
      std::ostringstream printed;
      problems.print(printed);
      EXPECT_EQ(printed.str(), "") << entry.path();
    }
  }
}

}  // namespace
}  // namespace busbar
