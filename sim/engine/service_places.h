/// Where services may run, and the ways that their requests may take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/engine/fleet.h"
#include "sim/engine/network.h"
#include "sim/serving/replica_model.h"

namespace busbar::engine {

/// A service, or one phase of it, at one part of a pool.
struct Holding {
  std::int32_t service = -1;
  serving::Phase phase = serving::Phase::kBoth;
  Network::Place place;
  std::int32_t site = -1;
  serving::ReplicaEstimate replica;
  double requests_per_s = 0.0;  // of this hour
  double sized_per_s = 0.0;     // of those, what it is sized for
  double due_per_s = 0.0;       // batch requests that can wait no longer
  double batch_per_s = 0.0;     // batch requests that it takes, those included
  std::int64_t wanted = 0;      // domains
  std::int64_t domains = 0;     // held
  double watts = 0.0;           // above idle
  double reserve = 0.0;         // up to full load
  double hour_begin_s = 0.0, domain_seconds = 0.0, edge_s = 0.0;
  double busy_j = 0.0, watts_since_s = 0.0;  // above idle, since the hour began and until then

  /// Integrates its power above idle up to now.
  void advance(double now_s) {
    busy_j += watts * (now_s - watts_since_s);
    watts_since_s = now_s;
  }
};

/// Holdings that one request passes: one, or of a disaggregated service first prefill, then decode.
struct Lane {
  std::int32_t service = -1;
  std::int32_t first = -1, last = -1;  // holdings; equal: one does both phases
  double farness = 0.0;                // of the two, for the order of choice
  double requests_per_s = 0.0, due_per_s = 0.0, batch_per_s = 0.0;  // of this hour
  bool split() const { return first != last; }
};

struct ServicePlaces {
  std::vector<Holding> holdings;
  std::vector<Lane> lanes;  // by service
};

/// Every service at every part that may run it, and every pair of its phases.
ServicePlaces find_places(const model::Scenario& scenario, const Fleet& fleet,
                          const Network& network, const serving::ServingModel& model);

/// A phase of a disaggregated service that no place can run, and why at the last one looked at.
struct InfeasiblePhase {
  std::string service;
  serving::Phase phase = serving::Phase::kBoth;
  std::string reason;
  base::Location where;
};
std::vector<InfeasiblePhase> infeasible_phases(const model::Scenario& scenario, const Fleet& fleet,
                                               const serving::ServingModel& model);

/// Replicas in the domains that a holding has.
double replicas_in(const Fleet& fleet, const Holding& holding);
/// Requests per second that one domain is sized for.
double per_domain(const Fleet& fleet, const Holding& holding);

/// Replicas are sized to this share of what they could serve, so that an hour's peaks find room.
inline constexpr double kTargetUtilisation = 0.75;

}  // namespace busbar::engine
