#include "sim/base/diagnostics.h"

#include <gmock/gmock.h>

#include <sstream>

#include "sim/base/text.h"

namespace busbar::base {
namespace {

std::string printed(const Diagnostics& problems) {
  std::ostringstream out;
  problems.print(out);
  return out.str();
}

TEST(Diagnostics, ShowsTheLineAndACaret) {
  Diagnostics problems;
  problems.add_source("h100.xml", "<node>\n\t<cap limit='300'/>\n</node>\n");
  problems.error({"h100.xml", 2, 7}, "power cap '{}' has no unit", 300);
  EXPECT_EQ(printed(problems),
            "h100.xml:2:7: error: power cap '300' has no unit\n"
            "    \t<cap limit='300'/>\n"
            "    \t     ^\n");
}

// Sorted by place whatever the order of discovery; a problem found twice is one.
TEST(Diagnostics, SortsAndFoldsProblems) {
  Diagnostics problems;
  problems.error({"b.xml", 3, 1}, "third");
  problems.error({"b.xml", 2, 9}, "second");
  problems.warning({"a.xml", 7, 1}, "first");
  problems.error({"b.xml", 2, 9}, "second");
  EXPECT_EQ(problems.errors(), 2u);
  EXPECT_EQ(printed(problems),
            "a.xml:7:1: warning: first\nb.xml:2:9: error: second\nb.xml:3:1: error: third\n");
}

TEST(Diagnostics, PrintsAtMostFifty) {
  Diagnostics problems;
  for (int i = 1; i <= 60; ++i) problems.error({"a.xml", i, 1}, "problem {}", i);
  EXPECT_THAT(printed(problems), ::testing::HasSubstr("… and 10 more"));
}

// A line of a thousand characters is cut around the place, and the caret still points at it.
TEST(Diagnostics, CutsLongLinesAroundThePlace) {
  Diagnostics problems;
  std::string line(1000, 'x');
  line[500] = 'Y';
  problems.add_source("long", line);
  problems.error({"long", 1, 501}, "here");
  std::istringstream lines(printed(problems));
  std::string message, snippet, caret;
  std::getline(lines, message);
  std::getline(lines, snippet);
  std::getline(lines, caret);
  EXPECT_LT(snippet.size(), 200u);
  EXPECT_EQ(snippet[caret.find('^')], 'Y');
}

TEST(Suggestion, NamesTheNearest) {
  EXPECT_EQ(suggestion("easi", {"fcfs", "easy", "conservative"}),
            " did you mean 'easy'? known: conservative, easy, fcfs");
  EXPECT_EQ(suggestion("zzz", {"fcfs"}), " known: fcfs");
  EXPECT_EQ(nearest("conserv", {"conservative"}), "conservative");
}

}  // namespace
}  // namespace busbar::base
