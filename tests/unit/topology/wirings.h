/// Slices that the tests of this folder share.
#pragma once

#include <vector>

#include "sim/topology/wiring.h"

namespace busbar::topology {

/// A torus (or mesh) with equal cables.
inline ScaleUp torus(const std::vector<int>& extents, bool wraps = true, double cable_Bps = 100e9,
                     bool twisted = false) {
  ScaleUp inside;
  inside.kind = model::DomainTopology::kTorus;
  for (const int extent : extents) {
    inside.axes.push_back({extent, wraps, base::BytesPerSecond{cable_Bps}});
  }
  inside.twisted = twisted;
  inside.hop = base::Seconds{1e-6};
  return inside;
}

/// A switch with a port for each chip.
inline ScaleUp switched(int ports, double port_Bps) {
  ScaleUp inside;
  inside.ports = ports;
  inside.port = base::BytesPerSecond{port_Bps};
  inside.hop = base::Seconds{1e-6};
  return inside;
}

}  // namespace busbar::topology
