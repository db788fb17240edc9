/// `busbar estimate training --across …`: one training over several sites.
#pragma once

#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/training/step_model.h"

namespace busbar::cli {

/// A site's chips and where they stand.
struct SiteSlice {
  const model::Cluster* cluster = nullptr;
  training::Slice slice;
};

/// What joins the sites: the slowest edge of their ring.
struct Edge {
  double bandwidth_Bps = 0.0;  // one direction
  double latency_s = 0.0;      // one way
};

/// The slowest bandwidth and the longest latency on the ring of the slices' sites; reports sites
/// that no WAN links join.
Edge slowest_edge(const model::Platform& platform, const std::vector<SiteSlice>& sites,
                  base::Diagnostics& problems);

struct AcrossRequest {
  model::AcrossSites exchange;
  Edge edge;
  double target_tokens = 0.0;  // of the whole training with small batches; 0: not asked for
  bool json = false;
};

/// Prints step time, slow-down against one site, traffic and time to target, and how these change
/// with the link and with steps between exchanges. Returns whether the sites can run the task;
/// else reports why not.
bool print_across(const training::Task& task, const std::vector<SiteSlice>& sites,
                  const AcrossRequest& request, base::Diagnostics& problems);

}  // namespace busbar::cli
