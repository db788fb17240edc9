#include "sim/faults/fault_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "sim/faults/log_fit.h"

namespace busbar::faults {
namespace {

FaultLog read(const std::string& rows, base::Diagnostics& problems) {
  const std::string path = ::testing::TempDir() + "faults.csv";
  std::ofstream(path) << "node,start_day,end_day,class\n" << rows;
  return read_fault_log(path, problems);
}

// Two faults of server 3 overlap, and the rows are out of order: it is out from day 1 to day 4,
// once. Server 5 is out for one more day: 4 of 10 x 8 server-days.
TEST(FaultLog, OverlapsCountOnce) {
  base::Diagnostics problems;
  const FaultLog log = read("3,2,4,GPU\n3,1,3,NIC\n5,7,8,GPU\n", problems);
  EXPECT_FALSE(problems.has_errors());
  EXPECT_EQ(log.unsorted, 1);
  EXPECT_EQ(log.overlapping, 1);
  EXPECT_EQ(log.faults[0].cause, "NIC");
  EXPECT_EQ(log.servers_named, 2);
  const Outage outage = replay(log.faults, 10, base::Seconds{8 * base::kDay});
  EXPECT_DOUBLE_EQ(outage.unavailable, 4.0 / 80.0);
  EXPECT_EQ(outage.most_down, 1);
}

// Each bad row is named with its line; the good ones are kept.
TEST(FaultLog, MalformedRowsAreTold) {
  base::Diagnostics problems;
  const FaultLog log =
      read("1,1,2,GPU\n2,3\n3,4,,GPU\n4,5,4,GPU\n5,-1,2,GPU\n6.5,1,2,GPU\n", problems);
  EXPECT_EQ(log.faults.size(), 1u);
  ASSERT_EQ(problems.errors(), 5u);
  EXPECT_EQ(problems.all()[0].where.line, 3);
  EXPECT_EQ(problems.all()[1].message, "end_day: '' is not a number; a truncated row?");
  EXPECT_EQ(problems.all()[2].message, "server 4 is back on day 4 before it fails on day 5");
  EXPECT_EQ(problems.all()[3].where.line, 6);
  EXPECT_EQ(problems.all()[4].message, "node: '6.5' is not the number of a server");
}

TEST(FaultLog, AMissingColumnIsToldOnce) {
  const std::string path = ::testing::TempDir() + "faults.csv";
  std::ofstream(path) << "nod,start_day,end_day,class\n1,2,3,GPU\n";
  base::Diagnostics problems;
  read_fault_log(path, problems);
  ASSERT_EQ(problems.errors(), 1u);
  EXPECT_NE(problems.all()[0].message.find("no column 'node'"), std::string::npos);
}

// Fits find again what made their logs, on average: eight logs of ten years of 2,000 servers. The
// 122 months of one log tell their variation to a tenth.
TEST(LogFit, FindsItsOwnModel) {
  model::FailureMode mode;
  mode.name = "GPU";
  mode.per = mode.takes = model::FailureUnit::kNode;
  mode.rate = base::Hertz{4e-3 / base::kDay};
  mode.lemon_share = 0.1;
  mode.lemon_factor = 6.0;
  mode.repair = {base::Seconds{20 * base::kHour}, 1.5};
  const model::FailureModel made{
      "made",
      "",
      {mode},
      {2.0, 0.6, base::Seconds{6 * base::kHour}, model::FailureUnit::kCluster},
      {0.4, base::Seconds{30 * base::kDay}}};
  const base::Seconds span{3650 * base::kDay};
  double rate = 0.0, median = 0.0, share = 0.0, factor = 0.0, size = 0.0, drift = 0.0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    FaultLog log;
    log.faults = regenerate(made, 2000, span, base::RandomStreams(seed, 0));
    log.span_s = span.value;
    const model::FailureModel f = fit(log, 2000).failures;
    rate += f.modes[0].rate.value / mode.rate.value / 8;
    median += f.modes[0].repair.median.value / mode.repair.median.value / 8;
    share += f.modes[0].lemon_share / 8;
    factor += f.modes[0].lemon_factor / 8;
    size += f.bursts.mean_size / 8;
    drift += f.drift.variation / 8;
  }
  EXPECT_NEAR(rate, 1.0, 0.05);
  EXPECT_NEAR(median, 1.0, 0.02);
  EXPECT_NEAR(share, 0.1, 0.005);
  EXPECT_NEAR(factor, 6.0, 0.2);
  EXPECT_NEAR(size, 2.0, 0.2);
  EXPECT_NEAR(drift, 0.4, 0.06);
}

}  // namespace
}  // namespace busbar::faults
