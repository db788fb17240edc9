#include "sim/engine/simgrid_world.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/engine/simgrid_compat.h"
#include "sim/engine/simgrid_engine.h"

namespace busbar::engine {

namespace sg = simgrid::s4u;

namespace {

constexpr double kUnit_Bps = 1e6;  // one SimGrid rate unit
constexpr double kNominal = 1e30;  // nominal bandwidth; the live one comes from the callback

}  // namespace

SimgridWorld::SimgridWorld(const std::vector<Link>& links)
    : engine_(std::make_unique<SimgridEngine>()) {
  sg::NetZone* zone = compat::make_star_root(*sg::Engine::get_instance());
  capacities_.reserve(links.size());
  for (size_t i = 0; i < links.size(); ++i) {
    capacities_.push_back(links[i].capacity_Bps / kUnit_Bps);
    sg::Link* link = compat::add_link(zone, fmt::format("link-{}", i), kNominal);
    link->set_sharing_policy(sg::Link::SharingPolicy::NONLINEAR,
                             [this, i](double, int) { return capacities_[i]; });
    link->seal();
    links_.push_back(link);
  }
  const size_t ports = links.empty() ? 0 : kMostFlows;
  demands_.assign(ports, 0.0);
  for (size_t i = 0; i < ports; ++i) {
    sg::Link* port = compat::add_link(zone, fmt::format("port-{}", i), kNominal);
    port->set_sharing_policy(sg::Link::SharingPolicy::NONLINEAR,
                             [this, i](double, int) { return demands_[i]; });
    port->seal();
    port_links_.push_back(port);
    sg::Host* host = compat::add_host(zone, fmt::format("port-host-{}", i));
    compat::add_star_route(zone, host, {sg::LinkInRoute(port)}, false);
    ports_.push_back(host);
  }
  for (size_t i = 0; i < (links.empty() ? 1 : kMostPaths); ++i) {
    spare_ends_.push_back(compat::add_host(zone, fmt::format("end-{}", i)));
  }
  zone->seal();
}

SimgridWorld::~SimgridWorld() = default;

std::map<std::string, std::string> SimgridWorld::config() {
  std::map<std::string, std::string> all;
  for (const std::string& knob : SimgridEngine::knobs()) {
    const size_t colon = knob.find(':');
    all[knob.substr(0, colon)] = knob.substr(colon + 1);
  }
  return all;
}

std::string SimgridWorld::version() {
  int major = 0, minor = 0, patch = 0;
  sg_version_get(&major, &minor, &patch);
  return patch > 0 ? fmt::format("{}.{}.{}", major, minor, patch)
                   : fmt::format("{}.{}", major, minor);
}

// Setting the nominal bandwidth again makes SimGrid ask the callback and solve anew.
void SimgridWorld::set_capacity(std::int32_t link, double bytes_per_s) {
  capacities_[static_cast<size_t>(link)] = bytes_per_s / kUnit_Bps;
  links_[static_cast<size_t>(link)]->set_bandwidth(kNominal);
}
double SimgridWorld::throughput(std::int32_t link) const {
  return compat::load_of(links_[static_cast<size_t>(link)]) * kUnit_Bps;
}
void SimgridWorld::set_demand(std::int32_t port, double bytes_per_s) {
  demands_[static_cast<size_t>(port)] = bytes_per_s / kUnit_Bps;
  port_links_[static_cast<size_t>(port)]->set_bandwidth(kNominal);
}
double SimgridWorld::rate(std::int32_t port) const {
  return compat::load_of(port_links_[static_cast<size_t>(port)]) * kUnit_Bps;
}
sg::Host* SimgridWorld::port_host(std::int32_t port) const {
  return ports_[static_cast<size_t>(port)];
}

sg::Host* SimgridWorld::end_of(std::span<const std::int32_t> path) {
  const std::vector<std::int32_t> key(path.begin(), path.end());
  const auto known = ends_.find(key);
  if (known != ends_.end()) return known->second;
  if (spare_ends_.empty()) {
    throw base::SimulationError(
        fmt::format("more than {} different paths carry traffic", kMostPaths));
  }
  sg::Host* end = spare_ends_.back();
  spare_ends_.pop_back();
  std::vector<sg::LinkInRoute> route;
  for (const std::int32_t link : path) route.emplace_back(links_[static_cast<size_t>(link)]);
  compat::add_star_route(end->get_englobing_zone(), end, route, true);
  ends_.emplace(key, end);
  return end;
}

}  // namespace busbar::engine
