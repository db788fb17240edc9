#include "workloads/generator/log_readers.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace busbar::generator {
namespace {

GpuLog gpu_log(const std::string& name) {
  for (const GpuLogFormat& format : gpu_log_formats()) {
    if (format.name == name) return GpuLog(format);
  }
  throw std::out_of_range(name);
}

class LogTest : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    const auto path = std::filesystem::path(::testing::TempDir()) /
                      (std::string("log-") + std::to_string(getpid()) + ".txt");
    std::ofstream(path) << text;
    return path.string();
  }
  base::Diagnostics problems_;
};

TEST_F(LogTest, RigidCsvKeepsItsTimes) {
  const auto path = write("id,submit,nodes,runtime,walltime\n7,1.5,4,10.25,20\n");
  EXPECT_TRUE(RigidCsv().recognises(path));
  EXPECT_FALSE(gpu_log("philly").recognises(path));
  const auto jobs = RigidCsv().read(path, problems_);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].name, "7");
  EXPECT_EQ(jobs[0].submit_s, 1.5);
  EXPECT_EQ(jobs[0].chips, 4.0);
  EXPECT_EQ(jobs[0].duration_s, 10.25);
  EXPECT_EQ(jobs[0].requested_s, 20.0);
}

// Field 5 counts where it is known, else field 8; an unknown request is the run time.
TEST_F(LogTest, SwfFieldsAndUnknowns) {
  const auto path = write(
      "; Version: 2.2\n"
      "1 0 -1 100 8 -1 -1 8 200 -1 1 1 1 -1 1 1 -1 -1\n"
      "2 5 -1 100 -1 -1 -1 16 -1 -1 1 1 1 -1 1 1 -1 -1\n"
      "3 9 -1 -1 -1 -1 -1 16 300 -1 0 1 1 -1 1 1 -1 -1\n");
  EXPECT_TRUE(Swf().recognises(path));
  const auto jobs = Swf().read(path, problems_);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].requested_s, 200.0);
  EXPECT_EQ(jobs[1].chips, 16.0);
  EXPECT_EQ(jobs[1].requested_s, 100.0);
  ASSERT_EQ(problems_.all().size(), 1u);  // the job that never ran is counted, not dropped silently
  EXPECT_NE(problems_.all()[0].message.find("1 of 3 jobs never ran"), std::string::npos);
  EXPECT_FALSE(problems_.has_errors());
}

// Fields 17 and 18: the second job followed the first after half a minute. The log's time holds.
TEST_F(LogTest, SwfPrecedingJobsAreToldUnused) {
  const auto path = write(
      "1 0 -1 100 8 -1 -1 8 200 -1 1 1 1 -1 1 1 -1 -1\n"
      "2 130 -1 100 8 -1 -1 8 200 -1 1 1 1 -1 1 1 1 30\n");
  const auto jobs = Swf().read(path, problems_);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[1].submit_s, 130.0);
  ASSERT_EQ(problems_.all().size(), 1u);
  EXPECT_NE(problems_.all()[0].message.find("1 jobs name a preceding job"), std::string::npos);
  EXPECT_FALSE(problems_.has_errors());
}

// On demand jobs follow others: known with them, submitted after the think time. One whose
// predecessor never ran, or stands below, is as logged.
TEST_F(LogTest, SwfDependencies) {
  const auto path = write(
      "1 0 -1 100 8 -1 -1 8 200 -1 1 1 1 -1 1 1 -1 -1\n"
      "2 5 -1 -1 8 -1 -1 8 200 -1 1 1 1 -1 1 1 1 20\n"
      "3 9 -1 100 8 -1 -1 8 200 -1 1 1 1 -1 1 1 1 20\n"
      "4 9 -1 100 8 -1 -1 8 200 -1 1 1 1 -1 1 1 2 20\n"
      "5 9 -1 100 8 -1 -1 8 200 -1 1 1 1 -1 1 1 5 20\n");
  Swf swf;
  EXPECT_EQ(swf.read(path, problems_)[1].after, -1);
  EXPECT_TRUE(swf.honour_dependencies());
  base::Diagnostics problems;
  const auto jobs = swf.read(path, problems);
  ASSERT_EQ(jobs.size(), 4u);
  EXPECT_EQ(jobs[1].after, 0);
  EXPECT_EQ(jobs[1].think_s, 20.0);
  EXPECT_EQ(jobs[1].submit_s, 0.0);
  EXPECT_EQ(jobs[2].after, -1);
  EXPECT_EQ(jobs[3].after, -1);
  EXPECT_EQ(jobs[3].submit_s, 9.0);
  EXPECT_FALSE(problems.has_errors());
  ASSERT_EQ(problems.all().size(), 2u);
}

// Not sorted, calendar times: the first submission is time zero.
TEST_F(LogTest, PhillyCountsFromTheFirstJob) {
  const auto path = write(
      "timestamp,duration,num_gpus,gpu_time,cluster\n"
      "2017-10-09 07:01:00,66.0,1,66.0,a\n"
      "2017-10-09 07:00:00,30.0,8,240.0,b\n"
      "2017-10-09 07:02:00,0.0,8,0.0,b\n");
  const auto jobs = gpu_log("philly").read(path, problems_);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].submit_s, 60.0);
  EXPECT_EQ(jobs[1].submit_s, 0.0);
  EXPECT_EQ(jobs[1].requested_s, 30.0);
}

// A thousand bad rows are a handful of messages and a count.
TEST_F(LogTest, BadRowsAreCounted) {
  std::string text = "id,submit,nodes,runtime,walltime\n";
  for (int i = 0; i < 1000; ++i) text += "1,0,0,10,10\n";
  EXPECT_TRUE(RigidCsv().read(write(text), problems_).empty());
  EXPECT_EQ(problems_.all().size(), 6u);
}

}  // namespace
}  // namespace busbar::generator
