/// Fits curves of kernels and collectives on measured ones. See sim/doc/models/compute.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/platform.h"

namespace busbar::validation {

/// A fitted curve with its number of points and mean absolute percentage error (as a fraction).
template <class Curve>
struct Fitted {
  Curve curve;
  int points = 0;
  double error = 0.0;
};

/// The curves of one chip.
struct KernelFits {
  std::map<std::string, Fitted<model::GemmCurve>> products;           // by precision
  std::map<std::string, Fitted<model::CollectiveCurve>> collectives;  // by operation
  std::vector<Fitted<model::CollectiveTiming>> timings;
  std::vector<std::string> left_out;  // what was not usable, and why
};

/// By accelerator of the catalogue.
using KernelTable = std::map<std::string, KernelFits>;

/// Fits matrix products from a CSV with the columns system, gemm_dtype, m, n, k, latency_us.
/// Shapes of training alone: m at least 1,024, n and k at least 512. Tables of 8-bit products that
/// cast their inputs in a kernel of its own are fitted with that kernel, which is then dropped. A
/// table that no curve fits within 12 % (throttled runs) is left out.
void fit_products(const std::string& path, const model::Platform& platform, KernelTable& table,
                  base::Diagnostics& problems);

/// Fits collectives inside one node from a CSV with the columns system, op_name, num_gpus, bytes,
/// latency_us: those of the most GPUs that the system was measured with.
void fit_collectives(const std::string& path, const model::Platform& platform, KernelTable& table,
                     base::Diagnostics& problems);

/// The accelerator that a system of a table names: `h100_sxm` is `h100-sxm`; aliases count.
base::Id<model::Accelerator> chip_named(const std::string& system, const model::Platform& platform);

/// Fits square matrix products from a CSV with the columns system, test, x, value, unit: tests
/// `gemm_bf16` in TFLOP/s of one of the two devices of a chip.
void fit_square_products(const std::string& path, const model::Platform& platform,
                         KernelTable& table, base::Diagnostics& problems);

}  // namespace busbar::validation
