/// A fleet whose jobs take turns: who runs where, round by round.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/relocation.h"
#include "sim/engine/running_jobs.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// Holds all jobs of a broker that divides the fleet, and gives each its pool for a round.
///
/// At a round jobs may pause, start and change pools. Between rounds what is free is given to jobs
/// without a place, in the same order; nobody gives way. Shares are found anew at a round if jobs
/// have come or gone or pools have other capacities. A new job has those of the jobs like it until
/// then; they are found at once if there are none.
class RoundDesk {
 public:
  struct Parts {
    const scheduling::Broker& broker;
    Clock& clock;
    Fleet& fleet;
    WorkModel& works;
    JobBooks& books;
    RunningJobs& running;
    Relocation& relocation;
    const std::vector<model::Job>& jobs;
  };
  RoundDesk(const Parts& parts, Relocation::Hooks hooks)
      : parts_(parts), hooks_(std::move(hooks)) {}

  /// Takes a new job up.
  void admit(std::int32_t job);
  /// A job has ended.
  void ended(std::int32_t job);
  /// A pool may have room that it had not.
  void fill_later();
  /// Begins a round. Returns how many jobs change their place.
  std::int64_t round();
  /// Jobs without a place, by id.
  std::vector<std::int32_t> held() const;

 private:
  struct Member {
    std::int32_t pool = -1;   // its place; -1: none
    std::int32_t begun = -1;  // pool where its state is, or goes; -1: it never ran
    // By pool: speed over the largest, 0 where it cannot run; and chips.
    std::vector<double> speeds, chips;
    std::vector<double> shares, due_s, received_s;  // by pool
  };
  // What tells jobs apart: chips, weight, speeds where they can run now.
  using Likeness = std::tuple<std::vector<double>, double, std::vector<double>>;
  void account();
  void know_speeds(std::int32_t job, Member& member) const;
  Likeness likeness(std::int32_t job, const Member& member) const;
  void divide();
  std::vector<double> capacities() const;
  std::int64_t give_places(bool all);
  bool never_saves(std::int32_t job) const;
  bool change(std::int32_t job, Member& member, std::int32_t to);

  Parts parts_;
  Relocation::Hooks hooks_;
  std::map<std::int32_t, Member> members_;         // by job
  std::vector<double> divided_chips_;              // capacities that the shares are for
  std::map<Likeness, std::vector<double>> known_;  // shares of these
  bool others_ = false;                            // jobs have come or gone since
  bool strangers_ = false;                         // some of them like none before
  bool pending_ = false;                           // a fill at this instant
  double accounted_s_ = 0.0;
  double least_ = 0.0;  // throughput / weight that the shares promise; of no job: infinite
};

}  // namespace busbar::engine
