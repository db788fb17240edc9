/// The cables of a torus as links of a plan, whole or folded, with or without a dead one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "sim/collectives/algorithm.h"

namespace busbar::collectives {

/// Hands out links of a torus and the transfers of its rows.
///
/// All chips do the same, so that folded one chip and one row of each axis stand for all. With a
/// dead cable its traffic takes the cables of the neighbouring rows, in equal parts; the rows that
/// this touches are listed beside the one that stands for the rest, and in them the touched hops
/// beside the one that stands for the rest.
class TorusNet {
 public:
  using Coordinates = std::vector<int>;
  /// A hop of a chip to another of its row.
  struct Hop {
    int from = 0, to = 0;  // positions along the axis
  };

  explicit TorusNet(const Task& task);

  /// Axes with more than one chip.
  const std::vector<int>& axes() const { return used_; }
  int extent(int axis) const { return at(axis).extent; }
  bool wraps(int axis) const { return at(axis).wraps; }
  double cable_rate(int axis) const { return at(axis).cable.value; }
  double hop_s() const { return task_.wiring.inside.hop.value; }

  /// The rows of an axis that must be listed, by the coordinates of their first chip.
  std::vector<Coordinates> rows(int axis) const;
  /// One round of equal transfers between neighbours of a row, all in one direction (+1, -1).
  std::vector<Transfer> around(int axis, const Coordinates& row, int direction, double bytes);
  /// The same on an axis that does not wrap: a ring that goes out over every other chip and comes
  /// back over the rest, two cables a hop.
  std::vector<Transfer> out_and_back(int axis, const Coordinates& row, double bytes);
  /// Straight hops of a row, each over all cables between its ends the shorter way.
  std::vector<Transfer> straight(int axis, const Coordinates& row, const std::vector<Hop>& hops,
                                 double bytes);
  /// Empty, or why the chips are no longer connected.
  std::string broken() const;

  std::vector<Link> take_links() { return std::move(links_); }

 private:
  using Key = std::tuple<std::vector<int>, int, int>;  // chip, axis, direction
  const topology::Axis& at(int axis) const {
    return task_.wiring.inside.axes[static_cast<size_t>(axis)];
  }
  std::vector<Key> walk(int axis, const Coordinates& row, Hop hop, int direction) const;
  std::vector<Transfer> listed(const std::vector<std::vector<Key>>& walks, double bytes);
  std::vector<Transfer> transfers(const std::vector<Key>& walk, double bytes);
  std::vector<std::vector<Key>> detours(const Key& dead) const;
  bool touched(const std::vector<Key>& walk) const;
  std::optional<Coordinates> neighbour(Coordinates chip, int axis, int direction) const;
  std::int32_t link(const Key& key);

  const Task& task_;
  std::vector<int> used_;
  std::set<Key> dead_, touched_;
  std::map<Key, std::int32_t> ids_;
  std::vector<Link> links_;
};

}  // namespace busbar::collectives
