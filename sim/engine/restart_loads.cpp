#include "sim/engine/restart_loads.h"

#include <utility>

namespace busbar::engine {

void RestartLoads::begin(std::int32_t slot, double from_s, double bytes,
                         std::vector<std::int32_t> links, std::function<void()> done) {
  Load& load = loads_[slot];
  load.left = links.size();
  load.done = std::move(done);
  load.begin =
      clock_.at(from_s, Phase::kChange, static_cast<std::uint64_t>(slot),
                [this, slot, bytes, links = std::move(links)] { read(slot, bytes, links); });
}

void RestartLoads::read(std::int32_t slot, double bytes, const std::vector<std::int32_t>& links) {
  Load& load = loads_.at(slot);
  load.begin = 0;
  load.transfers.resize(links.size());
  for (size_t i = 0; i < links.size(); ++i) {
    load.transfers[i] = traffic_.send({links[i]}, bytes, [this, slot, i] {
      Load& mine = loads_.at(slot);
      mine.transfers[i] = 0;
      if (--mine.left > 0) return;
      const auto done = std::move(mine.done);
      loads_.erase(slot);
      done();
    });
  }
}

void RestartLoads::cancel(std::int32_t slot) {
  const auto at = loads_.find(slot);
  if (at == loads_.end()) return;
  clock_.cancel(at->second.begin);
  for (const std::int32_t transfer : at->second.transfers) traffic_.cancel(transfer);
  loads_.erase(at);
}

}  // namespace busbar::engine
