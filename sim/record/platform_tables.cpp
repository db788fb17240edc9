#include "sim/record/platform_tables.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>

#include "sim/base/text.h"
#include "sim/model/capacity.h"
#include "sim/record/platform_rows.h"
#include "sim/record/table_writer.h"

namespace busbar::record {

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// The last date that counts: the end of the horizon, or the end of time.
double last_date(const model::Scenario& scenario) {
  return scenario.horizon ? scenario.start_unix_s + scenario.horizon->value : kNoLimit;
}

template <class Row>
void write_table(hid_t file, std::string_view path, const std::vector<Row>& rows,
                 base::PlaneDeflater& deflater) {
  const Table& table = table_at(path);
  Shape shape;
  shape.chunk_rows = std::max<size_t>(rows.size(), 1);
  for (const Column& column : table.columns) {
    if (column.storage != Storage::kText) continue;
    std::vector<std::string_view> texts;
    for (const Row& row : rows) texts.push_back(column.text(&row));
    shape.text_width.push_back(widest(texts));
  }
  create_table(file, table, shape);
  TableWriter writer(file, table, shape, deflater);
  for (const Row& row : rows) writer.add(&row);
  writer.finish();
  writer.store_committed();
}

std::vector<SiteRow> site_rows(const model::Scenario& scenario) {
  const double end = last_date(scenario);
  std::vector<SiteRow> rows;
  for (const model::Site& site : scenario.platform.sites) {
    rows.push_back({site.name, site.title, site.latitude_deg, site.longitude_deg, site.region,
                    site.jurisdiction, model::value_at(site.it_limit_w, end, kNoLimit),
                    model::value_at(site.grid_limit_w, end, kNoLimit),
                    static_cast<std::int8_t>(site.assumed ? 1 : 0)});
  }
  return rows;
}

std::vector<ClusterRow> cluster_rows(const model::Scenario& scenario) {
  const model::Platform& platform = scenario.platform;
  const double end = last_date(scenario);
  std::vector<ClusterRow> rows;
  for (const auto id : platform.clusters.ids()) {
    const model::Cluster& cluster = platform.clusters[id];
    const model::Domain& domain = platform.domain_of(cluster);
    const model::Site& site = platform.sites[cluster.site];
    ClusterRow row;
    row.name = cluster.name;
    row.site = cluster.site.index;
    row.domain = cluster.domain.index;
    row.accelerator = platform.node_of(cluster).accelerator.index;
    row.vendor = platform.accelerator_of(cluster).vendor;
    row.domains_installed = model::domains_under_shocks(scenario, id, end);
    row.chips_installed = row.domains_installed * domain.chips_installed;
    row.chips_usable = row.domains_installed * domain.chips_used;
    row.chips_per_domain = domain.chips_used;
    if (cluster.building >= 0) {
      row.building = site.buildings.at(static_cast<size_t>(cluster.building)).name;
    }
    if (cluster.fabric) row.fabric = platform.fabrics[cluster.fabric].name;
    rows.push_back(row);
  }
  return rows;
}

std::vector<DomainRow> domain_rows(const model::Platform& platform) {
  std::vector<DomainRow> rows;
  for (const model::Domain& domain : platform.domains) {
    const model::Node& node = platform.nodes[domain.node];
    rows.push_back({domain.name, node.name, node.accelerator.index, domain.nodes,
                    domain.chips_installed, domain.chips_usable, domain.chips_used,
                    domain.overhead_power.value});
  }
  return rows;
}

std::vector<AcceleratorRow> accelerator_rows(const model::Platform& platform) {
  constexpr double kSecondsPerHour = 3600.0;
  std::vector<AcceleratorRow> rows;
  for (const model::Accelerator& chip : platform.accelerators) {
    const auto peak = [&](const char* precision) {
      const auto found = chip.peak_flops.find(precision);
      return found == chip.peak_flops.end() ? std::nan("") : found->second;
    };
    rows.push_back({chip.name, chip.vendor, peak("bf16"), peak("fp8"), chip.memory.value,
                    chip.memory_bandwidth.value, chip.idle_power.value, chip.compute_power.value,
                    chip.communication_power.value, chip.price.value * kSecondsPerHour});
  }
  return rows;
}

void write_workload(hid_t file, const model::Workload& workload, base::PlaneDeflater& deflater) {
  std::vector<ModelRow> models;
  for (const model::LanguageModel& model : workload.models) {
    models.push_back({model.name, model.title, model.parameters(), model.active_parameters()});
  }
  write_table(file, "/workload/models", models, deflater);
  std::vector<StreamRow> streams;
  for (const model::TrainingStream& stream : workload.streams) {
    streams.push_back({stream.name, static_cast<std::int8_t>(stream.kind), stream.model.index,
                       stream.organisation});
  }
  write_table(file, "/workload/streams", streams, deflater);
  std::vector<ServiceRow> services;
  for (const model::Service& service : workload.services) {
    services.push_back({service.name, service.model.index, service.organisation});
  }
  write_table(file, "/workload/services", services, deflater);
  std::vector<LogRow> logs;
  for (const model::ReplayedTrace& log : workload.traces) {
    logs.push_back({log.name, log.href, log.format});
  }
  write_table(file, "/workload/traces", logs, deflater);
}

void write_shocks(hid_t file, const model::Scenario& scenario, base::PlaneDeflater& deflater) {
  std::vector<std::string> scopes;
  for (const model::Shock& shock : scenario.shocks) {
    std::string scope;
    const auto add = [&](const char* what, const std::string& name) {
      if (!name.empty()) scope += fmt::format("{}{}={}", scope.empty() ? "" : " ", what, name);
    };
    add("site", shock.site);
    add("cluster", shock.cluster);
    add("vendor", shock.vendor);
    add("organisation", shock.organisation);
    add("link", shock.link);
    add("stream", shock.stream);
    add("jurisdiction", shock.jurisdiction);
    add("stops", base::join(shock.stops, "+"));
    scopes.push_back(scope);
  }
  std::vector<ShockRow> rows;
  for (size_t i = 0; i < scopes.size(); ++i) {
    const model::Shock& shock = scenario.shocks[i];
    rows.push_back({shock.kind, scopes[i], shock.at_s, shock.duration_s});
  }
  write_table(file, "/scenario/shocks", rows, deflater);
}

}  // namespace

void write_platform(hid_t file, const model::Scenario& scenario, const std::vector<LinkInfo>& links,
                    base::PlaneDeflater& deflater) {
  write_table(file, "/platform/sites", site_rows(scenario), deflater);
  write_table(file, "/platform/clusters", cluster_rows(scenario), deflater);
  write_table(file, "/platform/domains", domain_rows(scenario.platform), deflater);
  write_table(file, "/platform/accelerators", accelerator_rows(scenario.platform), deflater);
  std::vector<LinkRow> link_rows;
  for (const LinkInfo& link : links) link_rows.push_back({link.name, link.bandwidth_Bps});
  write_table(file, "/platform/links", link_rows, deflater);
  write_workload(file, scenario.workload, deflater);
  write_shocks(file, scenario, deflater);
}

}  // namespace busbar::record
