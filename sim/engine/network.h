/// Which links a job's traffic loads: tiers of oversubscribed fabrics, building uplinks, WAN,
/// storage.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/engine/fleet.h"
#include "sim/engine/rate_solver.h"
#include "sim/engine/sends.h"
#include "sim/engine/traffic_desk.h"
#include "sim/topology/wan_routes.h"

namespace busbar::engine {

/// The links of the fleet level and the paths over them. Links that cannot contend (a fabric
/// without oversubscription, a building without a stated uplink) are no links at all.
class Network {
 public:
  Network(const model::Scenario& scenario, const Fleet& fleet);

  const std::vector<Link>& links() const { return links_; }
  std::int32_t link_of(base::Id<model::WanLink> wan) const { return first_wan_link_ + wan.index; }

  /// Link on which a part reads from its storage; -1: it has none.
  std::int32_t storage_read(std::int32_t pool, std::int32_t part) const {
    return parts_[static_cast<size_t>(pool)][static_cast<size_t>(part)].read;
  }

  /// Link on which it writes to it; -1: it has none.
  std::int32_t storage_write(std::int32_t pool, std::int32_t part) const {
    return parts_[static_cast<size_t>(pool)][static_cast<size_t>(part)].write;
  }

  /// Traffic of a job that stands at some parts of a pool. What leaves its domains loads the tiers
  /// of the part's fabric that it climbs. Gradients are reduced within each site, around a ring of
  /// its parts, and between the sites around a ring of sites: 2 (n-1)/n of their bytes over each
  /// edge. The ring of sites goes at the pace of its slowest link: it is one flow over all of them.
  JobTraffic traffic(std::int32_t pool, const std::vector<scheduling::Share>& shares,
                     const Sends& sends) const;

  /// Where the domains of a job or a service stand.
  struct Place {
    std::int32_t pool = -1, part = -1;
    bool operator==(const Place&) const = default;
  };
  /// A way from one place to another.
  struct Way {
    std::vector<std::int32_t> links;  // each once; none: nothing on the way can contend
    double latency_s = 0.0;           // of the WAN, one way
    bool operator==(const Way&) const = default;
  };
  /// The way between two places; nothing where no route joins their sites. Within one part it
  /// climbs the tiers below which so many domains do not fit, as a job of them would. Between parts
  /// it passes all oversubscribed tiers of both fabrics, the uplinks of both buildings unless they
  /// are one, and the WAN.
  std::optional<Way> way(const Place& from, const Place& to, std::int64_t domains) const;

  /// Cuts a WAN link or mends it; routes are found anew.
  void set_cut(base::Id<model::WanLink> wan, bool cut);
  /// A number for each site; sites that reach each other have the same.
  const std::vector<std::int32_t>& islands() const { return islands_; }
  /// One-way latency from one site to another; infinite where it does not reach it.
  base::Seconds latency(base::Id<model::Site> from, base::Id<model::Site> to) const;
  /// Price of a byte from one site to another that it reaches: that of all links of the path.
  base::UsdPerByte price(base::Id<model::Site> from, base::Id<model::Site> to) const;
  /// WAN links from one site to another that it reaches.
  std::vector<std::int32_t> path(base::Id<model::Site> from, base::Id<model::Site> to) const;

 private:
  struct Tier {
    std::int32_t link = -1;
    std::int64_t group = 1;  // domains below; a job of more climbs
  };
  struct PartLinks {
    std::vector<Tier> tiers;
    std::int32_t uplink = -1, read = -1, write = -1;  // -1: none
  };
  // What a job has at one site.
  struct BuildingPart {
    std::int32_t uplink = -1;
    double chips = 0.0;
  };
  struct SiteParts {
    double chips = 0.0;
    std::map<int, BuildingPart> buildings;
  };
  std::int32_t add_link(std::string name, double capacity_Bps);
  void add_fabric(const Pool& pool, const PartInfo& part, PartLinks& links);
  void add_site(const model::Site& site);
  void find_routes();
  void climb(const scheduling::Part& part, const PartLinks& links, const scheduling::Share& share,
             double bytes, JobTraffic& all) const;
  void store(const PartLinks& links, double share, const Sends& sends, JobTraffic& all) const;
  void within_site(const SiteParts& parts, double bytes, JobTraffic& all) const;
  void between_sites(const std::map<std::int32_t, SiteParts>& sites, const Sends& sends,
                     JobTraffic& all) const;

  const model::Scenario& scenario_;
  const Fleet& fleet_;
  std::vector<bool> cut_;  // by WAN link
  topology::WanRoutes routes_;
  std::vector<std::int32_t> islands_;  // by site
  std::vector<Link> links_;
  std::vector<std::vector<PartLinks>> parts_;  // by pool and part
  std::int32_t first_wan_link_ = 0;
};

}  // namespace busbar::engine
