#include "sim/base/rows.h"

#include <gmock/gmock.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "sim/base/error.h"

namespace busbar::base {
namespace {

using ::testing::ElementsAre;

std::string path_of(const std::string& name) {
  return ::testing::TempDir() + "rows-" + std::to_string(getpid()) + "-" + name;
}
std::string write(const std::string& text) {
  const std::string path = path_of("plain");
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(CsvReader, ReadsQuotesLineEndsAndEmptyLines) {
  CsvReader csv(write("\xEF\xBB\xBFname, note \r\n\"a,b\",\"say \"\"hi\"\"\"\r\n\r\nc,\n"));
  Diagnostics problems;
  EXPECT_THAT(csv.header(), ElementsAre("name", "note"));
  ASSERT_TRUE(csv.next(problems));
  EXPECT_THAT(csv.fields(), ElementsAre("a,b", "say \"hi\""));
  ASSERT_TRUE(csv.next(problems));
  EXPECT_THAT(csv.fields(), ElementsAre("c", ""));
  EXPECT_EQ(csv.where().line, 4);
  EXPECT_FALSE(csv.next(problems));
  EXPECT_FALSE(problems.has_errors());
}

TEST(CsvReader, ReportsRowsOfAnotherWidth) {
  CsvReader csv(write("a,b\n1,2,3\n4,5\n\"6,7\n"));
  Diagnostics problems;
  ASSERT_TRUE(csv.next(problems));
  EXPECT_THAT(csv.fields(), ElementsAre("4", "5"));
  EXPECT_FALSE(csv.next(problems));
  EXPECT_EQ(problems.errors(), 2u);
  EXPECT_EQ(problems.all()[0].where.line, 2);
}

TEST(LineReader, ReadsGzipAndTellsATruncatedOne) {
  const std::string path = path_of("gz");
  gzFile file = gzopen(path.c_str(), "wb");
  for (int i = 0; i < 20000; ++i) gzprintf(file, "line %d %d\n", i, i * 7919 % 65537);
  gzclose(file);
  LineReader whole(path);
  int count = 0;
  while (whole.next()) ++count;
  EXPECT_EQ(count, 20000);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  LineReader half(path);
  EXPECT_THROW(
      {
        while (half.next()) {
        }
      },
      IoError);
}

TEST(ParseNumber, TakesTheWholeText) {
  EXPECT_EQ(parse_number(" 1.5e3 "), 1500.0);
  EXPECT_FALSE(parse_number("1.5x"));
  EXPECT_FALSE(parse_number(""));
  EXPECT_FALSE(parse_number("nan"));
}

}  // namespace
}  // namespace busbar::base
