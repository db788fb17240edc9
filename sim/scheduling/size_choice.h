/// Shares chips out among jobs that can run at several sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace busbar::scheduling {

/// What one size of a job is worth.
struct SizeValue {
  std::int64_t chips = 0;
  double value = 0.0;
};

/// Chooses one size for each job, so that together they hold at most `chips` and are worth as much
/// as possible: the optimum where finding it is cheap, else `climb()`.
///
/// The optimum is that of a multiple-choice knapsack, by dynamic programming over chips in units of
/// the largest common divisor of all steps between sizes; of equal ones the last job has its
/// smallest size, then the one before.
///
/// @param jobs  sizes of each by chips, at least one; the first ones fit together.
/// @returns for each job the index of its size.
std::vector<size_t> choose_sizes(std::span<const std::vector<SizeValue>> jobs, std::int64_t chips);

/// The same, in little time: every job begins at its first size. Steps along the upper concave hull
/// of (chips, value) are taken by value per chip, the best first, ties by the order of the jobs; a
/// step that does not fit ends its job's climb. Then, as long as any job is worth more at a size
/// that what is left allows, the one that gains most goes there (ties: the first job, the smaller
/// size). This is the optimum up to what the last steps leave over.
std::vector<size_t> climb(std::span<const std::vector<SizeValue>> jobs, std::int64_t chips);

/// Sum of what chosen sizes are worth.
double worth(std::span<const std::vector<SizeValue>> jobs, std::span<const size_t> chosen);

}  // namespace busbar::scheduling
