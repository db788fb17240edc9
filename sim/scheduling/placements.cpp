#include "sim/scheduling/placements.h"

namespace busbar::scheduling {
namespace {

const Part& part_of(const PoolState& pool, const Candidate& candidate) {
  return pool.parts[static_cast<size_t>(candidate.part)];
}

// Free domains of all parts that are alike to a part in something.
template <class Alike>
double free_domains(const PoolState& pool, const Alike& alike) {
  double sum = 0.0;
  for (const Part& part : pool.parts) {
    if (alike(part)) sum += static_cast<double>(part.free_domains);
  }
  return sum;
}

double at_site(const PoolState& pool, const Part& part) {
  return free_domains(pool, [&](const Part& other) { return other.site == part.site; });
}

Score packed(const PoolState& pool, const Candidate& candidate) {
  const Part& part = part_of(pool, candidate);
  return {at_site(pool, part), static_cast<double>(part.free_domains)};
}

// A part without a feed is a feed of its own.
Score spread(const PoolState& pool, const Candidate& candidate) {
  const Part& part = part_of(pool, candidate);
  const auto here = static_cast<double>(part.free_domains);
  const double on_feed = part.feed < 0 ? here : free_domains(pool, [&](const Part& other) {
    return other.site == part.site && other.feed == part.feed;
  });
  return {-at_site(pool, part), -on_feed, -here};
}

// For each chip of the gang; all candidates of one gang have as many chips.
double bisection_Bps(const Bisections& known, const Candidate& candidate) {
  const bool one_slice = candidate.slices == 1 && candidate.one_pod;
  if (candidate.domains <= 1) return known.slice_Bps.empty() ? 0.0 : known.slice_Bps.front();
  if (one_slice && static_cast<size_t>(candidate.domains) <= known.slice_Bps.size()) {
    return known.slice_Bps[static_cast<size_t>(candidate.domains - 1)];
  }
  return candidate.one_pod ? known.group_Bps : known.across_Bps;
}

Score bisection(const PoolState& pool, const Candidate& candidate) {
  const Bisections* known = part_of(pool, candidate).bisections;
  return {known == nullptr ? 0.0 : -bisection_Bps(*known, candidate),
          static_cast<double>(candidate.left)};
}

}  // namespace

BestFit::BestFit()
    : RuledPlacement([](const PoolState&,
                        const Candidate& c) -> Score { return {static_cast<double>(c.left)}; },
                     PodOrder::kTightest) {}

FirstFit::FirstFit()
    : RuledPlacement([](const PoolState&, const Candidate&) -> Score { return {}; },
                     PodOrder::kFirst) {}

WorstFit::WorstFit()
    : RuledPlacement([](const PoolState&,
                        const Candidate& c) -> Score { return {-static_cast<double>(c.left)}; },
                     PodOrder::kEmptiest) {}

Packed::Packed() : RuledPlacement(packed, PodOrder::kTightest) {}

Spread::Spread() : RuledPlacement(spread, PodOrder::kEmptiest) {}

LargestBisection::LargestBisection() : RuledPlacement(bisection, PodOrder::kTightest) {}

}  // namespace busbar::scheduling
