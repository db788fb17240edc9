#include "sim/collectives/switch_net.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/topology/load_balancing.h"

namespace busbar::collectives {
namespace {

enum Kind { kOut, kIn, kNicOut, kNicIn, kUp };  // kUp + 2 t, + 1: tier t up and down

}  // namespace

SwitchNet::SwitchNet(const Task& task)
    : task_(task),
      ports_(task.wiring.inside.chips()),
      groups_(task.wiring.between.groups),
      nic_Bps_(
          task.wiring.between.nic.value *
          topology::slowest_share(task.wiring.between.load_balancing, 1.0 * ports_ * groups_)) {}

int SwitchNet::real(int kind, int owner, const std::string& group, double capacity_Bps, int users) {
  const auto [found, fresh] = real_ids_.try_emplace({kind, owner}, static_cast<int>(reals_.size()));
  if (fresh) reals_.push_back({group, capacity_Bps, users});
  return found->second;
}

double SwitchNet::latency_s(int from, int to) const {
  return (from / ports_ == to / ports_ ? task_.wiring.inside.hop : task_.wiring.between.latency)
      .value;
}

std::vector<int> SwitchNet::route(int from, int to) {
  const int a = from / ports_, b = to / ports_;
  if (a == b) {
    const double port = task_.wiring.inside.port.value;
    return {real(kOut, from, "port out", port), real(kIn, to, "port in", port)};
  }
  std::vector<int> up = {real(kNicOut, from, "nic out", nic_Bps_)}, down;
  // Through each tier on the way to the first switch group that both are below.
  double oversubscription = 1.0;
  int below = 1;  // groups below one switch group of the tier under it
  const auto& tiers = task_.wiring.between.tiers;
  for (size_t t = 0; t < tiers.size() && (below > 0 && a / below != b / below); ++t) {
    oversubscription *= tiers[t].oversubscription;
    if (oversubscription > 1.0) {
      const int users = ports_ * std::min(below, groups_);
      const double capacity = nic_Bps_ * users / oversubscription;
      const int kind = kUp + 2 * static_cast<int>(t);
      up.push_back(real(kind, a / below, fmt::format("{} up", tiers[t].name), capacity, users));
      down.push_back(
          real(kind + 1, b / below, fmt::format("{} down", tiers[t].name), capacity, users));
    }
    below = tiers[t].groups;
  }
  up.insert(up.end(), down.rbegin(), down.rend());
  up.push_back(real(kNicIn, to, "nic in", nic_Bps_));
  return up;
}

std::int32_t SwitchNet::kept(int real_link) {
  const auto [found, fresh] =
      kept_.try_emplace(real_link, static_cast<std::int32_t>(links_.size()));
  if (fresh) {
    const Real& r = reals_[static_cast<size_t>(real_link)];
    links_.push_back({r.group, r.capacity_Bps, 1.0});
  }
  return found->second;
}

std::int32_t SwitchNet::share(const std::string& group, double capacity_Bps, double stands_for,
                              int ordinal) {
  const auto [found, fresh] =
      shares_.try_emplace({group, capacity_Bps, ordinal}, static_cast<std::int32_t>(links_.size()));
  if (fresh) links_.push_back({group, capacity_Bps, stands_for});
  return found->second;
}

Step SwitchNet::round(const std::vector<Message>& messages, std::int64_t repeat) {
  std::vector<Transfer> all;
  for (const Message& m : messages) {
    Transfer t;
    t.bytes = m.bytes;
    t.latency_s = latency_s(m.from, m.to);
    for (const int link : route(m.from, m.to)) t.path.push_back(link);
    all.push_back(std::move(t));
  }
  if (task_.folded) return round_of(fold(all), repeat);
  for (Transfer& t : all) {
    for (std::int32_t& link : t.path) link = kept(link);
  }
  return round_of(std::move(all), repeat);
}

std::vector<Transfer> SwitchNet::fold(const std::vector<Transfer>& all) {
  std::vector<double> load(reals_.size(), 0.0);
  for (const Transfer& t : all) {
    for (const std::int32_t link : t.path) load[static_cast<size_t>(link)] += t.bytes;
  }
  // What a transfer is like: bytes, latency, and its part of each link.
  using Class = std::tuple<double, double, std::vector<std::pair<std::string, double>>>;
  std::map<Class, int> classes;
  for (const Transfer& t : all) {
    std::vector<std::pair<std::string, double>> parts;
    for (const std::int32_t link : t.path) {
      const Real& r = reals_[static_cast<size_t>(link)];
      parts.emplace_back(r.group, r.capacity_Bps * (t.bytes / load[static_cast<size_t>(link)]));
    }
    ++classes[{t.bytes, t.latency_s, std::move(parts)}];
  }
  std::vector<Transfer> folded;
  std::map<std::pair<std::string, double>, int> taken;  // in this round
  for (const auto& [like, count] : classes) {
    const auto& [bytes, latency, parts] = like;
    Transfer t{{}, bytes, latency};
    for (const auto& part : parts) {
      t.path.push_back(share(part.first, part.second, count, taken[part]++));
    }
    folded.push_back(std::move(t));
  }
  return folded;
}

Step SwitchNet::through_switch(double out_bytes, double in_bytes) {
  const double port = task_.wiring.inside.port.value;
  std::vector<Transfer> all;
  for (int r = 0; r < (task_.folded ? 1 : ranks()); ++r) {
    const double latency = 2.0 * task_.wiring.inside.hop.value;
    all.push_back({{kept(real(kOut, r, "port out", port))}, out_bytes, latency});
    all.push_back({{kept(real(kIn, r, "port in", port))}, in_bytes, latency});
  }
  if (task_.folded) {
    for (Link& link : links_) link.stands_for = ranks();
  }
  return round_of(std::move(all));
}

Step SwitchNet::all_pairs(double bytes) {
  std::vector<Message> messages;
  if (!task_.folded) {
    for (int i = 0; i < ranks(); ++i) {
      for (int j = 1; j < ranks(); ++j) messages.push_back({i, (i + j) % ranks(), bytes});
    }
    return round(messages);
  }
  // All ranks send alike: the first one's bytes by the links that they take, with its part of what
  // the others share.
  std::map<std::pair<double, std::vector<std::pair<std::string, double>>>, double> classes;
  for (int j = 1; j < ranks(); ++j) {
    std::vector<std::pair<std::string, double>> parts;
    for (const int link : route(0, j)) {
      const Real& r = reals_[static_cast<size_t>(link)];
      parts.emplace_back(r.group, r.capacity_Bps / r.users);
    }
    classes[{latency_s(0, j), parts}] += bytes;
  }
  std::vector<Transfer> all;
  for (const auto& [like, sum] : classes) {
    Transfer t{{}, sum, like.first};
    for (const auto& part : like.second)
      t.path.push_back(share(part.first, part.second, ranks(), 0));
    all.push_back(std::move(t));
  }
  return round_of(std::move(all));
}

}  // namespace busbar::collectives
