/// Waiting in the M/M/c queue.
#pragma once

namespace busbar::serving {

/// Requests that find all servers busy wait for one (Erlang C).
class Waiting {
 public:
  /// @param load  servers that are busy on average, below `servers`.
  /// @param rate_per_s  of one server.
  Waiting(double servers, double load, double rate_per_s);
  /// What so large a share of the requests wait at most: P(wait > t) = C exp(-drain t).
  double seconds(double share) const;

 private:
  double waiting_;      // share that waits
  double drain_per_s_;  // spare rate of the servers
};

}  // namespace busbar::serving
