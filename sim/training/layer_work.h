/// What one layer asks of one rank for one micro-batch: kernel times before any fitted constant.
#pragma once

#include "sim/training/rank.h"

namespace busbar::training {

/// A layer: both passes, and what stays.
struct LayerWork {
  PassWork forward, backward;
  PassWork last_product;        // of the forward pass: dead code where all else is recomputed
  double weights = 0.0;         // of this rank, routed experts left out
  double expert_weights = 0.0;  // of this rank
  double launches = 1.0;        // host work over that of a usual layer
  double local_experts = 0.0;   // 0: no routed experts
  double saved_bytes = 0.0;     // for the backward pass, without recomputation, one micro-batch
  double product_bytes = 0.0;   // of which results of matrix products
  double scores_bytes = 0.0;    // of which attention scores and the like
  double input_bytes = 0.0;     // of the layer's input alone
};

/// The work of one layer of a group. The plan is complete (no zeros).
LayerWork layer_work(const Task& task, const model::LayerGroup& layer, const Rank& rank);

/// The output layer with its loss, and the projection of a multi-token-prediction module.
LayerWork head_work(const Task& task, const Rank& rank);
LayerWork prediction_projection_work(const Task& task, const Rank& rank);

}  // namespace busbar::training
