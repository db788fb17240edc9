#include "sim/validation/kernel_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/rows.h"
#include "sim/collectives/curve.h"
#include "sim/compute/products.h"
#include "sim/validation/least_squares.h"

namespace busbar::validation {
namespace {

constexpr double kWorstFit = 0.12;
constexpr double kTieN = 10.0, kTieK = 25.0;  // of square roots of half lengths
constexpr double kVisible = 0.3;  // of a launch, in `compute::product_s`; lone kernels show all

struct Product {
  double m, n, k, time_s;
};

// Unknowns in an order that the fit understands: logarithms but for the half lengths, which are
// squared so that they stay positive and may vanish.
struct Unknowns {
  model::GemmCurve curve;
  double cast_per_row = 0.0, cast_share = 1.0;
};

Unknowns unknowns_of(const std::vector<double>& at, bool casts) {
  Unknowns u;
  u.curve.ceiling = 1.0 / (1.0 + std::exp(-at[0]));
  u.curve.memory_ceiling = 1.0 / (1.0 + std::exp(-at[1]));
  u.curve.launch = base::Seconds{std::exp(at[2])};
  u.curve.n_half = at[3] * at[3];
  u.curve.k_half = at[4] * at[4];
  u.curve.m_half = at[5] * at[5];
  if (casts) {
    u.cast_per_row = std::exp(at[6]);
    u.cast_share = 1.0 / (1.0 + std::exp(-at[7]));
  }
  return u;
}

double time_of(compute::ProductRate rate, const Unknowns& u, const Product& p, bool casts) {
  rate.curve = u.curve;
  double time = compute::product_s(rate, p.m, p.n, p.k) +
                (1.0 - kVisible) * u.curve.launch.value;  // measured alone
  if (casts) {
    const double rows = u.cast_per_row * p.m;
    const double bytes = 3.0 * p.m * p.k / (rate.memory * u.cast_share);
    time += std::pow(std::pow(rows, 4.0) + std::pow(bytes, 4.0), 0.25);
  }
  return time;
}

Fitted<model::GemmCurve> fit(const compute::ProductRate& rate, const std::vector<Product>& points,
                             bool casts) {
  std::vector<double> start = {1.2, 1.0, std::log(4e-6), 5.0, 10.0, 1.0};
  if (casts) start.insert(start.end(), {std::log(6e-9), -1.0});
  const size_t count = points.size() + start.size();
  // As heavy as a twentieth of the points, however many there are.
  const double weight = std::sqrt(0.05 * static_cast<double>(points.size()));
  const Residuals residuals = [&](const std::vector<double>& at, std::vector<double>& out) {
    const Unknowns u = unknowns_of(at, casts);
    for (size_t i = 0; i < points.size(); ++i) {
      const double error = std::log(time_of(rate, u, points[i], casts) / points[i].time_s) / 0.05;
      out[i] = std::copysign(std::sqrt(2.0 * (std::sqrt(1.0 + error * error) - 1.0)), error);
    }
    // Ties to the start, so that what the data do not tell stays where it was. A cast reads the
    // rows that m and k span, so that the fit could trade it for a half length of n: n is tied
    // more.
    const double ties[] = {2.0, 0.5, 2.0, kTieN, kTieK, kTieN, 2.0, 2.0};
    for (size_t i = 0; i < start.size(); ++i) {
      out[points.size() + i] = weight * (at[i] - start[i]) / ties[i];
    }
  };
  const Unknowns u = unknowns_of(least_squares(residuals, count, start), casts);
  Fitted<model::GemmCurve> fitted{u.curve, static_cast<int>(points.size()), 0.0};
  for (const Product& p : points) {
    fitted.error +=
        std::abs(time_of(rate, u, p, casts) / p.time_s - 1.0) / static_cast<double>(points.size());
  }
  return fitted;
}

bool has_columns(const base::CsvReader& csv, const std::string& path,
                 const std::vector<const char*>& names, base::Diagnostics& problems) {
  for (const char* name : names) {
    if (csv.column(name) < 0) problems.error({path, 1, 1}, "no column '{}'", name);
  }
  return !problems.has_errors();
}

std::string precision_named(const std::string& type) {
  if (type == "bfloat16" || type == "float16") return "bf16";
  return type == "nvfp4" ? "fp4" : type;
}

}  // namespace

// `h100_sxm` of tables is `h100-sxm` of the catalogue; `tpu7x` is an alias.
base::Id<model::Accelerator> chip_named(const std::string& system,
                                        const model::Platform& platform) {
  std::string name = system;
  std::replace(name.begin(), name.end(), '_', '-');
  if (const auto id = platform.accelerators.find(name)) return id;
  for (const auto id : platform.accelerators.ids()) {
    const auto& aliases = platform.accelerators[id].aliases;
    if (std::find(aliases.begin(), aliases.end(), system) != aliases.end()) return id;
  }
  return {};
}

void fit_products(const std::string& path, const model::Platform& platform, KernelTable& table,
                  base::Diagnostics& problems) {
  base::CsvReader csv(path);
  if (!has_columns(csv, path, {"system", "gemm_dtype", "m", "n", "k", "latency_us"}, problems)) {
    return;
  }
  std::map<std::pair<std::string, std::string>, std::vector<Product>> groups;
  const auto field = [&](const char* name) {
    return csv.fields()[static_cast<size_t>(csv.column(name))];
  };
  const auto number = [&](const char* name) {
    return base::parse_number(field(name)).value_or(0.0);
  };
  while (csv.next(problems)) {
    const Product p{number("m"), number("n"), number("k"), number("latency_us") * 1e-6};
    if (p.m < 1024 || p.n < 512 || p.k < 512 || p.time_s <= 0.0) continue;
    groups[{field("system"), precision_named(field("gemm_dtype"))}].push_back(p);
  }
  for (const auto& [key, points] : groups) {
    const auto chip = chip_named(key.first, platform);
    if (!chip) continue;
    const model::Accelerator& accelerator = platform.accelerators[chip];
    if (!accelerator.peak_flops.contains(key.second)) continue;
    const auto rate = compute::product_rate(accelerator, nullptr, key.second, 1.0);
    const auto fitted = fit(rate, points, key.second == "fp8" || key.second == "fp4");
    KernelFits& fits = table[accelerator.name];
    if (fitted.error > kWorstFit) {
      fits.left_out.push_back(fmt::format("{}: no curve fits its {} points within 12 % ({:.1f} %)",
                                          key.second, points.size(), 100.0 * fitted.error));
    } else {
      fits.products[key.second] = fitted;
    }
  }
}

void fit_square_products(const std::string& path, const model::Platform& platform,
                         KernelTable& table, base::Diagnostics& problems) {
  base::CsvReader csv(path);
  if (!has_columns(csv, path, {"system", "test", "x", "value"}, problems)) return;
  std::map<std::string, std::vector<Product>> groups;
  const auto field = [&](const char* name) {
    return csv.fields()[static_cast<size_t>(csv.column(name))];
  };
  while (csv.next(problems)) {
    if (field("test") != "gemm_bf16") continue;
    const double x = base::parse_number(field("x")).value_or(0.0);
    const double rate = base::parse_number(field("value")).value_or(0.0) * 1e12;
    if (x < 1024 || rate <= 0.0) continue;
    groups[field("system")].push_back({x, x, x, 2.0 * x * x * x / rate});
  }
  for (const auto& [system, points] : groups) {
    const auto chip = chip_named(system, platform);
    if (!chip) continue;
    const auto rate = compute::product_rate(platform.accelerators[chip], nullptr, "bf16", 0.5);
    table[platform.accelerators[chip].name].products["bf16"] = fit(rate, points, false);
  }
}

void fit_collectives(const std::string& path, const model::Platform& platform, KernelTable& table,
                     base::Diagnostics& problems) {
  base::CsvReader csv(path);
  if (!has_columns(csv, path, {"system", "op_name", "num_gpus", "bytes", "latency_us"}, problems)) {
    return;
  }
  struct Point {
    double wire, time_s;
  };
  std::map<std::pair<std::string, std::string>, std::map<double, std::vector<Point>>> groups;
  const auto field = [&](const char* name) {
    return csv.fields()[static_cast<size_t>(csv.column(name))];
  };
  while (csv.next(problems)) {
    std::string operation = field("op_name");
    std::replace(operation.begin(), operation.end(), '_', '-');
    if (operation == "alltoall") operation = "all-to-all";
    const double ranks = base::parse_number(field("num_gpus")).value_or(0.0);
    const double bytes = base::parse_number(field("bytes")).value_or(0.0);
    const double time_s = base::parse_number(field("latency_us")).value_or(0.0) * 1e-6;
    if (ranks < 2 || bytes <= 0.0 || time_s <= 0.0) continue;
    const double passes = operation == "all-reduce" ? 2.0 : 1.0;
    groups[{field("system"), operation}][ranks].push_back(
        {passes * collectives::wire_bytes(bytes, ranks), time_s});
  }
  for (const auto& [key, by_ranks] : groups) {
    const auto chip = chip_named(key.first, platform);
    if (!chip) continue;
    static const std::vector<std::string> kKnown = {"all-reduce", "all-gather", "reduce-scatter",
                                                    "all-to-all"};
    if (std::find(kKnown.begin(), kKnown.end(), key.second) == kKnown.end()) continue;
    const std::vector<Point>& points = by_ranks.rbegin()->second;
    const std::vector<double> start = {std::log(15e-6), std::log(4e11), std::log(5e6)};
    const auto curve_of = [](const std::vector<double>& at) {
      return model::CollectiveCurve{base::Seconds{std::exp(at[0])},
                                    base::BytesPerSecond{std::exp(at[1])},
                                    base::Bytes{std::exp(at[2])}};
    };
    const Residuals residuals = [&](const std::vector<double>& at, std::vector<double>& out) {
      const auto curve = curve_of(at);
      for (size_t i = 0; i < points.size(); ++i) {
        out[i] = std::log(collectives::curve_s(curve, points[i].wire) / points[i].time_s) / 0.05;
      }
      for (size_t i = 0; i < 3; ++i) out[points.size() + i] = (at[i] - start[i]) / 5.0;
    };
    Fitted<model::CollectiveCurve> fitted{
        curve_of(least_squares(residuals, points.size() + 3, start)),
        static_cast<int>(points.size()), 0.0};
    for (const Point& p : points) {
      fitted.error += std::abs(collectives::curve_s(fitted.curve, p.wire) / p.time_s - 1.0) /
                      static_cast<double>(points.size());
    }
    table[platform.accelerators[chip].name].collectives[key.second] = fitted;
  }
}

}  // namespace busbar::validation
