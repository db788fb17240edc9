/// How the files of a drawn run are written.
#pragma once

#include <fmt/format.h>

#include <string>

#include "tests/property/random_run.h"

namespace busbar::property {

/// A kind of scale-up domain and the fabric that its clusters have.
struct Kind {
  const char* domain;
  const char* fabric;
  const char* pod;  // of four domains, where a slice is chips of several; empty: none
  int chips;
  double watts_per_chip;  // about what a busy one draws with its share of the node; 0: nothing
  const char* vendor;
  int bit;  // of StreamDraw::vendors; 0: trains no models
};
const Kind& kind_of(const ClusterDraw& cluster);

/// Name of the cluster with a number, counted over all sites.
std::string cluster_name(const RunDraw& run, size_t index);

std::string world_of(const RunDraw& run);
std::string mix_of(const RunDraw& run);
/// The log of a tenant; no job is larger than the largest cluster is at the start.
std::string log_text(const RunDraw& run, const TenantDraw& tenant);
std::string scenario_of(const RunDraw& run);

}  // namespace busbar::property
