/// Random experiments: a world, a mix and a scenario, drawn by rapidcheck and shrunk by it.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
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
  int kind = 0;         // index into the kinds of domain
  int domains = 1;      // from the start
  int hot_spares = 0;   // of them
  int burn_in_h = 0;    // of what comes later
  bool fails = false;   // has rates of failure
  bool pods = false;    // where its kind has pods
  bool stores = false;  // its site's storage, with finite bandwidth
  std::vector<Delivery> later;
};

inline constexpr int kCountedSupplies = 3;

struct SiteDraw {
  std::vector<ClusterDraw> clusters;
  int power_percent = 0;  // limit of the IT power, of what all chips draw; 0: none
  int later_percent = 0;  // of that, from the third day on; 0: the same
  int crews = 0;          // of repair; 0: without number
  int supplies = 0;       // feeds that serve its first cluster; its cooling loop serves all. At
                          // kCountedSupplies both are counted
  bool abroad = false;    // in another jurisdiction
  bool swings = false;    // PUE, price and carbon change with the hour
};

/// An organisation with a log of rigid jobs.
struct JobDraw {
  int submit_min = 0, chips = 1, run_min = 1, request_percent = 100;
};
struct TenantDraw {
  int quota = 0;  // chips; 0: none
  std::vector<JobDraw> jobs;
};

/// Training jobs of one model.
struct StreamDraw {
  int chips = 8, per_day = 1, hours = 1, priority = 0;
  int checkpoint_min = 0;  // 0: saves nothing
  int saving = 0;          // how it saves: an index
  int response = 0;        // to failures: restart, spare, degrade
  int sizes = 0;           // 0: rigid, else how its sizes are given
  int span = 0;            // domain, cluster, site, world
  int sync_every = 1;      // steps between exchanges over sites
  int vendors = 7;         // bits: nvidia, google, amazon
  int tasks = 1, at_once = 0;
  bool follows = false;  // the stream before it
  bool after_any = false;
  int deadline_h = 0;
  int early = 0;     // per cent of its jobs that their users cancel or that fail
  int request = 15;  // tenths of its duration; 10: it has no request
  bool by_tokens = false;
};

struct ShockDraw {
  int kind = 0, target = 0, at_h = 0, hours = 1, variant = 0;
};

/// A reservation, or a time of maintenance.
struct WindowDraw {
  bool reserves = false, stops = false;
  int target = 0, from_h = 0, hours = 1, every_h = 0, chips = 1;
};

struct RunDraw {
  std::vector<SiteDraw> sites;
  std::vector<TenantDraw> tenants;
  std::vector<StreamDraw> streams;
  std::vector<ShockDraw> shocks;
  std::vector<WindowDraw> windows;
  int policy = 0, placement = 0, broker = 0;
  bool joined = false;   // clusters of one kind share a queue
  int wan_gbps = 400;    // of the links between sites
  int fails_times = 0;   // the rates of failure; 0: nothing fails
  bool lemons = false;   // a fifth of the chips has five times the rate; parts are short
  bool service = false;  // takes chips and gives them back
  int seed = 1;
};

/// What the rules want to know of a kind of domain.
int chips_per_domain(const ClusterDraw& cluster);
std::string vendor_of(const ClusterDraw& cluster);
/// Deliveries and removals of a cluster, no more of these than domains are there. They come at the
/// begin of a day.
std::vector<Delivery> plan_of(const ClusterDraw& cluster);
/// Domains that stand by plan some hours after the start, and the fewest of all times.
int domains_at(const ClusterDraw& cluster, int hour);
int fewest_domains(const ClusterDraw& cluster);
/// Most chips that a cluster can have had by a time, removals left out.
double chips_delivered(const ClusterDraw& cluster, double time_s);
/// Domains that jobs never get, fewer than there ever are.
int hot_spares(const ClusterDraw& cluster);
/// All clusters, in the order of the world file.
std::vector<const ClusterDraw*> clusters_of(const RunDraw& run);
/// Number of the site of each of them.
std::vector<int> sites_of_clusters(const RunDraw& run);
/// The quotas of the tenants in chips, as far as the world has so many. 0: none.
std::vector<std::int64_t> quotas_of(const RunDraw& run);
/// Whose job it is, by its name; -1: nobody's.
int tenant_of(const RunDraw& run, const std::string& job);
/// The stream of a job by its name; null: it comes from a log.
const StreamDraw* stream_of(const RunDraw& run, const std::string& job);
/// A tenant's jobs in the order of its log.
std::vector<JobDraw> log_of(const TenantDraw& tenant);
/// Bits of the vendors whose chips the jobs of a stream may run on; 0: there are no jobs.
int vendors_of(const RunDraw& run, const StreamDraw& stream);
/// Bit of the vendor of a cluster; 0: it trains no models.
int vendor_bit(const ClusterDraw& cluster);
/// Tokens that the jobs of a stream train; 0: they are given by their duration.
double tokens_of(const StreamDraw& stream);

/// Names of the policy and of the broker.
std::string policy_of(const RunDraw& run);
std::string broker_of(const RunDraw& run);

/// A time in which nothing runs on a cluster: an outage, maintenance, or withdrawn capacity.
struct Closure {
  size_t cluster = 0;
  double from_s = 0.0, to_s = 0.0;
};
std::vector<Closure> closures_of(const RunDraw& run);
/// Chips of a cluster that are an organisation's in a time.
struct Reserved {
  size_t cluster = 0;
  int tenant = 0;
  double from_s = 0.0, to_s = 0.0, chips = 0.0;
};
std::vector<Reserved> reservations_of(const RunDraw& run);

/// Draws runs of a few days on up to some thousand chips.
rc::Gen<RunDraw> any_run();

struct File {
  std::string name, text;
};
/// The files of a run; the scenario is `scenario.xml`.
std::vector<File> files_of(const RunDraw& run);

/// Prints shell commands that write the files and run them, so that a failing run can be repeated
/// by pasting them.
std::ostream& operator<<(std::ostream& out, const RunDraw& run);

}  // namespace busbar::property
