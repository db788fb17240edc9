/// Switched ports, NICs and the tiers of a fabric as links of a plan, whole or folded.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "sim/collectives/algorithm.h"

namespace busbar::collectives {

/// Bytes from one rank to another; ranks count through the chips of one group, then the next.
struct Message {
  int from = 0, to = 0;
  double bytes = 0.0;
};

/// Turns messages into transfers over ports (inside a group) or NICs and tiers (between groups).
///
/// Folded, messages that find equal shares of equal links become one: each link that several share
/// is replaced by a link with the part that its bytes take, which ends all of them together.
class SwitchNet {
 public:
  explicit SwitchNet(const Task& task);

  int ranks() const { return groups_ * ports_; }
  int ports() const { return ports_; }
  int groups() const { return groups_; }

  Step round(const std::vector<Message>& messages, std::int64_t repeat = 1);
  /// Bytes that every port sends to and gets from the switch itself, which adds up or multiplies.
  Step through_switch(double out_bytes, double in_bytes);
  /// All pairs, `bytes` each.
  Step all_pairs(double bytes);

  std::vector<Link> take_links() { return std::move(links_); }

 private:
  struct Real {
    std::string group;
    double capacity_Bps = 0.0;
    int users = 1;  // chips below
  };
  using Kind = std::tuple<int, int>;  // kind of link, its owner

  int real(int kind, int owner, const std::string& group, double capacity_Bps, int users = 1);
  std::vector<int> route(int from, int to);
  double latency_s(int from, int to) const;
  std::int32_t kept(int real_link);
  std::int32_t share(const std::string& group, double capacity_Bps, double stands_for, int ordinal);
  std::vector<Transfer> fold(const std::vector<Transfer>& all);

  const Task& task_;
  int ports_, groups_;
  double nic_Bps_ = 0.0;
  std::map<Kind, int> real_ids_;
  std::vector<Real> reals_;
  std::map<int, std::int32_t> kept_;
  std::map<std::tuple<std::string, double, int>, std::int32_t> shares_;
  std::vector<Link> links_;
};

}  // namespace busbar::collectives
