/// Failures of a run: when they come, whom they hit, what they take out and when it is back.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_desk.h"
#include "sim/engine/journal.h"
#include "sim/engine/serving_desk.h"
#include "sim/faults/failure_process.h"
#include "sim/faults/repair_shop.h"
#include "sim/record/trace_writer.h"

namespace busbar::engine {

/// Holds one failure process a cluster and one repair shop a site.
///
/// Domains are counted, not listed: a failure hits each installed domain of its cluster with the
/// same probability, and what that one holds is drawn from the counts of its part. Only domains
/// with something broken in them are known one by one. A domain whose spare chips make up for what
/// is broken stays in service. A log of faults names its servers: their domains are known by
/// number. Repairs, outages and the log are in fault_repairs.cpp, feeds that are
/// counted in fault_shares.cpp.
class FaultDesk {
 public:
  struct Parts {
    const model::Scenario& scenario;
    Clock& clock;
    Fleet& fleet;
    JobDesk& jobs;
    ServingDesk& serving;
    Journal& journal;
  };
  /// Called before capacity changes, and after it has.
  struct Hooks {
    std::function<void()> before, after;
  };
  FaultDesk(Parts parts, Hooks hooks);

  /// Follows the number of installed domains: failures come as often as there are units.
  void capacity_changed();
  /// Parts lose their power or cooling: their jobs go back to their last checkpoints and wait,
  /// their services are gone, their domains get power again when the outage is over.
  void begin_outage(const std::vector<Fleet::Place>& places, record::FaultCause cause);
  /// One of the equal shares of a site's domains loses its feed or cooling loop, and is back when
  /// the site's crews have repaired it. `mode` must outlive the run.
  void share_failed(base::Id<model::Site> site, const model::FailureMode& mode,
                    base::Seconds repair, std::int64_t share, std::int64_t shares);
  /// Chips of a site with power, or without.
  double chips_at(std::int32_t site, bool powered) const;
  /// Failures whose repair will bring something back.
  size_t under_repair() const;
  /// No more failures and repairs: nothing is left that they could hit.
  void stop();
  /// Writes the failures that are not repaired yet, and the summary.
  void close(record::TraceWriter& trace);

 private:
  // A domain with something broken in it.
  struct Hurt {
    std::int64_t number = 0;
    int missing = 0;  // chips
    bool out = false;
    std::int32_t pod = -1;     // out of which; -1: not known
    std::int64_t domain = -1;  // its number in the cluster; -1: not told
  };
  using Place = Fleet::Place;
  struct Loss {
    Place place;
    std::int64_t hurt = 0;
    int chips = 0;
  };
  struct Fault {
    record::FaultRow row;
    std::vector<Loss> losses;
    faults::RepairTicket ticket;
  };
  // What stands on a domain that is in service.
  struct Holder {
    bool spare = false;
    std::int64_t replica = -1;  // which one of those that services hold here
    std::int64_t at = -1;       // which one of the job's domains here; -1: small jobs share it
    std::int32_t pod = -1;      // of the domain; -1: not known
    std::vector<std::int32_t> jobs;
  };
  struct Struck {
    std::set<std::int32_t> jobs, stopped;
  };
  // A failure of one domain: -1: of one that was whole.
  struct Strike {
    Place place;
    std::int64_t hurt = -1, domain = -1;
    int chips = 0;  // that break
    Holder holder;
    JobDesk::Hit hit;
  };
  // The domain that a job was found on: it is there as long as the job stays.
  struct Stand {
    std::int32_t job = -1;
    std::int64_t stay = 0, at = 0;
  };
  struct Source {
    base::Id<model::Cluster> cluster;
    model::FailureModel failures;
    std::vector<Place> places;
    bool differ = false;       // its units do: lemons, bursts, ageing
    std::int64_t domains = 0;  // installed
    std::optional<faults::FailureProcess> process;
    base::RandomStream victims, repairs;
    std::map<std::int64_t, Stand> stands;  // of units that differ, by number of the domain
    Clock::Handle next = 0;
  };
  struct Shop {
    faults::RepairShop shop;
    Clock::Handle next = 0;
  };
  PartInfo& info(const Place& place) const;
  scheduling::Part& counts(const Place& place) const;
  const std::vector<Hurt>& hurt_at(const Place& place) const {
    return hurt_[static_cast<size_t>(place.pool)][static_cast<size_t>(place.part)];
  }
  std::vector<Hurt>& hurt_at(const Place& place) {
    return hurt_[static_cast<size_t>(place.pool)][static_cast<size_t>(place.part)];
  }
  faults::Population population(const Source& source) const;
  std::int64_t feeds_of(const Source& source) const;
  void arm(Source& source);
  void fail(Source& source);
  bool replenished(const model::Cluster& cluster) const;
  struct Pick {
    Place place;
    std::int64_t hurt = -1;    // which of the domains with something broken in them; -1: none
    std::int64_t domain = -1;  // number in the cluster; -1: not told
    Holder holder;             // who stands there
  };
  void hit(Source& source, const model::FailureMode& mode, const Pick& at, Fault& fault,
           Struck& struck);
  void strike(Strike strike, Fault& fault, Struck& struck);
  std::int64_t domains_at(const Place& place) const;
  std::vector<Place> in_order(base::Id<model::Site> site) const;
  void strike_range(const Place& place, std::int64_t first, std::int64_t begin, std::int64_t end,
                    JobDesk::Hit hit, Fault& fault, Struck& struck);
  Holder still(const Holder& found, const Place& place) const;
  void count(Fault& fault, const Struck& struck);
  void slow_down(Source& source, const model::FailureMode& mode, const Pick& at);
  void replace(Source& source, const model::FailureMode& mode, const Place& place);
  std::optional<Pick> pick(Source& source, const faults::Failure& failure, std::int64_t nth);
  std::int64_t hurt_of(const Place& place, std::int64_t domain) const;
  int chips_taken(const Source& source, const model::FailureMode& mode) const;
  Holder holder(const Place& place, double u) const;
  Holder settled(Source& source, const Pick& pick) const;
  void repair_later(const model::FailureMode& mode, std::int32_t site, Fault fault);
  const model::Domain& kind_at(const Place& place) const;
  void arm_log();
  void fail_logged(const model::LoggedFault& logged);
  void arm(std::int32_t site);
  void repair(std::int32_t site);
  void back_in_service(const std::vector<std::int64_t>& numbers);
  void give_back(const Fault& fault);

  Parts parts_;
  Hooks hooks_;
  std::deque<Source> sources_;                        // processes refer to their failures
  std::vector<Shop> shops_;                           // by site
  std::vector<std::vector<std::vector<Hurt>>> hurt_;  // by pool and part
  std::map<std::int64_t, Fault> open_;                // by number
  std::int64_t faults_ = 0, hurts_ = 0, stragglers_ = 0;
  size_t next_logged_ = 0;
  Clock::Handle log_ = 0;
  base::RandomStream log_holders_;
  bool stopped_ = false;
};

}  // namespace busbar::engine
