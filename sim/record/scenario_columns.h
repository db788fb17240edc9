/// Columns of what the scenario says: `/platform`, `/workload` and the shocks.
#pragma once

#include "sim/record/platform_rows.h"
#include "sim/record/schema.h"

namespace busbar::record {

inline constexpr Column kSites[] = {
    column<&SiteRow::name>("name", "", "name of the site"),
    column<&SiteRow::title>("title", "", "name for people"),
    column<&SiteRow::latitude_deg>("latitude", "degrees_north", "latitude"),
    column<&SiteRow::longitude_deg>("longitude", "degrees_east", "longitude"),
    column<&SiteRow::region>("region", "", "grid region"),
    column<&SiteRow::jurisdiction>("jurisdiction", "", "jurisdiction, for residency rules"),
    column<&SiteRow::it_limit_w>("it_limit_w", "W",
                                 "IT power limit at the end of the horizon; infinity: none"),
    column<&SiteRow::grid_limit_w>("grid_limit_w", "W",
                                   "grid limit at the end of the horizon; infinity: none"),
    column<&SiteRow::assumed>("assumed", "1", "whether the site itself is an assumption", {},
                              kNoYes),
};

inline constexpr Column kClusters[] = {
    column<&ClusterRow::name>("name", "", "name of the cluster"),
    column<&ClusterRow::site>("site", "1", "its site", "/platform/sites"),
    column<&ClusterRow::domain>("domain", "1", "kind of its scale-up domains", "/platform/domains"),
    column<&ClusterRow::accelerator>("accelerator", "1", "its chip", "/platform/accelerators"),
    column<&ClusterRow::vendor>("vendor", "", "vendor of its chips"),
    column<&ClusterRow::domains_installed>(
        "domains_installed", "1",
        "scale-up domains delivered and burnt in at the end of the horizon; with the horizon "
        "until-idle, after all deliveries"),
    column<&ClusterRow::chips_installed>("chips_installed", "1",
                                         "chips in those domains, spares included"),
    column<&ClusterRow::chips_usable>("chips_usable", "1", "chips that jobs get of those domains"),
    column<&ClusterRow::chips_per_domain>("chips_per_domain", "1",
                                          "chips that jobs get of one domain"),
    column<&ClusterRow::building>("building", "", "building that it stands in; empty: none given"),
    column<&ClusterRow::fabric>("fabric", "", "network between its domains; empty: none"),
};

inline constexpr Column kDomains[] = {
    column<&DomainRow::name>("name", "", "kind of scale-up domain"),
    column<&DomainRow::node>("node", "", "kind of its nodes"),
    column<&DomainRow::accelerator>("accelerator", "1", "its chip", "/platform/accelerators"),
    column<&DomainRow::nodes>("nodes", "1", "nodes in one domain"),
    column<&DomainRow::chips_installed>("chips_installed", "1", "chips in one domain"),
    column<&DomainRow::chips_usable>("chips_usable", "1",
                                     "chips of one domain that its topology can address"),
    column<&DomainRow::chips_used>("chips_used", "1",
                                   "chips of one domain that jobs get; the rest is spare"),
    column<&DomainRow::overhead_power_w>("overhead_power_w", "W",
                                         "switches, optics, fans and losses of one domain"),
};

inline constexpr Column kAccelerators[] = {
    column<&AcceleratorRow::name>("name", "", "name of the chip"),
    column<&AcceleratorRow::vendor>("vendor", "", "its vendor"),
    column<&AcceleratorRow::peak_bf16_flops>("peak_bf16", "FLOP/s",
                                             "dense peak in bf16; NaN: not given"),
    column<&AcceleratorRow::peak_fp8_flops>("peak_fp8", "FLOP/s",
                                            "dense peak in fp8; NaN: not given"),
    column<&AcceleratorRow::memory_bytes>("memory", "byte", "usable HBM"),
    column<&AcceleratorRow::memory_bandwidth>("memory_bandwidth", "byte/s", "peak HBM bandwidth"),
    column<&AcceleratorRow::idle_power_w>("idle_power_w", "W", "power when idle"),
    column<&AcceleratorRow::compute_power_w>("compute_power_w", "W", "power when computing"),
    column<&AcceleratorRow::communication_power_w>("communication_power_w", "W",
                                                   "power when communicating"),
    column<&AcceleratorRow::price_usd_per_h>("price", "USD/h", "list price of one chip"),
};

inline constexpr Column kLinks[] = {
    column<&LinkRow::name>("name", "", "name of the sampled link"),
    column<&LinkRow::bandwidth>("bandwidth", "byte/s", "nominal bandwidth of one direction"),
};

inline constexpr Column kModels[] = {
    column<&ModelRow::name>("name", "", "name of the language model"),
    column<&ModelRow::title>("title", "", "name for people"),
    column<&ModelRow::parameters>("parameters", "1", "all weights"),
    column<&ModelRow::active_parameters>("active_parameters", "1", "weights that one token passes"),
};

inline constexpr Column kStreams[] = {
    column<&StreamRow::name>("name", "", "name of the training stream"),
    column<&StreamRow::kind>("kind", "1", "what its jobs do", {}, kJobKinds),
    column<&StreamRow::model>("model", "1", "what its jobs train", "/workload/models"),
    column<&StreamRow::organisation>("organisation", "",
                                     "who submits; empty: nobody in particular"),
};

inline constexpr Column kServices[] = {
    column<&ServiceRow::name>("name", "", "name of the inference service"),
    column<&ServiceRow::model>("model", "1", "what it serves", "/workload/models"),
    column<&ServiceRow::organisation>("organisation", "",
                                      "who offers; empty: nobody in particular"),
};

inline constexpr Column kLogs[] = {
    column<&LogRow::name>("name", "", "name of the replayed log"),
    column<&LogRow::href>("href", "", "its file, as written in the input"),
    column<&LogRow::format>("format", "", "its format; empty: told by its content"),
};

inline constexpr Column kShocks[] = {
    column<&ShockRow::kind>("kind", "", "what happens"),
    column<&ShockRow::scope>("scope", "", "to whom, as `site=…`, `vendor=…`, …"),
    column<&ShockRow::at_s>("at_s", "s", "time since the start of the scenario"),
    column<&ShockRow::duration_s>("duration_s", "s", "how long; 0: until the end"),
};

}  // namespace busbar::record
