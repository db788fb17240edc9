#include "sim/serving/cache_delay.h"

#include <algorithm>
#include <cmath>

#include "sim/serving/waiting.h"

namespace busbar::serving {
namespace {

constexpr double kMostBusy = 0.999;  // what comes beyond is refused

}  // namespace

CacheDelay cache_delay(const CachePath& path, double requests_per_s) {
  CacheDelay delay;
  const double rate_Bps = std::min(path.nic_Bps, path.left_Bps);
  if (rate_Bps <= 0.0) return delay;
  const double sending_s = path.bytes / rate_Bps;
  delay.alone_s = path.latency_s + sending_s;
  if (path.overlapped) {
    const double last_s = sending_s / path.layers;
    const double behind_s = sending_s - path.prefill_s * (path.layers - 1.0) / path.layers;
    delay.alone_s = path.latency_s + std::max(last_s, behind_s);
  }
  if (std::isinf(path.left_Bps) || sending_s <= 0.0) return delay;
  const double servers = std::max(1.0, std::floor(path.left_Bps / rate_Bps));
  const double load = std::min(requests_per_s * sending_s, kMostBusy * servers);
  const Waiting waiting(servers, load, 1.0 / sending_s);
  delay.wait_p50_s = waiting.seconds(0.5);
  delay.wait_p99_s = waiting.seconds(0.99);
  return delay;
}

}  // namespace busbar::serving
