/// The subcommands and their options; `main.cpp` binds them to the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/cli/load.h"
#include "sim/cli/topology_view.h"

namespace busbar::cli {

/// Exit codes, the same for all subcommands.
enum ExitCode {
  kOk = 0,
  kUnexpected = 1,
  kBadInput = 2,
  kStopped = 3,
  kIoFailure = 4,
  kInterrupted = 130,
};

struct RunOptions {
  ScenarioChoice choice;
  std::string output;  // empty: runs/<scenario>.h5
  bool dry_run = false;
  bool audit = false;  // recount chips, power and work at every edge
  bool force = false;
  bool json = false;
  std::string progress = "auto";  // auto, json, none
  std::string command_line;       // for the provenance, without -o under SOURCE_DATE_EPOCH
};

struct CheckOptions {
  std::vector<std::string> files;
  PolicyLibrary policy;
  std::vector<std::string> overrides;
  bool unused = false;
  bool json = false;
};

struct ShowOptions {
  std::string trace;  // or a world
  bool json = false;
  std::string plot;  // of a world: the picture to write
};

struct ShowTopologyOptions {
  TopologyChoice choice;
  std::string plot;  // the picture to write
  bool json = false;
};

struct ListOptions {
  std::string what;  // behaviours, assumptions, sources, claims, …
  std::string file;
  std::vector<std::string> overrides;
  PolicyLibrary policy;
  bool json = false;
};

struct ExportOptions {
  ScenarioChoice choice;
  std::string output;
  bool force = false;
};

struct ExportSimgridOptions {
  TopologyChoice choice;
  std::string granularity;  // site, domain or chip; empty: chip for a slice, else domain
  std::string output;
  bool force = false;
};

struct EstimateOptions {
  std::string world, cluster, model;
  std::vector<std::string> models;  // catalogues; empty: those beside the world
  double chips = 0.0;
  model::ParallelPlan plan;
  double global_batch = 0.0;  // sequences; 0: chosen
  int sequence = 0;           // tokens; 0: the model's context
  std::string precision = "bf16";
  std::string stack, release;  // empty: the newest
  double expert_imbalance = 1.0;
  int sync_every = 1;
  std::string tokens;                      // to train; empty: none
  std::vector<std::string> across;         // further clusters, CLUSTER:CHIPS
  std::string wan_bandwidth, wan_latency;  // empty: of the world's links
  std::string outer_precision = "bf16";
  bool exposed = false;
  int fragments = 1;
  bool low_rank = false;
  bool search = false;
  int top = 10;  // plans that --search lists
  bool explain = false;
  std::string plot;
  bool json = false;
};

struct ReliabilityOptions {
  std::string world;            // empty: all shipped hardware
  std::string cluster, domain;  // one of the two
  std::vector<std::string> overrides;
  std::string failures;  // a set; empty: that of the hardware
  double chips = 0.0;
  std::string over = "30 d";
  int replicates = 200;
  std::uint64_t seed = 1;
  std::string mttf;  // known; empty: from the rates
  std::string checkpoint = "daly";
  std::string interval;                     // of the policies that take one
  std::string checkpoint_size = "5.67 TB";  // 405 billion parameters of 14 B
  std::string storage = "2 TB/s";
  std::string snapshot, replica;
  std::string restart;    // known in all; empty: from its parts
  int elastic_units = 0;  // 0: stop and restart
  std::string reconfigure = "30 s", rejoin = "0 s", absence = "10 min", beyond_unit = "0 %";
  bool json = false;
};

struct FailureLogOptions {
  std::string table;
  int servers = 0;
  int replicates = 200;
  std::uint64_t seed = 1;
  std::string output, id = "fitted", source = "a log";  // of the file of fitted rates
  bool force = false;
  bool json = false;
};

struct ValidateOptions {
  std::string table;  // measured rows
  std::string format = "rows";
  std::string world;                // hardware that the rows name; empty: the shipped catalogue
  std::vector<std::string> models;  // catalogues; empty: the shipped ones
  bool refit = false;
  std::string leave_out;  // model, chip, stack or nothing
  std::string plot;
  bool json = false;
};

struct CollectiveOptions {
  std::string world, cluster, slice;  // or
  std::string topology, link_bandwidth, link_latency = "1 us";
  int sites = 1;
  std::string wan_bandwidth, wan_latency = "0 s";
  std::string operation = "all-reduce", size = "1 GiB";
  std::string algorithm;            // empty: chosen
  std::string numbers;              // type, where a chip's timings know it: int8
  std::string fidelity = "closed";  // closed, flow, both
  std::string fail;                 // link, link:x, cube
  bool unfold = false;
  bool json = false;
};

struct CalibrateOptions {
  std::string what;                                    // kernels or training
  std::string products, square_products, collectives;  // measured kernels
  std::vector<std::string> tables, vtrain_tables;      // measured steps
  std::string world;                                   // as for validate
  std::vector<std::string> models;
  std::string source = "fitted";  // written into the files
  std::string output;             // folder
};

int run(const RunOptions& options);
int check(const CheckOptions& options);
int show(const ShowOptions& options);
int show_topology(const ShowTopologyOptions& options);
int list(const ListOptions& options);
int estimate(const EstimateOptions& options);
int calibrate(const CalibrateOptions& options);
int validate(const ValidateOptions& options);
int validate_collectives(const ValidateOptions& options);
int collective(const CollectiveOptions& options);
int estimate_reliability(const ReliabilityOptions& options);
int validate_failures(const FailureLogOptions& options);
int export_file(const ExportOptions& options);
int export_simgrid(const ExportSimgridOptions& options);

}  // namespace busbar::cli
