#include "sim/engine/site_parts.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/base/error.h"
#include "sim/training/across_sites.h"

namespace busbar::engine {

void SiteParts::divide(ActiveJob& active, const model::Job& job) {
  const scheduling::PoolState& pool = fleet_.pools[static_cast<size_t>(active.pool)].state;
  active.local_s = active.work.step_s;
  std::map<std::int32_t, std::int64_t> chips;
  for (const scheduling::Share& share : active.allocation.shares) {
    chips[pool.parts[static_cast<size_t>(share.part)].site] += pool.chips_of(share);
  }
  if (chips.size() < 2) return;
  active.more_steps = active.work.low_communication;
  active.work.steps *= active.more_steps;
  const double batch = active.work.tokens_per_step;
  std::vector<double> speeds;
  for (const auto& [site, here] : chips) {
    const double part = static_cast<double>(here) / active.work.chips;
    const double speed = works_.tokens_per_s(job, active.pool, here, part * batch);
    // A site that could not hold a replica of its own works as its part of the whole does.
    speeds.push_back(speed > 0.0 ? speed : part * batch / active.work.step_s);
  }
  // Work without tokens is shared by chips.
  if (batch <= 0.0) {
    for (size_t i = 0; i < speeds.size(); ++i) {
      speeds[i] = static_cast<double>(std::next(chips.begin(), static_cast<int>(i))->second);
    }
  }
  const training::SharedBatch shared = training::share_batch(batch, speeds);
  if (batch > 0.0) {
    // Checkpoints follow computing time, not steps.
    active.work.saves.scale(active.work.step_s / shared.compute_s);
    active.work.sends.checkpoint_bytes *= shared.compute_s / active.work.step_s;
    active.local_s = shared.compute_s;
  }
  size_t i = 0;
  for (const auto& [site, here] : chips) active.sites.push_back({site, shared.share[i++], true});
}

std::vector<scheduling::Share> SiteParts::working(const ActiveJob& active) const {
  const auto& parts = fleet_.pools[static_cast<size_t>(active.pool)].state.parts;
  std::vector<scheduling::Share> shares;
  for (scheduling::Share share : active.allocation.shares) {
    if (!active.on(parts[static_cast<size_t>(share.part)].site)) continue;
    share.whole_domains -= active.idle_domains(share.part);
    if (share.whole_domains > 0 || share.shared_chips > 0) shares.push_back(share);
  }
  return shares;
}

double SiteParts::share_of(const ActiveJob& active) const {
  const auto& parts = fleet_.pools[static_cast<size_t>(active.pool)].state.parts;
  std::map<std::int32_t, double> all, up;  // domains, by site
  if (!active.out.empty()) {
    for (const scheduling::Share& share : active.allocation.shares) {
      const std::int32_t site =
          active.sites.empty() ? -1 : parts[static_cast<size_t>(share.part)].site;
      double missing = 0.0;
      for (const OutReplica& replica : active.out) {
        if (replica.part == share.part) missing += static_cast<double>(replica.missing);
      }
      all[site] += static_cast<double>(share.whole_domains) + missing;
      up[site] += static_cast<double>(share.whole_domains - active.idle_domains(share.part));
    }
  }
  const auto there = [&](std::int32_t site) { return all.empty() ? 1.0 : up[site] / all[site]; };
  if (active.sites.empty()) return there(-1);
  double share = 0.0;
  bool whole = active.out.empty();
  for (const SitePart& part : active.sites) {
    if (part.on) share += part.batch_share * there(part.site);
    whole = whole && part.on;
  }
  return whole ? 1.0 : share;
}

bool SiteParts::is_split(const ActiveJob& active) const {
  std::int32_t first = -1;
  for (const SitePart& part : active.sites) {
    if (!part.on) continue;
    if (first >= 0 && island(part) != first) return true;
    first = island(part);
  }
  return false;
}

double SiteParts::shrink(ActiveJob& active) {
  std::map<std::int32_t, double> together;
  for (const SitePart& part : active.sites) {
    if (part.on) together[island(part)] += part.batch_share;
  }
  // Sites are sorted, and an island has the number of its first site: of equals the first is kept.
  std::int32_t kept = -1;
  for (const auto& [number, share] : together) {
    if (kept < 0 || share > together[kept] * (1.0 + 1e-12)) kept = number;
  }
  const double before = active.batch_share;
  for (SitePart& part : active.sites) part.on = part.on && island(part) == kept;
  const double after = share_of(active);
  const double every = active.work.sends.across.sync_every;
  const double since = std::fmod(active.updates, every);
  const double lost = since * (every > 1.0 ? before - after : before);
  if (every <= 1.0) active.updates -= since;
  active.lose(lost);
  active.batch_share = after;
  return lost;
}

std::vector<std::int32_t> SiteParts::reachable(const ActiveJob& active) const {
  std::int32_t here = -1;
  for (const SitePart& part : active.sites) {
    if (part.on) here = island(part);
  }
  std::vector<std::int32_t> sites;
  for (const SitePart& part : active.sites) {
    if (!part.on && island(part) == here) sites.push_back(part.site);
  }
  return sites;
}

void SiteParts::join(ActiveJob& active, const std::vector<std::int32_t>& sites) const {
  for (SitePart& part : active.sites) {
    part.on = part.on || std::find(sites.begin(), sites.end(), part.site) != sites.end();
  }
  active.batch_share = share_of(active);
}

std::vector<std::int32_t> SiteParts::catch_up_path(const ActiveJob& active,
                                                   const std::vector<std::int32_t>& sites) const {
  // From the site with the largest part; one stream serves all that join.
  const SitePart* from = nullptr;
  for (const SitePart& part : active.sites) {
    if (part.on && (from == nullptr || part.batch_share > from->batch_share)) from = &part;
  }
  base::ensure(from != nullptr, "no site of a job goes on");
  std::vector<std::int32_t> links;
  for (const std::int32_t to : sites) {
    for (const std::int32_t link : network_.path({from->site}, {to})) links.push_back(link);
  }
  std::sort(links.begin(), links.end());
  links.erase(std::unique(links.begin(), links.end()), links.end());
  return links;
}

}  // namespace busbar::engine
