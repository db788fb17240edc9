#include "sim/collectives/torus_net.h"

#include <algorithm>

#include "sim/base/error.h"

namespace busbar::collectives {

TorusNet::TorusNet(const Task& task) : task_(task) {
  const auto& axes = task.wiring.inside.axes;
  for (size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].extent > 1) used_.push_back(static_cast<int>(a));
  }
  if (!task.dead) return;
  const int axis = task.dead->axis;
  Coordinates from(axes.size(), 0);
  Coordinates to = from;
  to[static_cast<size_t>(axis)] = 1;
  for (const Key& dead : {Key{from, axis, 1}, Key{to, axis, -1}}) dead_.insert(dead);
  touched_ = dead_;
  for (const Key& dead : dead_) {
    for (const auto& detour : detours(dead)) touched_.insert(detour.begin(), detour.end());
  }
}

std::optional<TorusNet::Coordinates> TorusNet::neighbour(Coordinates chip, int axis,
                                                         int direction) const {
  const int extent = at(axis).extent;
  int& position = chip[static_cast<size_t>(axis)];
  position += direction;
  if (position < 0 || position >= extent) {
    if (!at(axis).wraps) return {};
    position = (position + extent) % extent;
  }
  return chip;
}

std::int32_t TorusNet::link(const Key& key) {
  const auto [found, fresh] = ids_.try_emplace(key, static_cast<std::int32_t>(links_.size()));
  if (fresh) {
    const auto& [chip, axis, direction] = key;
    const std::string group{"xyz"[axis], direction > 0 ? '+' : '-'};
    const bool stands = task_.folded && !touched_.contains(key);
    links_.push_back(
        {group, cable_rate(axis),
         stands ? task_.wiring.inside.chips() - static_cast<double>(touched_.size()) : 1.0});
  }
  return found->second;
}

std::vector<TorusNet::Coordinates> TorusNet::rows(int axis) const {
  const auto& axes = task_.wiring.inside.axes;
  const auto row_of = [&](Coordinates chip) {
    chip[static_cast<size_t>(axis)] = 0;
    return chip;
  };
  std::set<Coordinates> listed;
  for (const auto& [chip, link_axis, direction] : touched_) {
    if (link_axis == axis) listed.insert(row_of(chip));
  }
  // All rows in order; folded, the first that nothing touches stands for the rest.
  std::vector<Coordinates> rows(listed.begin(), listed.end());
  Coordinates row(axes.size(), 0);
  for (bool more = true; more;) {
    if (!listed.contains(row)) {
      rows.push_back(row);
      if (task_.folded) break;
    }
    more = false;
    for (size_t a = 0; a < axes.size(); ++a) {
      if (static_cast<int>(a) == axis) continue;
      if (++row[a] < axes[a].extent) {
        more = true;
        break;
      }
      row[a] = 0;
    }
  }
  return rows;
}

// The cables from one chip of a row to another, going one way.
std::vector<TorusNet::Key> TorusNet::walk(int axis, const Coordinates& row, Hop hop,
                                          int direction) const {
  std::vector<Key> keys;
  Coordinates chip = row;
  chip[static_cast<size_t>(axis)] = hop.from;
  while (chip[static_cast<size_t>(axis)] != hop.to) {
    keys.emplace_back(chip, axis, direction);
    const auto next = neighbour(chip, axis, direction);
    base::ensure(next.has_value(), "a hop leaves its row");
    chip = *next;
  }
  return keys;
}

// Ways around a dead cable: over each neighbouring row; without one, the other way around.
std::vector<std::vector<TorusNet::Key>> TorusNet::detours(const Key& dead) const {
  const auto& [chip, axis, direction] = dead;
  std::vector<std::vector<Key>> ways;
  for (const int other : used_) {
    if (other == axis) continue;
    for (const int side : {1, -1}) {
      const auto beside = neighbour(chip, other, side);
      if (!beside) continue;
      const auto past = neighbour(*beside, axis, direction);
      if (past)
        ways.push_back({{chip, other, side}, {*beside, axis, direction}, {*past, other, -side}});
    }
  }
  if (ways.empty() && at(axis).wraps) {
    const int position = chip[static_cast<size_t>(axis)];
    const int target = (position + direction + at(axis).extent) % at(axis).extent;
    ways.push_back(walk(axis, chip, {position, target}, -direction));
  }
  return ways;
}

bool TorusNet::touched(const std::vector<Key>& walk) const {
  return std::any_of(walk.begin(), walk.end(),
                     [&](const Key& key) { return touched_.contains(key); });
}

// A walk as transfers; a dead cable on it splits it over its detours.
std::vector<Transfer> TorusNet::transfers(const std::vector<Key>& walk, double bytes) {
  std::vector<std::vector<Key>> ways = {{}};
  for (const Key& key : walk) {
    if (!dead_.contains(key)) {
      for (auto& way : ways) way.push_back(key);
      continue;
    }
    std::vector<std::vector<Key>> split;
    for (const auto& way : ways) {
      for (const auto& detour : detours(key)) {
        split.push_back(way);
        split.back().insert(split.back().end(), detour.begin(), detour.end());
      }
    }
    ways = std::move(split);
  }
  std::vector<Transfer> all;
  for (const auto& way : ways) {
    Transfer t;
    t.bytes = bytes / static_cast<double>(ways.size());
    t.latency_s = static_cast<double>(way.size()) * hop_s();
    for (const Key& key : way) t.path.push_back(link(key));
    all.push_back(std::move(t));
  }
  return all;
}

// Folded, the first walk that nothing touches stands for all such.
std::vector<Transfer> TorusNet::listed(const std::vector<std::vector<Key>>& walks, double bytes) {
  std::vector<Transfer> all;
  bool stands = false;
  for (const auto& walk : walks) {
    if (task_.folded && !touched(walk)) {
      if (stands) continue;
      stands = true;
    }
    for (Transfer& t : transfers(walk, bytes)) all.push_back(std::move(t));
  }
  return all;
}

std::vector<Transfer> TorusNet::around(int axis, const Coordinates& row, int direction,
                                       double bytes) {
  const int n = extent(axis);
  std::vector<std::vector<Key>> walks;
  walks.reserve(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) {
    walks.push_back(walk(axis, row, {i, (i + direction + n) % n}, direction));
  }
  return listed(walks, bytes);
}

std::vector<Transfer> TorusNet::out_and_back(int axis, const Coordinates& row, double bytes) {
  const int n = extent(axis);
  std::vector<std::vector<Key>> out, back;
  // 0, 2, 4, … and back over …, 5, 3, 1: the ends are one cable apart.
  const auto hop = [&](int from, int to) {
    (to > from ? out : back).push_back(walk(axis, row, {from, to}, to > from ? 1 : -1));
  };
  // Inner hops first: they are the ones to stand for the rest.
  for (int i = 0; i + 2 < n; ++i) i % 2 == 0 ? hop(i, i + 2) : hop(i + 2, i);
  const int last = n - 1;
  last % 2 == 0 ? hop(last, last - 1) : hop(last - 1, last);
  hop(1, 0);
  std::vector<Transfer> all = listed(out, bytes);
  for (Transfer& t : listed(back, bytes)) all.push_back(std::move(t));
  return all;
}

std::vector<Transfer> TorusNet::straight(int axis, const Coordinates& row,
                                         const std::vector<Hop>& hops, double bytes) {
  std::vector<Transfer> all;
  for (const Hop& hop : hops) {
    const auto keys = walk(axis, row, hop, hop.to > hop.from ? 1 : -1);
    for (Transfer& t : transfers(keys, bytes)) all.push_back(std::move(t));
  }
  return all;
}

std::string TorusNet::broken() const {
  for (const Key& dead : dead_) {
    if (detours(dead).empty()) return "a dead cable splits a line of chips in two";
  }
  return {};
}

}  // namespace busbar::collectives
