#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "sim/base/rows.h"
#include "sim/input/graphml_reader.h"
#include "sim/input/platform_reader.h"
#include "sim/input/wan_parts.h"

namespace busbar::input {

using base::Dimension;
using base::Id;
using model::Platform;
using xml::Element;

namespace {

// The site or router that an attribute names.
model::WanEnd resolve_end(const Element& e, std::string_view attribute, const Platform& platform,
                          base::Diagnostics& problems) {
  const std::string name = e.get(attribute);
  if (const auto site = platform.sites.find(name)) return {site, {}};
  if (const auto router = platform.routers.find(name)) return {{}, router};
  std::vector<std::string> known = platform.sites.names();
  for (const std::string& router : platform.routers.names()) known.push_back(router);
  problems.error(e.where(attribute), "unknown site{} '{}';{}",
                 platform.routers.empty() ? "" : " or router", name, base::suggestion(name, known));
  return {};
}

void read_wan_link(const Element& e, Platform& platform, FirstPlaces& first,
                   base::Diagnostics& problems) {
  model::WanLink link;
  link.name = e.get("id");
  link.a = resolve_end(e, "a", platform, problems);
  link.b = resolve_end(e, "b", platform, problems);
  link.bandwidth = base::BytesPerSecond{
      xml::required_quantity(e, "bandwidth", Dimension::kBandwidth, problems, 1.0)};
  link.latency = base::Seconds{xml::required_quantity(e, "latency", Dimension::kTime, problems)};
  link.price = base::UsdPerByte{xml::quantity(e, "price", Dimension::kPriceOfData, 0.0, problems)};
  if (link.a != model::WanEnd{} && link.a == link.b) {
    problems.error(e.where("b"), "wan-link '{}' joins {} '{}' to itself", link.name,
                   link.a.site ? "site" : "router", e.get("a"));
  }
  cite(e, fmt::format("wan-link '{}'", link.name), platform.citations, problems);
  first.add(platform.wan_links, std::move(link), e, "wan-link", problems);
}

// A backbone of the world and the links of the sites to it.
class BackboneReader {
 public:
  BackboneReader(const Element& e, Platform& platform, base::Diagnostics& problems)
      : e_(e), platform_(platform), problems_(problems) {}

  void read() {
    const std::string path = path_of(e_, "href", problems_);
    std::error_code ec;
    if (!std::filesystem::exists(path, ec)) return;
    graph_ = read_graphml(path, problems_);
    if (!graph_) return;
    options_.name = e_.get("id", std::filesystem::path(path).stem().string());
    for (const model::Router& router : platform_.routers) {
      if (!router.name.starts_with(options_.name + "-")) continue;
      problems_.error(e_.where("id"),
                      "the name of backbone '{}' is that of another one's nodes; give it another "
                      "id=\"…\"",
                      options_.name);
      return;
    }
    options_.route_factor = factor();
    if (e_.has("link-bandwidth")) options_.link_bandwidth = bandwidth(e_, "link-bandwidth");
    if (e_.has("link-latency")) {
      options_.link_latency =
          base::Seconds{xml::quantity(e_, "link-latency", Dimension::kTime, 0.0, problems_)};
    }
    routers_ = add_backbone(*graph_, options_, platform_, problems_);
    cite(e_, fmt::format("backbone '{}'", options_.name), platform_.citations, problems_);
    platform_.citations.push_back(
        {fmt::format("backbone '{}' latency", options_.name),
         fmt::format("great circle x {:g} of fibre at two thirds of the speed of light",
                     options_.route_factor),
         true, e_.where()});
    for (const auto id : platform_.sites.ids()) attach(id);
    std::set<std::string> attached;
    for (const Element& a : e_.children("attach")) {
      resolve(a, "site", "site", platform_.sites, problems_);
      if (attached.insert(a.get("site")).second) continue;
      problems_.error(a.where("site"), "site '{}' is attached twice to backbone '{}'",
                      a.get("site"), options_.name);
    }
  }

 private:
  double factor() {
    const auto text = e_.attribute("route-factor");
    if (!text) return options_.route_factor;
    const auto value = base::parse_number(text->value);
    if (value && *value >= 1.0 && *value <= 10.0) return *value;
    problems_.error(text->where, "<backbone> route-factor: '{}' is not a number from 1 to 10",
                    text->value);
    return options_.route_factor;
  }
  base::BytesPerSecond bandwidth(const Element& e, const char* attribute) {
    return base::BytesPerSecond{
        xml::quantity(e, attribute, Dimension::kBandwidth, 1.0, problems_, 1.0)};
  }
  Element attachment_of(const model::Site& site) const {
    for (const Element& a : e_.children("attach")) {
      if (a.get("site") == site.name) return a;
    }
    return {};
  }

  // The node that an <attach> names by label or id; -1 after a problem.
  int named_node(const Element& a) {
    std::vector<std::string> known;
    for (size_t n = 0; n < graph_->nodes.size(); ++n) {
      const GraphmlNode& node = graph_->nodes[n];
      if (a.get("node") == node.label || a.get("node") == node.id) return static_cast<int>(n);
      known.push_back(node.label);
    }
    problems_.error(a.where("node"), "backbone '{}' has no node '{}';{}", options_.name,
                    a.get("node"), base::suggestion(a.get("node"), known));
    return -1;
  }
  int nearest_node(const model::Site& site) {
    int nearest = -1;
    double least_m = std::numeric_limits<double>::infinity();
    for (size_t n = 0; n < routers_.size(); ++n) {
      const model::Router& router = platform_.routers[routers_[n]];
      if (!router.placed) continue;
      const double distance_m = base::great_circle_m(site, router);
      if (distance_m >= least_m) continue;
      least_m = distance_m;
      nearest = static_cast<int>(n);
    }
    if (nearest < 0) {
      problems_.error(e_.where(),
                      "no node of backbone '{}' has Latitude and Longitude; name the one of site "
                      "'{}' with <attach site=\"{}\" node=\"…\"/>",
                      options_.name, site.name, site.name);
    }
    return nearest;
  }

  // What all links of a node carry together: an access link of that never is the bottleneck.
  base::BytesPerSecond links_of(Id<model::Router> router) const {
    base::BytesPerSecond sum;
    for (const model::WanLink& link : platform_.wan_links) {
      if (!link.a.router || !link.b.router) continue;  // another site's access
      if (link.a.router == router || link.b.router == router) sum += link.bandwidth;
    }
    return std::max(sum, base::BytesPerSecond{1.0});
  }

  void attach(Id<model::Site> id) {
    const model::Site& site = platform_.sites[id];
    const Element a = attachment_of(site);
    const int node = a && a.has("node") ? named_node(a) : nearest_node(site);
    if (node < 0) return;
    const Id<model::Router> to = routers_[static_cast<size_t>(node)];
    const model::Router& router = platform_.routers[to];
    model::WanLink link;
    link.name = fmt::format("{}--{}", site.name, router.name);
    link.a.site = id;
    link.b.router = to;
    if (a && a.has("bandwidth")) {
      link.bandwidth = bandwidth(a, "bandwidth");
    } else if (e_.has("access-bandwidth")) {
      link.bandwidth = bandwidth(e_, "access-bandwidth");
    } else {
      link.bandwidth = links_of(to);
    }
    if (a && a.has("latency")) {
      link.latency = base::Seconds{xml::quantity(a, "latency", Dimension::kTime, 0.0, problems_)};
    } else if (router.placed) {
      link.latency = fibre_latency(site, router, options_.route_factor);
    } else {
      problems_.error(a.where("node"),
                      "node '{}' has no Latitude and Longitude; give the latency of its link to "
                      "site '{}' with latency=\"…\"",
                      router.title, site.name);
    }
    platform_.wan_links.add(std::move(link));
  }

  const Element& e_;
  Platform& platform_;
  base::Diagnostics& problems_;
  std::optional<Graphml> graph_;
  BackboneOptions options_;
  std::vector<Id<model::Router>> routers_;
};

}  // namespace

void read_wan(const Element& root, Platform& platform, FirstPlaces& first,
              base::Diagnostics& problems) {
  const size_t before = problems.errors();
  const std::vector<Element> backbones = root.children("backbone");
  for (const Element& e : backbones) BackboneReader(e, platform, problems).read();
  for (const Element& e : root.children("wan-link")) read_wan_link(e, platform, first, problems);
  // Sites that share a backbone are meant to reach each other.
  if (backbones.empty() || problems.errors() > before) return;
  const std::vector<std::string> parts = WanParts(platform).with_sites();
  if (parts.size() > 1) {
    problems.error(backbones.front().where(),
                   "the wide-area network falls into {} parts: {}; join them with a <wan-link>, or "
                   "attach the sites to nodes that are connected",
                   parts.size(), base::join(parts));
  }
}

}  // namespace busbar::input
