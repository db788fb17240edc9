/// What the jobs of a stream do about failures.
#pragma once

#include <string>

#include "sim/base/quantity.h"

namespace busbar::model {

/// What a running job does when something that it needs fails.
enum class FailureResponse {
  kRestart,  // gives its chips up, and starts again from its queue
  kSpare,    // restarts where it stands; a hot spare takes the place of what is out of service
  kDegrade,  // goes on without the replica that is hit, which joins again later
};

/// Responses, and how state is saved.
struct Resilience {
  FailureResponse on_failure = FailureResponse::kRestart;
  int replicas = 0;                 // that fail alone; 0: the data-parallel ones of its plan
  base::Seconds reconfigure{30.0};  // all stand still when a replica drops out
  base::Seconds rejoin;             // … and when it is back
  /// A checkpoint policy of sim/faults: `fixed`, `young`, `daly`, `asynchronous`, `in-memory`.
  std::string checkpoint = "fixed";
  base::BytesPerSecond snapshot{10e9};  // from one chip to its host's memory
};

}  // namespace busbar::model
