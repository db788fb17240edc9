/// The tables that a run copies from its scenario, so that a trace explains itself.
#pragma once

#include <cstdint>
#include <string_view>

namespace busbar::record {

struct SiteRow {
  std::string_view name, title;
  double latitude_deg = 0, longitude_deg = 0;
  std::string_view region, jurisdiction;
  double it_limit_w = 0, grid_limit_w = 0;  // at the end of the horizon; infinity: none
  std::int8_t assumed = 0;
};

struct ClusterRow {
  std::string_view name;
  std::int32_t site = -1, domain = -1, accelerator = -1;
  std::string_view vendor;
  std::int64_t domains_installed = 0, chips_installed = 0, chips_usable = 0;
  std::int32_t chips_per_domain = 0;
  std::string_view building, fabric;
};

struct DomainRow {
  std::string_view name, node;
  std::int32_t accelerator = -1, nodes = 0;
  std::int32_t chips_installed = 0, chips_usable = 0, chips_used = 0;
  double overhead_power_w = 0;
};

struct AcceleratorRow {
  std::string_view name, vendor;
  double peak_bf16_flops = 0, peak_fp8_flops = 0;  // NaN: not given
  double memory_bytes = 0, memory_bandwidth = 0;
  double idle_power_w = 0, compute_power_w = 0, communication_power_w = 0;
  double price_usd_per_h = 0;
};

struct LinkRow {
  std::string_view name;
  double bandwidth = 0;
};

struct ModelRow {
  std::string_view name, title;
  double parameters = 0, active_parameters = 0;
};

struct StreamRow {
  std::string_view name;
  std::int8_t kind = 0;  // model::JobKind
  std::int32_t model = -1;
  std::string_view organisation;
};

struct ServiceRow {
  std::string_view name;
  std::int32_t model = -1;
  std::string_view organisation;
};

struct LogRow {
  std::string_view name, href, format;
};

struct ShockRow {
  std::string_view kind, scope;
  double at_s = 0, duration_s = 0;
};

}  // namespace busbar::record
