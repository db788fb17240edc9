/// Measured collectives beside what their chips' plans take. See sim/doc/models/collectives.md.
#pragma once

#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/collectives/algorithm.h"
#include "sim/model/platform.h"
#include "sim/validation/error_table.h"

namespace busbar::validation {

/// One measured collective; where it is not expressible, `reason` says why.
struct CollectiveRow {
  int index = 0;
  std::string id, system, operation, algorithm;
  int ranks = 0;
  double bytes = 0.0;
  double measured_s = 0.0, predicted_s = 0.0, null_s = 0.0;
  std::string caution;  // of the prediction: whose measurements it rests on
  std::string reason;
  bool expressible() const { return reason.empty(); }
};

/// Reads and predicts a table, in one of two forms:
/// - NCCL's inside one node: system, op_name, dtype, num_gpus, bytes, latency_us;
/// - published curves: id, chip, slice, fabric, balancing, operation, algorithm, numbers, bytes,
///   quantity (`busbw`, `algbw` or `time`), value (GB/s, or s). `domain` may name the domain;
///   blank: the chip's smallest that holds the slice. Blank algorithm: chosen.
/// The null model is one bandwidth per system and operation: the median of its rows of 1 MiB or
/// more.
std::vector<CollectiveRow> predict_collectives(const std::string& path,
                                               const model::Platform& platform,
                                               const collectives::Algorithms& algorithms,
                                               base::Diagnostics& problems);

/// Errors by size (1 to 512 MiB, below, above), then by system and by system and operation.
struct CollectiveErrors {
  std::string name;
  Errors model, null;
};
std::vector<CollectiveErrors> collective_errors(const std::vector<CollectiveRow>& rows);

}  // namespace busbar::validation
