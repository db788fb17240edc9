/// What is simulated, the hardware side: from the accelerator out to the world.
///
/// Plain immutable structs in SI units, ids resolved. Dates are seconds since 1970 UTC.
/// Filled by `sim/input`, described for users in the platform reference.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/quantity.h"
#include "sim/model/efficiency.h"
#include "sim/model/failures.h"
#include "sim/model/provenance.h"

namespace busbar::model {

using base::Id;
using base::Table;

/// A piecewise-constant value by date, e.g. a grid limit that grows in phases: `value` holds from
/// `from_unix_s` until the next step. Sorted by date.
struct DatedValue {
  double from_unix_s = 0.0;
  double value = 0.0;
};

/// Returns the value in force at a date; `before_first` when the date precedes every step (or when
/// there is none).
double value_at(const std::vector<DatedValue>& steps, double unix_s, double before_first);

/// A measured y(x) curve, linear between points, constant outside. Sorted by x.
struct Curve {
  std::vector<double> x, y;
  double at(double x_value) const;
};

// ── Accelerators and nodes ───────────────────────────────────────────────────────────────────────

/// A chip: TPU, Trainium chip or GPU (one package as its vendor sells it).
struct Accelerator {
  std::string name;
  std::string vendor;                        // `google`, `amazon`, `nvidia`, …
  std::vector<std::string> aliases;          // hardware strings of published tables
  std::map<std::string, double> peak_flops;  // dense FLOP/s by precision (`bf16`, `fp8`, …)
  base::Bytes memory;                        // usable HBM
  base::BytesPerSecond memory_bandwidth;     // peak
  base::Watts idle_power, compute_power, communication_power;
  Curve clock_by_power_cap;  // relative speed over cap as a fraction of TDP
  base::UsdPerSecond price;  // list price of one chip
  base::Usd purchase;        // one chip with its share of host, network and rack; 0: unknown
  double launch_unix_s = 0.0;
  Id<FailureModel> failures;
};

/// Network interfaces of a node.
struct Nic {
  std::string name;
  base::BytesPerSecond bandwidth;  // of one port, one direction
  base::Watts power;
};

/// A host with its accelerators: TPU VM board, trn2 instance, HGX box, NVL72 tray.
struct Node {
  std::string name;
  Id<Accelerator> accelerator;
  int accelerators = 0;
  Id<Nic> nic;
  int nics = 0;
  base::BytesPerSecond host_link;  // chip to host memory; 0: the NICs reach the chips by themselves
  base::Watts host_power;          // CPUs, memory, fans, NICs excluded
  base::Bytes local_storage;
  base::BytesPerSecond local_storage_bandwidth;
  Id<FailureModel> failures;
};

// ── Scale-up domains, pods and fabrics ───────────────────────────────────────────────────────────

enum class DomainTopology { kSwitch, kTorus };

/// The group of nodes that one scale-up network joins: TPU cube, UltraServer, NVL72 rack.
/// Installed, usable and used chips are three numbers (an NVL72 often runs 64 with 8 spare).
struct Domain {
  std::string name;
  Id<Node> node;
  int nodes = 0;
  int chips_installed = 0;  // nodes × accelerators
  int chips_usable = 0;     // what its topology can address
  int chips_used = 0;       // what jobs get; the rest is spare
  int allocation_unit = 1;  // chips that a part of it is given in: a tray, a VM
  DomainTopology topology = DomainTopology::kSwitch;
  std::vector<int> torus;                    // dimensions when a torus, e.g. 4 4 4
  std::vector<bool> wraps;                   // one per dimension
  std::vector<std::vector<int>> sub_slices;  // shapes that a slice inside it may have
  base::BytesPerSecond link_bandwidth;  // one link, one direction; of a torus: the mean of its axes
  std::vector<base::BytesPerSecond> axis_bandwidths;  // torus with unlike cables: one per dimension
  int links_per_chip = 0;
  base::Seconds link_latency;  // per hop
  bool in_network_reduction = false;
  base::Watts overhead_power;  // switches, optics, fans, rack losses of the whole domain
  Id<FailureModel> failures;
  /// One direction, all links of a chip.
  base::BytesPerSecond bandwidth_per_chip() const { return link_bandwidth * links_per_chip; }
};

/// The domains that one optical or switched scale-up network can join; no slice crosses a pod.
struct Pod {
  std::string name;
  Id<Domain> domain;
  int domains = 0;
  int slice_domains = 0;  // in one slice at most
  bool twists = false;    // its optical switches can twist AxAx2A and Ax2Ax2A slices
};

enum class LoadBalancing { kEcmp, kAdaptive, kSpray };

/// One tier of a scale-out fabric, from the leaves up.
struct FabricTier {
  std::string name;
  int domains = 0;                // domains below one switch group of this tier; 0 = all
  double oversubscription = 1.0;  // capacity below over capacity above
};

/// The data-centre network that joins the domains of a cluster inside one building.
struct Fabric {
  std::string name;
  std::vector<FabricTier> tiers;
  LoadBalancing load_balancing = LoadBalancing::kEcmp;
  base::Seconds latency;
  base::Watts power_per_nic;
  /// Product of the tiers' oversubscriptions: 1 means that any traffic pattern gets full NIC speed.
  double oversubscription() const;
};

/// A storage system of a site.
struct Storage {
  std::string name;
  base::Bytes capacity;
  base::BytesPerSecond read, write;
};

// ── Sites ────────────────────────────────────────────────────────────────────────────────────────

struct Site;

/// A data hall or building. Buildings of one site are joined by links of `uplink` capacity each to
/// the site's core.
struct Building {
  std::string name;
  Id<Site> site;
  std::vector<DatedValue> it_limit_w;
  base::BytesPerSecond uplink;
};

/// A power feed or a cooling loop: what it serves fails together.
struct SharedSupply {
  std::string name;
  bool cooling = false;  // a cooling loop rather than a power feed
  base::Watts capacity;
  std::vector<std::string> serves;  // buildings or clusters
};

enum class GenerationKind { kCombinedCycle, kGasTurbine, kReciprocating, kFuelCell, kSolar, kWind };

/// On-site generation.
struct Generator {
  std::string name;
  GenerationKind kind = GenerationKind::kGasTurbine;
  base::Watts capacity;
  int units = 1;
  double heat_rate = 0.0;        // fuel energy over electric energy
  base::UsdPerJoule fuel_price;  // per joule of fuel
  base::GramsPerJoule carbon;    // per joule of electricity
  base::Seconds start_time;
  double ramp_w_per_s = 0.0;
  double from_unix_s = 0.0, until_unix_s = 0.0;  // until 0: no end
};

struct Battery {
  std::string name;
  base::Joules energy;
  base::Watts power;
  double round_trip_efficiency = 1.0;
  double from_unix_s = 0.0;
};

/// A legal bound on on-site generation.
struct Permit {
  std::string name;
  std::optional<base::Watts> power;
  double hours_per_year = 0.0;
  double until_unix_s = 0.0;
};

/// Repair staff of a site. Without any said, repairs never wait.
struct Crews {
  std::optional<int> count;
  std::optional<int> spares;
  base::Seconds spare_lead;  // from the end of a repair until its part is in stock again
};

/// PUE over outside temperature, and the temperature itself: a constant, a seasonal cycle, or a
/// file.
struct Cooling {
  Curve pue_by_temperature;  // x in degC; one point means constant
  double mean_temperature_c = 15.0;
  double seasonal_amplitude_c = 0.0;  // warmest mid-July (mid-January south of the equator)
  double daily_amplitude_c = 0.0;     // warmest at 15:00 local solar time
};

/// Price or carbon of grid electricity over time: a mean and its mean shape over the hours of a day
/// (24 factors in UTC, mean 1; empty = flat) and months (12 factors).
struct EnergySeries {
  double mean = 0.0;  // USD/J or g/J
  std::vector<double> by_hour_utc, by_month;
  double at(double unix_s) const;
};

/// A campus with one grid connection.
struct Site {
  std::string name;
  std::string title;  // for people: `Hut 8 River Bend, Louisiana`
  double latitude_deg = 0.0, longitude_deg = 0.0;
  std::string region;                                // grid region: `MISO-South`
  std::string jurisdiction;                          // `US-LA`, for residency rules
  std::vector<DatedValue> grid_limit_w, it_limit_w;  // empty: no limit
  Cooling cooling;
  EnergySeries price;   // USD/J
  EnergySeries carbon;  // g/J
  std::vector<Building> buildings;
  std::vector<SharedSupply> supplies;
  /// Power feeds and cooling loops that are not named but counted: each serves an equal share of
  /// the domains, in the order of clusters and buildings. None beside named ones of the kind.
  int feeds = 0, cooling_loops = 0;
  std::vector<Generator> generators;
  std::vector<Battery> batteries;
  std::vector<Permit> permits;
  std::vector<Storage> storages;
  Crews crews;
  Id<FailureModel> failures;  // of what all clusters share: grid, cooling
  bool assumed = false;       // the site itself is an assumption
};

/// A dated change of the number of installed domains; negative is decommissioning.
struct Delivery {
  double date_unix_s = 0.0;
  int domains = 0;
  int building = -1;  // index in the site's buildings; -1: the cluster's own default
};

struct Organisation;

/// Domains of one kind at one site, joined by one fabric: the unit of queueing.
struct Cluster {
  std::string name;
  Id<Site> site;
  int building = -1;  // index in the site's buildings; -1: the site has none
  Id<Domain> domain;
  Id<Fabric> fabric;  // none: domains are not joined (jobs stay inside one)
  Id<Pod> pod;        // none: no scale-up network beyond the domain
  std::string storage;
  Id<Organisation> owner;
  std::vector<Delivery> deliveries;  // sorted by date
  base::Seconds burn_in;             // from delivery to use
  Id<FailureModel> failures;         // none: those of its domain, node or chip
  int hot_spares = 0;  // domains kept out of scheduling in each of its buildings, to replace others
  /// Domains delivered and burnt in at a date.
  int domains_at(double unix_s) const;
  /// Hot spares of all its buildings together.
  int spare_domains() const;
};

/// A node of a backbone: a place on the wide-area network without chips.
struct Router {
  std::string name;
  std::string title;  // for people: `Kansas City`
  double latitude_deg = 0.0, longitude_deg = 0.0;
  bool placed = true;  // false: its coordinates are unknown
};

/// An end of a WAN link: a site or a router.
struct WanEnd {
  Id<Site> site;
  Id<Router> router;
  friend constexpr bool operator==(const WanEnd&, const WanEnd&) = default;
};

/// A link of the wide-area network, shared by all jobs that span it; full duplex.
struct WanLink {
  std::string name;
  WanEnd a, b;
  base::BytesPerSecond bandwidth;  // per direction
  base::Seconds latency;           // one way
  base::UsdPerByte price;
};

// ── People and papers ────────────────────────────────────────────────────────────────────────────

/// Where users are.
struct Region {
  std::string name;
  double latitude_deg = 0.0, longitude_deg = 0.0;
  double utc_offset_h = 0.0;
};

/// A tenant, with what it may use.
struct Organisation {
  std::string name;
  double quota_chips = 0.0;            // 0: no quota
  base::Usd budget;                    // 0: no budget
  std::vector<std::string> residency;  // jurisdictions its jobs may run in; empty: any
  std::string home;                    // site from which its jobs come; empty: not said
};

/// A supply or lease contract.
struct Contract {
  std::string name;
  std::string buyer, seller, object;
  std::optional<base::Watts> power;
  std::optional<base::Usd> value;
  double from_unix_s = 0.0, until_unix_s = 0.0;
  std::string site;  // empty: none in particular
};

/// What a claim is about.
enum class ClaimQuantity {
  kFacilityPower,   // W, peak over the run
  kItPower,         // W, peak over the run
  kChipsInstalled,  // at the end of the run
  kCapitalCost,     // USD, chips and sites
  kChipCost,        // USD, of which chips with their hosts and racks
  kContractValue,   // USD
  kTrainingJobs,    // jobs started
};

/// The unit of a quantity's value: `W`, `chips`, `USD` or `jobs`.
std::string_view unit_of(ClaimQuantity quantity);

/// A public figure that every run prints beside the simulated one, with the deviation.
struct Claim {
  std::string name;
  ClaimQuantity quantity = ClaimQuantity::kFacilityPower;
  double value = 0.0;              // SI
  std::string vendor;              // scope; empty = all
  std::vector<std::string> sites;  // scope by several sites; empty = all
  bool at_most = false;            // the figure is an upper bound (`up to 1 million`)
  bool at_least = false;           // … or a lower bound (`well over a gigawatt`)
  double at_unix_s = 0.0;          // when the figure holds; 0: when all is delivered
  double since_unix_s = 0.0;       // the figure is the increase since then; 0: the whole
  std::string source;
  /// True if the figure counts a site.
  bool covers(const Site& site) const;
};

/// The hardware side of a scenario.
struct Platform {
  std::string name;
  std::string title;
  Table<Accelerator> accelerators;
  Table<Nic> nics;
  Table<Node> nodes;
  Table<Domain> domains;
  Table<Pod> pods;
  Table<Fabric> fabrics;
  std::vector<Efficiency> efficiencies;
  Table<FailureModel> failure_models;
  Table<Site> sites;
  Table<Cluster> clusters;
  Table<Router> routers;
  Table<WanLink> wan_links;
  Table<Region> regions;
  Table<Organisation> organisations;
  Table<Contract> contracts;
  std::vector<Claim> claims;
  std::vector<Citation> citations;
  std::vector<Unused> unused;
  std::vector<InputText> inputs;  // files read beside the XML: backbones

  /// Chips of a cluster delivered and burnt in at a date.
  double chips_at(const Cluster& cluster, double unix_s) const {
    return 1.0 * cluster.domains_at(unix_s) * domain_of(cluster).chips_installed;
  }
  /// The storage that a cluster names at its site; null: none.
  const Storage* storage_of(const Cluster& cluster) const;
  const Domain& domain_of(const Cluster& cluster) const { return domains[cluster.domain]; }
  const Node& node_of(const Cluster& cluster) const { return nodes[domain_of(cluster).node]; }
  const Accelerator& accelerator_of(const Cluster& cluster) const {
    return accelerators[node_of(cluster).accelerator];
  }
  /// Whether residency lets jobs of an organisation (by name; none has no rules) run at a site: in
  /// a jurisdiction that it names or in a part of one (`US-LA` is in `US`). A site of unknown
  /// jurisdiction is in none.
  bool may_use(const std::string& organisation, Id<Site> site) const;
  /// The set of failures that holds for a domain: its own, its node's or its chip's, the nearest;
  /// none if none of them names one.
  Id<FailureModel> failures_of(const Domain& domain) const;
  /// The same for a cluster, which may name one itself.
  Id<FailureModel> failures_of(const Cluster& cluster) const;
};

}  // namespace busbar::model
