/// Capacity over time: deliveries, limits, outages, and what shocks do to them.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fault_desk.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_desk.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/reporter.h"
#include "sim/engine/serving_desk.h"
#include "sim/engine/shared_supplies.h"
#include "sim/engine/traffic_desk.h"

namespace busbar::engine {

/// Brings, closes and takes away domains and links at their dates, and tells the others.
class CapacityDesk {
 public:
  struct Parts {
    const model::Scenario& scenario;
    Clock& clock;
    Fleet& fleet;
    Network& network;
    TrafficDesk& traffic;
    Journal& journal;
    ServingDesk& serving;
    JobDesk& jobs;
    Reporter& reporter;
    FaultDesk& faults;
    double horizon_s;  // infinite: until idle
  };
  using Place = Fleet::Place;
  explicit CapacityDesk(const Parts& parts)
      : parts_(parts), supplies_(parts.scenario.platform, parts.fleet) {}

  /// Plans all deliveries, limits and shocks. What was delivered before the start stands at once.
  void schedule();
  /// Powers on what the limits allow.
  void energise();
  /// Lets domains of a pool go that are to leave and that nothing uses any more.
  void let_leave(std::int32_t pool);
  /// Stops what runs in some parts and takes them out of service, until open(). Jobs that are told
  /// in time save their work first.
  void close(const std::vector<Place>& places, bool announced);
  void open(const std::vector<Place>& places);
  /// Parts of a cluster.
  std::vector<Place> places_of(base::Id<model::Cluster> cluster) const;
  /// A failure of a site's power, of a feed or cooling loop of it (by its number in the site), or
  /// of a WAN link's fibre, and its repair.
  void power_failed(base::Id<model::Site> site, bool begins);
  void supply_failed(base::Id<model::Site> site, size_t supply, bool begins);
  void fibre_failed(base::Id<model::WanLink> wan, bool begins);
  /// Whether something is still to come that may let waiting jobs start.
  bool more_to_come() const { return events_left_ > 0; }

 private:
  void schedule_deliveries();
  void schedule_limits();
  void schedule_shocks();
  void deliver(base::Id<model::Cluster> cluster, int building, std::int64_t domains);
  void limits_changed(std::int32_t site);
  void cut(size_t shock, bool begins);
  void outage(size_t shock, bool begins);
  double link_changed(base::Id<model::WanLink> wan);
  void routes_changed();
  void power_changed(const std::vector<Place>& places, record::FaultCause cause, bool begins);
  void halt(size_t shock, bool begins);
  void decommission(size_t shock);
  std::int64_t leave(base::Id<model::Cluster> cluster, std::int64_t domains, bool idle_only);
  std::vector<std::int32_t> newest_first(const std::vector<Place>& places) const;
  void note(size_t shock, bool begins, double value);
  void update_ceilings();
  double ceiling(std::int32_t pool) const;
  double chips_in(const std::vector<Place>& places) const;
  std::vector<base::Id<model::Cluster>> covered(const model::Shock& shock) const;

  Parts parts_;
  std::int64_t events_left_ = 0;
  SharedSupplies supplies_;
  std::map<std::int32_t, int> broken_fibres_;  // by WAN link: failures that are not repaired
};

}  // namespace busbar::engine
