// What failures do to the jobs that they hit.
#include "sim/engine/job_desk.h"
#include "sim/faults/restart.h"

namespace busbar::engine {

bool JobDesk::hit(std::int32_t job, const Hit& hit) {
  const double before_chip_s = books_.counts.lost_chip_seconds;
  const bool stopped = respond(job, hit);
  books_.blame(job, hit.cause, books_.counts.lost_chip_seconds - before_chip_s);
  return stopped;
}

bool JobDesk::respond(std::int32_t job, const Hit& hit) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  const model::FailureResponse response = works_.response_of(j);
  const ActiveJob& active = running_.running(job);
  const RunningJobs::Stop why = failure_of(active, hit);
  if (response == model::FailureResponse::kRestart || hit.part < 0 || (hit.lost && hit.at < 0)) {
    stop(job, why);
    return true;
  }
  // What only interrupts the job stops all of its replicas.
  if (response == model::FailureResponse::kDegrade && hit.takes != model::FailureUnit::kJob) {
    const model::Resilience& r = parts_.scenario.workload.streams[{j.stream}].resilience;
    if (running_.go_on(job, {hit.part, hit.at, hit.lost, hit.detection_s, hit.announced,
                             r.reconfigure, r.rejoin})) {
      return false;
    }
  }
  if (hit.lost && !running_.swap(job, hit.part, hit.at)) {
    stop(job, why);
    return true;
  }
  if (hit.lost) ++books_.counts.swapped;
  running_.restart_in_place(job, why);
  return false;
}

// The chips of a job hang until its failure is known. It gives them up at once and pays that time
// when it starts again: as many chip-hours. What it held is free for others meanwhile.
RunningJobs::Stop JobDesk::failure_of(const ActiveJob& active, const Hit& hit) const {
  RunningJobs::Stop why{record::EndReason::kFailure, {}, hit.announced};
  why.copies_lost = hit.part < 0 || hit.takes > model::FailureUnit::kNode;
  const SavePlan& saves = active.work.saves;
  const bool from_memory = saves.stored_every > 0.0 && !why.copies_lost;
  // Alone, at the whole read rate of its first cluster's storage.
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  const auto part = static_cast<size_t>(active.allocation.shares.front().part);
  const model::Storage* storage = parts_.scenario.platform.storage_of(
      parts_.scenario.platform.clusters[pool.parts[part].cluster]);
  if (from_memory) {
    why.restart.load_s = saves.memory_load_s;
  } else if (saves.every > 0.0 && storage != nullptr) {
    why.restart.load_bytes = active.work.state_bytes;
    why.restart.load_s = active.work.state_bytes / storage->read.value;
  }
  const faults::Restart restart =
      faults::restart_of({}, active.chips, base::Seconds{hit.announced ? 0.0 : hit.detection_s},
                         base::Seconds{why.restart.load_s});
  why.restart.before_s = (restart.detection + restart.replacement).value;
  why.restart.after_s = restart.init.value;
  return why;
}

}  // namespace busbar::engine
