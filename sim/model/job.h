/// One job as the generator emits it and the engine runs it.
#pragma once

#include <cstdint>
#include <string>

#include "sim/model/workload.h"

namespace busbar::model {

/// What its user makes of a job: it does its work, fails by its own fault, or is called off.
enum class Ending : std::int8_t { kCompletion, kFailure, kCancellation };

/// A job before it has run. Times are seconds since the start of the scenario.
struct Job {
  std::string name;
  JobKind kind = JobKind::kRigid;
  std::int32_t stream = -1;  // index of its training stream; -1: replayed
  std::int32_t trace = -1;   // index of its replayed trace; -1: generated
  Id<LanguageModel> model;   // none: rigid
  double submit_s = 0.0;
  double chips = 0.0;           // whole chips; a double only to hold large counts exactly
  double duration_s = 0.0;      // run time of a rigid job, or on the reference chip; 0: by tokens
  double tokens = 0.0;          // tokens to train; 0: by duration
  double requested_s = 0.0;     // rigid jobs: killed after this; 0: request_factor applies
  double request_factor = 1.0;  // requested time over estimated run time
  Ending ending = Ending::kCompletion;
  std::int32_t campaign = -1, stage = -1;  // indices of its campaign and stage; -1: of none
  double stop_s = 0.0;                     // run time after which it fails or is cancelled
  std::int32_t after = -1;    // index in the list of jobs of the one that it follows; -1: none
  double think_s = 0.0;       // from the end of that one to its own submission
  bool only_if_done = false;  // cancelled where that one does not complete
  std::int32_t array = -1;    // its array, numbered over the whole load; -1: of none
};

}  // namespace busbar::model
