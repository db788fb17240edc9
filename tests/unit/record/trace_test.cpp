#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/base/error.h"
#include "sim/record/format_page.h"
#include "sim/record/trace_reader.h"
#include "sim/record/trace_writer.h"

namespace busbar::record {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One site with one cluster of one chip, enough for every table.
model::Scenario scenario() {
  model::Scenario s;
  s.name = "test";
  model::Accelerator chip;
  chip.name = "chip";
  chip.vendor = "maker";
  model::Node node;
  node.name = "node";
  node.accelerator = s.platform.accelerators.add(chip);
  node.accelerators = 1;
  model::Domain domain;
  domain.name = "domain";
  domain.node = s.platform.nodes.add(node);
  domain.nodes = domain.chips_installed = domain.chips_usable = domain.chips_used = 1;
  model::Site site;
  site.name = site.title = "here";
  model::Cluster cluster;
  cluster.name = "nodes";
  cluster.domain = s.platform.domains.add(domain);
  cluster.site = s.platform.sites.add(site);
  cluster.deliveries = {{-1e18, 42, -1}};
  s.platform.clusters.add(cluster);
  s.inputs = {{"world.xml", "<platform/>"}};
  return s;
}

class TraceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    folder_ = fs::path(::testing::TempDir()) / ("trace-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    unsetenv("SOURCE_DATE_EPOCH");
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, int jobs, bool finish = true) {
    const model::Scenario s = scenario();
    TraceWriter trace(s, {"0.1", "sha", "busbar run", "3.32", {{"network/model", "CM02"}}},
                      {.path = path(name), .longest_job_name = 8});
    for (int i = 0; i < jobs; ++i) {
      const std::string job_name = "job-" + std::to_string(i % 1000);
      JobRow job;
      job.id = i;
      job.name = job_name;
      job.start_s = i * 0.5;
      job.end_s = i % 7 == 0 ? std::nan("") : i * 0.5 + 1.0;
      job.chips = i;
      job.state = i % 2 == 0 ? JobState::kCompleted : JobState::kKilled;
      trace.add(job);
      trace.add(EventRow{i * 0.5, EventKind::kStart, i, 1.0});
    }
    const std::vector<SiteSample> sites(1);
    const std::vector<ClusterSample> clusters(1);
    trace.add_sample(0.0, sites, clusters, {});
    trace.set_summary("jobs_started", std::int64_t{jobs});
    if (finish) trace.finish(Status::kComplete, 7);
  }
  static std::string bytes(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  fs::path folder_;
};

// More rows than a chunk holds, and a tail: every value comes back, text and NaN too.
TEST_F(TraceTest, WhatIsWrittenIsRead) {
  write("run.h5", 10000);
  const TraceReader trace(path("run.h5"));
  EXPECT_EQ(trace.status(), "complete");
  ASSERT_EQ(trace.rows("/jobs"), 10000u);
  const auto start = trace.numbers("/jobs/start_s"), end = trace.numbers("/jobs/end_s"),
             chips = trace.numbers("/jobs/chips");
  const auto name = trace.texts("/jobs/name"), state = trace.meanings("/jobs/state");
  for (size_t i = 0; i < 10000; ++i) {
    ASSERT_EQ(start[i], static_cast<double>(i) * 0.5);
    ASSERT_EQ(std::isnan(end[i]), i % 7 == 0);
    ASSERT_EQ(chips[i], static_cast<double>(i));
    ASSERT_EQ(name[i], "job-" + std::to_string(i % 1000));
    ASSERT_EQ(state[i], i % 2 == 0 ? "completed" : "killed");
  }
  EXPECT_EQ(trace.rows("/events"), 10000u);
  EXPECT_THAT(trace.numbers("/platform/clusters/chips_installed"), ElementsAre(42.0));
  EXPECT_EQ(trace.note("/jobs/start_s", "units"), "s");
  EXPECT_EQ(std::get<std::int64_t>(trace.attributes("/summary").at("jobs_started")), 10000);
}

TEST_F(TraceTest, EqualRunsAreEqualBytes) {
  write("a.h5", 9000);
  write("b.h5", 9000);
  EXPECT_EQ(bytes(path("a.h5")), bytes(path("b.h5")));
  EXPECT_FALSE(fs::exists(path("a.h5.part")));
}

// A run that ends without finish() leaves no final file, and a .part that is not called complete.
TEST_F(TraceTest, AnUnfinishedRunIsNotWhole) {
  write("run.h5", 9000, false);
  EXPECT_FALSE(fs::exists(path("run.h5")));
  ASSERT_TRUE(fs::exists(path("run.h5.part")));
  EXPECT_NE(TraceReader(path("run.h5.part")).status(), "complete");
}

TEST_F(TraceTest, AnExistingTraceIsKept) {
  write("run.h5", 10);
  const std::string before = bytes(path("run.h5"));
  EXPECT_THROW(write("run.h5", 20), base::IoError);
  EXPECT_EQ(bytes(path("run.h5")), before);
}

TEST_F(TraceTest, ForeignAndTruncatedFilesAreNamed) {
  std::ofstream(path("text.h5")) << "no HDF5 at all, but long enough to be looked at";
  write("run.h5", 9000);
  fs::resize_file(path("run.h5"), fs::file_size(path("run.h5")) / 2);
  for (const char* name : {"text.h5", "run.h5", "missing.h5"}) {
    try {
      TraceReader trace(path(name));
      FAIL() << name << " was opened";
    } catch (const base::IoError& error) {
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
  }
}

TEST_F(TraceTest, TheFormatPageNamesEveryTable) {
  const std::string page = format_page();
  for (const char* table : {"/jobs", "/segments", "/events", "/faults", "/serving", "/ledger",
                            "/series/site", "/series/cluster", "/series/link", "/summary"}) {
    EXPECT_THAT(page, HasSubstr(table));
  }
}

}  // namespace
}  // namespace busbar::record
