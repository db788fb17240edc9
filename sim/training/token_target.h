/// How many tokens a method needs to the same loss: methods are compared by time to target, not by
/// step.
#pragma once

#include "sim/model/workload.h"

namespace busbar::training {

/// Tokens to the loss that `tokens` reach with small batches and synchronous training.
///
/// A batch of B tokens needs 1 + B / critical batch times as many (McCandlish et al.: An empirical
/// model of large-batch training, 2018; no critical batch: none more). Slices that exchange
/// gradients only every `sync_every` steps need the model's factor for low communication.
double tokens_to_target(const model::LanguageModel& model, double tokens, double batch_tokens,
                        int sync_every);

}  // namespace busbar::training
