/// What the way of its cache from prefill to decode costs a request.
#pragma once

#include <limits>

namespace busbar::serving {

/// The way of caches from prefill replicas to decode replicas.
struct CachePath {
  double bytes = 0.0;                                         // of one request
  double nic_Bps = std::numeric_limits<double>::infinity();   // of the replicas, the slower two's
  double left_Bps = std::numeric_limits<double>::infinity();  // what others leave of shared links
  double latency_s = 0.0;                                     // one way
  double prefill_s = 0.0;                                     // of the prompt
  double layers = 1.0;                                        // of the model
  bool overlapped = false;  // a layer is sent when it is computed, else the cache after all are
};

/// Seconds from the end of the prompt to the cache's arrival.
struct CacheDelay {
  double alone_s = 0.0;                       // on a path with room
  double wait_p50_s = 0.0, wait_p99_s = 0.0;  // for room
};

/// A transfer goes at the rate of the NICs, or of what the links have left if that is less. So many
/// of them have room at a time, at least one; those beyond wait as in the M/M/c queue, whose
/// servers are at most 99.9 % busy. Overlapped, the pipeline of layers ends one layer's bytes after
/// the prompt, or all bytes after its first layer, whichever is later.
/// @param requests_per_s  that take this path.
CacheDelay cache_delay(const CachePath& path, double requests_per_s);

}  // namespace busbar::serving
