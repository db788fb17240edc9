/// Small random experiments: a world, a mix and a scenario, drawn by rapidcheck and shrunk by it.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace busbar::property {

/// A delivery (or, negative, a removal) of domains, hours after the start of the run.
struct Delivery {
  int at_h = 0, domains = 0;
};

/// A cluster of one kind of domain.
struct ClusterDraw {
  int kind = 0;        // index into kKinds
  int domains = 1;     // from the start
  bool fails = false;  // has rates of failure
  std::vector<Delivery> later;
};

struct SiteDraw {
  std::vector<ClusterDraw> clusters;
  int power_percent = 0;  // limit of the IT power, of what all chips draw; 0: none
};

/// An organisation with a log of rigid jobs.
struct JobDraw {
  int submit_min = 0, chips = 1, run_min = 1, request_percent = 100;
};
struct TenantDraw {
  int quota = 0;  // chips; 0: none
  std::vector<JobDraw> jobs;
};

/// Training jobs of a model, which save checkpoints.
struct StreamDraw {
  int chips = 8, per_day = 1, hours = 1, checkpoint_min = 0, priority = 0;
};

struct OutageDraw {
  int site = 0, at_h = 0, hours = 1;
};

struct RunDraw {
  std::vector<SiteDraw> sites;
  std::vector<TenantDraw> tenants;
  std::vector<StreamDraw> streams;
  std::vector<OutageDraw> outages;
  int policy = 0, placement = 0, broker = 0;
  bool service = false, failures = false;
  int seed = 1;
};

/// How many single chips one domain of a cluster has.
int chips_per_domain(const ClusterDraw& cluster);

/// The quotas of the tenants in chips, as far as the world has so many. 0: none.
std::vector<std::int64_t> quotas_of(const RunDraw& run);

/// Draws runs of a few days on a few hundred chips.
rc::Gen<RunDraw> any_run();

/// Writes the files of a run into a folder; returns the path of the scenario.
std::filesystem::path write(const RunDraw& run, const std::filesystem::path& folder);

/// Prints the files, so that a failing run can be repeated by hand.
std::ostream& operator<<(std::ostream& out, const RunDraw& run);

}  // namespace busbar::property
