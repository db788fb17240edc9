#include "sim/training/token_target.h"

namespace busbar::training {

double tokens_to_target(const model::LanguageModel& model, double tokens, double batch_tokens,
                        int sync_every) {
  const double critical = model.critical_batch_tokens;
  const double batch = critical > 0.0 ? 1.0 + batch_tokens / critical : 1.0;
  return tokens * batch * (sync_every > 1 ? model.low_communication_token_factor : 1.0);
}

}  // namespace busbar::training
