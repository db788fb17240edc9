/// Recounts what a run holds and draws, to find where its books go wrong.
#pragma once

#include <fmt/format.h>

#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_desk.h"
#include "sim/engine/serving_desk.h"

namespace busbar::engine {

/// Counts chips and power anew from the jobs that run, after every instant at which anything
/// happened, and compares them with the books that a run keeps step by step. Costs as much as all
/// running jobs each time: for tests, and where a result is in doubt.
class Audit {
 public:
  Audit(const model::Scenario& scenario, const Clock& clock, const Fleet& fleet,
        const JobDesk& jobs, const ServingDesk& serving);

  /// @throws base::InternalError  with the time and both figures, where two disagree.
  void check();
  /// The same at the end, once all meters have been read: the IT energy of each site is the
  /// integral of the power that was counted at every edge.
  void close();

 private:
  // What the running jobs hold, counted anew.
  struct Held {
    std::vector<std::vector<std::int64_t>> whole, shared;  // domains and chips, by pool and part
    std::vector<double> chips, watts;                      // by cluster; above idle
    std::vector<double> held_up_w;                         // by site
    std::vector<double> by_tenant;
  };
  Held count() const;
  void check_job(const ActiveJob& active) const;
  void check_domains(const Held& held) const;
  void check_use(const Held& held) const;
  void check_power(const Held& held);
  template <class... Args>
  void expect(bool holds, fmt::format_string<Args...> what, Args&&... args) const {
    if (!holds) fail(fmt::format(what, std::forward<Args>(args)...));
  }
  [[noreturn]] void fail(const std::string& what) const;
  const std::string& name_of(const PartInfo& part) const;

  const model::Scenario& scenario_;
  const Clock& clock_;
  const Fleet& fleet_;
  const JobDesk& jobs_;
  const ServingDesk& serving_;
  double since_s_ = 0.0;
  std::vector<double> site_w_, site_j_;  // since then, and until then
};

}  // namespace busbar::engine
