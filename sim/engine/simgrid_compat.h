/// The few names that differ between SimGrid 3.32 (Debian 12) and 4.x, so that both compile.
#pragma once

// version.h does not stand alone: keep the order.
// clang-format off
#include <simgrid/s4u.hpp>
#include <simgrid/version.h>
// clang-format on

#include <functional>
#include <string>
#include <vector>

namespace busbar::engine::compat {

namespace sg = simgrid::s4u;

#if SIMGRID_VERSION >= 40000
inline sg::NetZone* make_star_root(sg::Engine& engine) {
  return engine.get_netzone_root()->add_netzone_star("fleet");
}
inline sg::Host* add_host(sg::NetZone* zone, const std::string& name) {
  return zone->add_host(name, 1.0);
}
inline sg::Link* add_link(sg::NetZone* zone, const std::string& name, double bandwidth) {
  return zone->add_link(name, bandwidth);
}
/// Links that a flow from (or, `down`, to) a host passes.
inline void add_star_route(sg::NetZone* zone, sg::Host* host,
                           const std::vector<sg::LinkInRoute>& links, bool down) {
  if (down) {
    zone->add_route(nullptr, host, links, false);
  } else {
    zone->add_route(host, nullptr, links, false);
  }
}
/// Links that a flow from a host to itself passes.
inline void add_loopback_route(sg::NetZone* zone, sg::Host* host,
                               const std::vector<sg::LinkInRoute>& links) {
  zone->add_route(host, host, links, false);
}
inline sg::ActorPtr add_actor(sg::Host* host, const std::string& name,
                              const std::function<void()>& code) {
  return host->add_actor(name, code);
}
inline double load_of(const sg::Link* link) { return link->get_load(); }
inline constexpr const char* kTcpGammaOff = "network/TCP-gamma:0";
inline constexpr const char* kTimingPrecision = "precision/timing";
inline constexpr const char* kWorkPrecision = "precision/work-amount";
#else
inline sg::NetZone* make_star_root(sg::Engine&) { return sg::create_star_zone("fleet"); }
inline sg::Host* add_host(sg::NetZone* zone, const std::string& name) {
  return zone->create_host(name, 1.0);
}
inline sg::Link* add_link(sg::NetZone* zone, const std::string& name, double bandwidth) {
  return zone->create_link(name, bandwidth);
}
inline void add_star_route(sg::NetZone* zone, sg::Host* host,
                           const std::vector<sg::LinkInRoute>& links, bool down) {
  if (down) {
    zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, links, false);
  } else {
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, links, false);
  }
}
inline void add_loopback_route(sg::NetZone* zone, sg::Host* host,
                               const std::vector<sg::LinkInRoute>& links) {
  zone->add_route(host->get_netpoint(), host->get_netpoint(), nullptr, nullptr, links, false);
}
inline sg::ActorPtr add_actor(sg::Host* host, const std::string& name,
                              const std::function<void()>& code) {
  return sg::Actor::create(name, host, code);
}
inline double load_of(const sg::Link* link) { return link->get_usage(); }
// Zero would mean an empty window before 3.34.
inline constexpr const char* kTcpGammaOff = "network/TCP-gamma:1e30";
inline constexpr const char* kTimingPrecision = "surf/precision";
inline constexpr const char* kWorkPrecision = "maxmin/precision";
#endif

}  // namespace busbar::engine::compat
