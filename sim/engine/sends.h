/// What a job sends in one step, wherever it stands.
#pragma once

#include "sim/model/workload.h"

namespace busbar::engine {

/// Bytes of one step of a whole job, one direction.
struct Sends {
  double domain_bytes = 0.0;    // that leave its domains
  double gradient_bytes = 0.0;  // of one whole replica, as reduced within a site
  double outer_bytes = 0.0;     // of one whole replica, as exchanged between sites
  model::AcrossSites across;
  double checkpoint_bytes = 0.0;  // a mean over steps
  model::Checkpointing checkpointing = model::Checkpointing::kBlocking;
  double read_bytes = 0.0;  // of its dataset
};

}  // namespace busbar::engine
