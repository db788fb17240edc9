#include "sim/validation/collective_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "sim/collectives/derating.h"
#include "sim/validation/table_fields.h"
#include "sim/validation/timing_fit.h"

namespace busbar::validation {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

std::optional<collectives::Operation> operation_named(const std::string& name) {
  for (size_t i = 0; i < collectives::kOperationNames.size(); ++i) {
    if (collectives::kOperationNames[i] == name) return static_cast<collectives::Operation>(i);
  }
  return {};
}

// A row in the terms of both forms.
struct Asked {
  std::string chip, domain, slice, fabric, balancing, algorithm, numbers;
};

class Predictor {
 public:
  Predictor(const model::Platform& platform, const collectives::Algorithms& algorithms)
      : platform_(platform), measured_(platform, algorithms) {}

  void predict(const Asked& asked, CollectiveRow& row) const {
    const auto chip = chip_named(asked.chip, platform_);
    const auto operation = operation_named(row.operation);
    if (!chip) return refuse(row, fmt::format("no chip '{}' in the catalogue", asked.chip));
    if (!operation) return refuse(row, fmt::format("no operation '{}'", row.operation));
    std::string why;
    for (const model::Domain& domain : platform_.domains) {
      if (platform_.nodes[domain.node].accelerator != chip) continue;
      if (!asked.domain.empty() && domain.name != asked.domain) continue;
      if (!asked.domain.empty() || fits(domain, asked.slice)) {
        return on(domain, asked, *operation, row);
      }
    }
    refuse(row, asked.domain.empty()
                    ? fmt::format("no domain of '{}' holds '{}'", platform_.accelerators[chip].name,
                                  asked.slice)
                    : fmt::format("'{}' has no domain '{}'", platform_.accelerators[chip].name,
                                  asked.domain));
  }

 private:
  static void refuse(CollectiveRow& row, std::string reason) { row.reason = std::move(reason); }

  static bool fits(const model::Domain& domain, const std::string& slice) {
    const auto chips = base::parse_number(slice);
    return !chips || *chips <= domain.chips_usable;
  }

  void on(const model::Domain& domain, const Asked& asked, collectives::Operation operation,
          CollectiveRow& row) const {
    topology::Place place;
    place.name = fmt::format("domain '{}'", domain.name);
    place.domain = &domain;
    place.domains = 1'000'000;
    for (const model::Pod& pod : platform_.pods) {
      if (&platform_.domains[pod.domain] == &domain) place.pod = &pod;
    }
    model::Fabric fabric;
    if (!asked.fabric.empty()) {
      const auto found = platform_.fabrics.find(asked.fabric);
      if (!found) return refuse(row, fmt::format("no fabric '{}'", asked.fabric));
      fabric = platform_.fabrics[found];
      if (asked.balancing == "ecmp") fabric.load_balancing = model::LoadBalancing::kEcmp;
      if (asked.balancing == "adaptive") fabric.load_balancing = model::LoadBalancing::kAdaptive;
      if (asked.balancing == "spray") fabric.load_balancing = model::LoadBalancing::kSpray;
      place.fabric = &fabric;
    }
    base::Diagnostics problems;
    const auto wiring = topology::wiring_of(platform_, place, asked.slice, problems);
    if (!wiring) return refuse(row, problems.all()[0].message);
    row.ranks = wiring->chips();
    if (row.ranks < 2) return refuse(row, "one chip has no collective");
    const collectives::Task task{operation, base::Bytes{row.bytes}, *wiring, true, {}};
    collectives::Derating derating;
    const auto plan =
        measured_.plan(task, domain, asked.algorithm, asked.numbers, derating, problems);
    if (!plan) return refuse(row, problems.all()[0].message);
    row.algorithm = plan->algorithm;
    row.predicted_s = closed_form(*plan).value;
    const auto& chip = platform_.accelerators[platform_.nodes[domain.node].accelerator];
    if (derating.from.empty()) {
      row.caution = "with a usual share of the links: nothing like it is measured";
    } else if (derating.from != chip.name) {
      row.caution = fmt::format("with the measurements of '{}'", derating.from);
    }
  }

  const model::Platform& platform_;
  collectives::MeasuredDeratings measured_;
};

// NCCL's tables inside one node.
std::vector<CollectiveRow> node_rows(const std::string& path, const Predictor& predictor,
                                     base::Diagnostics& problems) {
  std::vector<CollectiveRow> rows;
  for (const TimingPoint& p : read_timings(path, problems)) {
    CollectiveRow row;
    row.index = static_cast<int>(rows.size());
    row.system = p.system;
    row.operation = p.operation;
    row.ranks = p.ranks;
    row.bytes = p.bytes;
    row.measured_s = p.time_s;
    row.id = fmt::format("{} {} {} {} {:.0f}", p.system, p.operation, p.numbers, p.ranks, p.bytes);
    if (p.operation.empty()) {
      row.reason = "no known operation, or no time, bytes or GPUs";
    } else {
      predictor.predict({p.system, "", std::to_string(p.ranks), "", "", "", p.numbers}, row);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// The time that a published bandwidth or time means.
double measured_s(const Fields& fields, const CollectiveRow& row) {
  const double value = fields.number("value");
  const std::string quantity = fields.text("quantity");
  if (quantity == "time") return value;
  const auto operation = operation_named(row.operation);
  const double factor = quantity == "busbw" && operation && row.ranks > 1
                            ? collectives::bus_factor(*operation, row.ranks)
                            : 1.0;
  return row.bytes * factor / (value * 1e9);
}

std::vector<CollectiveRow> curve_rows(base::CsvReader& csv, const std::string& path,
                                      const Predictor& predictor, base::Diagnostics& problems) {
  for (const char* name : {"id", "chip", "slice", "operation", "bytes", "quantity", "value"}) {
    if (csv.column(name) < 0) problems.error({path, 1, 1}, "no column '{}'", name);
  }
  std::vector<CollectiveRow> rows;
  if (problems.has_errors()) return rows;
  const Fields fields(csv);
  while (csv.next(problems)) {
    CollectiveRow row;
    row.index = static_cast<int>(rows.size());
    row.id = fields.text("id");
    row.system = fields.text("chip");
    row.operation = fields.text("operation");
    row.bytes = fields.number("bytes");
    if (row.bytes <= 0.0 || fields.number("value") <= 0.0) {
      row.reason = "no bytes, or no measured value";
    } else {
      predictor.predict(
          {row.system, fields.text("domain"), fields.text("slice"), fields.text("fabric"),
           fields.text("balancing"), fields.text("algorithm"), fields.text("numbers")},
          row);
    }
    if (row.expressible()) row.measured_s = measured_s(fields, row);
    rows.push_back(std::move(row));
  }
  return rows;
}

// The median bandwidth of a system and operation gives a time to all of its rows.
void add_null(std::vector<CollectiveRow>& rows) {
  std::map<std::pair<std::string, std::string>, std::vector<double>> rates;
  const auto wire = [](const CollectiveRow& row) {
    return row.bytes * collectives::bus_factor(*operation_named(row.operation), row.ranks);
  };
  for (const CollectiveRow& row : rows) {
    if (row.expressible() && row.bytes >= kMiB) {
      rates[{row.system, row.operation}].push_back(wire(row) / row.measured_s);
    }
  }
  for (auto& [key, all] : rates) std::sort(all.begin(), all.end());
  for (CollectiveRow& row : rows) {
    if (!row.expressible()) continue;
    const auto& all = rates[{row.system, row.operation}];
    if (!all.empty()) row.null_s = wire(row) / all[all.size() / 2];
  }
}

}  // namespace

std::vector<CollectiveRow> predict_collectives(const std::string& path,
                                               const model::Platform& platform,
                                               const collectives::Algorithms& algorithms,
                                               base::Diagnostics& problems) {
  const Predictor predictor(platform, algorithms);
  base::CsvReader csv(path);
  std::vector<CollectiveRow> rows = csv.column("latency_us") >= 0
                                        ? node_rows(path, predictor, problems)
                                        : curve_rows(csv, path, predictor, problems);
  add_null(rows);
  return rows;
}

std::vector<CollectiveErrors> collective_errors(const std::vector<CollectiveRow>& rows) {
  std::vector<CollectiveErrors> lines;
  const auto add = [&](const std::string& name,
                       const std::function<bool(const CollectiveRow&)>& in) {
    std::vector<double> measured, predicted, null;
    for (const CollectiveRow& row : rows) {
      if (!row.expressible() || !in(row)) continue;
      measured.push_back(row.measured_s);
      predicted.push_back(row.predicted_s);
      null.push_back(row.null_s);
    }
    if (measured.empty()) return;
    lines.push_back({name, errors_of(predicted, measured), errors_of(null, measured)});
  };
  const auto large = [](const CollectiveRow& r) {
    return r.bytes >= kMiB && r.bytes <= 512.0 * kMiB;
  };
  add("all", [](const CollectiveRow&) { return true; });
  add("1 to 512 MiB", large);
  add("below 1 MiB", [](const CollectiveRow& r) { return r.bytes < kMiB; });
  add("above 512 MiB", [](const CollectiveRow& r) { return r.bytes > 512.0 * kMiB; });
  std::map<std::string, std::map<std::string, int>> systems;
  for (const CollectiveRow& row : rows) {
    if (row.expressible()) ++systems[row.system][row.operation];
  }
  for (const auto& [system, operations] : systems) {
    add(system + ", 1 to 512 MiB",
        [&](const CollectiveRow& r) { return r.system == system && large(r); });
    add(system + ", below 1 MiB",
        [&](const CollectiveRow& r) { return r.system == system && r.bytes < kMiB; });
    for (const auto& [operation, count] : operations) {
      add(fmt::format("{} {}", system, operation),
          [&](const CollectiveRow& r) { return r.system == system && r.operation == operation; });
    }
  }
  return lines;
}

}  // namespace busbar::validation
