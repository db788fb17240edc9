/// One rank of a job: what it computes with and how it reaches the others.
#pragma once

#include <string_view>

#include "sim/compute/products.h"
#include "sim/training/step_model.h"

namespace busbar::training {

/// A chip, or a share of it where a stack runs several ranks on one. SI units.
struct Rank {
  compute::ProductRate product;  // at the precision of the job
  compute::ProductRate half;     // at 16 bits: attention, logits, routers
  double memory_bytes = 0.0;     // capacity
  double memory_rate = 0.0;      // bytes/s, peak
  model::StackStyle style = model::StackStyle::kMegatron;
  bool fused_attention = true;
  bool overlaps = true;
  bool eight_bit = false;         // products cast their inputs to 8 bits or fewer
  double domain_ranks = 1.0;      // that the scale-up network joins
  bool torus = false;             // …as a torus, whose axes groups share
  double axes = 1.0;              // of the torus
  double link_rate = 0.0;         // bytes/s of all links of the rank, one direction, as reached
  double nic_rate = 0.0;          // bytes/s of its share of the NICs, as reached
  model::CollectiveCurve gather;  // all-gather and reduce-scatter inside the domain
  model::CollectiveCurve all_to_all;
};

/// The rank of a slice that runs at a precision.
Rank rank_of(const Slice& slice, std::string_view precision);

}  // namespace busbar::training
