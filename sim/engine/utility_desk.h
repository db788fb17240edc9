/// Failures of what the clusters of a site share: its power, its feeds and cooling loops, its
/// fibres.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/journal.h"
#include "sim/faults/failure_process.h"
#include "sim/model/scenario.h"

namespace busbar::engine {

/// Holds failure processes for each site that names a set of failures: one for its power and for
/// the WAN links whose first end with a set it is, one for its feeds and one for its cooling loops.
/// How long an outage lasts is drawn; crews of the site have no part in it, but for feeds and loops
/// that are counted.
class UtilityDesk {
 public:
  /// Called when one begins and when it is over; the former returns the jobs that it hit.
  struct Hooks {
    std::function<std::int32_t(base::Id<model::Site>, bool begins)> power;
    std::function<std::int32_t(base::Id<model::Site>, size_t supply, bool begins)> supply;
    std::function<std::int32_t(base::Id<model::WanLink>, bool begins)> fibre;
    /// A feed or loop that is counted fails; its repair, of the given time, is the callee's.
    std::function<void(base::Id<model::Site>, const model::FailureMode&, base::Seconds repair,
                       std::int64_t share, std::int64_t shares)>
        share;
  };
  UtilityDesk(const model::Scenario& scenario, Clock& clock, Journal& journal, Hooks hooks);

  /// Nothing fails from now on.
  void stop();
  /// Writes the failures that are not over yet.
  void close();

 private:
  struct Source {
    base::Id<model::Site> site;
    model::FailureModel failures;
    std::vector<base::Id<model::WanLink>> links;
    std::vector<size_t> supplies;  // feeds, or cooling loops: numbers in the site
    std::int64_t shares = 0;       // the same, counted
    std::optional<faults::FailureProcess> process;
    std::optional<base::RandomStream> repairs;
    Clock::Handle next = 0;
  };
  void add(const std::string& failing, const std::string& repaired, Source source);
  void arm(Source& source);
  void fail(Source& source);
  void over(std::int64_t number);

  const model::Scenario& scenario_;
  Clock& clock_;
  Journal& journal_;
  Hooks hooks_;
  struct Open {
    record::FaultRow row;
    base::Id<model::Site> site;
    base::Id<model::WanLink> link;  // none: the site's power, or
    std::optional<size_t> supply;
  };
  std::int32_t change(const Open& open, bool begins) const;
  std::deque<Source> sources_;  // processes refer to their failures
  std::map<std::int64_t, Open> open_;
  std::int64_t faults_ = 0;
  bool stopped_ = false;
};

}  // namespace busbar::engine
