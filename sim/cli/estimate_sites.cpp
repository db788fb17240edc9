#include "sim/cli/estimate_sites.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/base/json.h"
#include "sim/base/units.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/topology/wan_routes.h"
#include "sim/training/across_sites.h"
#include "sim/training/token_target.h"

namespace busbar::cli {

using base::Json;
using model::AcrossSites;

namespace {

// Steps of the sites together, before they exchange.
struct Together {
  double batch_tokens = 0.0;
  training::SharedBatch shared;
  std::vector<double> alone_s;  // of a step with the whole batch, by site
};

// Each site's speed with its part of the batch; parts and speeds agree after two looks.
std::optional<Together> together(const training::Task& task, const std::vector<SiteSlice>& sites,
                                 base::Diagnostics& problems) {
  const auto steps = Registries().step_models.make({"calibrated", {}});
  Together t;
  std::vector<double> speeds(sites.size());
  const auto ask = [&](size_t i, double tokens) -> std::optional<training::StepEstimate> {
    training::Task part = task;
    part.global_batch_tokens = tokens;
    const training::StepEstimate e = steps->estimate(part, sites[i].slice);
    if (e.feasible) return e;
    problems.error({}, "cluster '{}': {}", sites[i].cluster->name, e.reason);
    return std::nullopt;
  };
  t.batch_tokens = task.global_batch_tokens;
  std::vector<double> part(sites.size(), 0.0);
  double chips = 0.0;
  for (const SiteSlice& site : sites) chips += site.slice.chips;
  for (size_t i = 0; i < sites.size(); ++i) {
    part[i] = task.global_batch_tokens * sites[i].slice.chips / chips;
  }
  for (int look = 0; look < 2; ++look) {
    double chosen = 0.0;
    for (size_t i = 0; i < sites.size(); ++i) {
      const auto e = ask(i, part[i]);
      if (!e) return std::nullopt;
      speeds[i] = e->tokens / e->step_s;
      chosen += e->tokens;
    }
    if (t.batch_tokens <= 0.0) {
      const double critical = task.model->critical_batch_tokens;
      t.batch_tokens = critical > 0.0 ? std::min(chosen, critical) : chosen;
    }
    t.shared = training::share_batch(t.batch_tokens, speeds);
    for (size_t i = 0; i < sites.size(); ++i) part[i] = t.shared.share[i] * t.batch_tokens;
  }
  for (size_t i = 0; i < sites.size(); ++i) {
    const auto e = ask(i, t.batch_tokens);
    if (!e) return std::nullopt;
    t.alone_s.push_back(e->step_s);
  }
  return t;
}

// A step, and the whole training, with one way of exchanging over one kind of link.
struct Answer {
  double step_s = 0.0, exposed_s = 0.0, bytes_per_step = 0.0, target_tokens = 0.0, target_s = 0.0;
};

Answer answer_of(const training::Task& task, const Together& t, size_t sites,
                 const AcrossSites& exchange, const Edge& edge, double target_tokens) {
  const auto n = static_cast<double>(sites);
  const double bytes = training::ring_bytes(n, training::outer_bytes(*task.model, exchange));
  Answer a;
  a.step_s =
      training::step_with_exchange(t.shared.compute_s, bytes, edge.bandwidth_Bps,
                                   training::exchange_latency_s(n, edge.latency_s), exchange);
  a.exposed_s = a.step_s - t.shared.compute_s;
  a.bytes_per_step = bytes / exchange.sync_every;
  a.target_tokens =
      training::tokens_to_target(*task.model, target_tokens, t.batch_tokens, exchange.sync_every);
  a.target_s = a.target_tokens / t.batch_tokens * a.step_s;
  return a;
}

// The request and its neighbours: other bandwidths, a longer way, other intervals.
struct Variant {
  std::string name;
  AcrossSites exchange;
  Edge edge;
};

std::vector<Variant> variants_of(const AcrossRequest& request) {
  std::vector<Variant> variants;
  const auto bits = [](double bytes) { return base::format_si(8.0 * bytes, "bit/s"); };
  for (const double factor : {0.1, 1.0, 10.0}) {
    const Edge edge{factor * request.edge.bandwidth_Bps, request.edge.latency_s};
    variants.push_back({bits(edge.bandwidth_Bps), request.exchange, edge});
  }
  const Edge longer{request.edge.bandwidth_Bps, 10.0 * request.edge.latency_s};
  variants.push_back(
      {fmt::format("{:.4g} ms one way", longer.latency_s * 1e3), request.exchange, longer});
  for (const int every : {1, 10, 100}) {
    if (every == request.exchange.sync_every) continue;
    AcrossSites exchange = request.exchange;
    exchange.sync_every = every;
    exchange.fragments = std::min(exchange.fragments, every);
    variants.push_back({fmt::format("exchange every {}", every), exchange, request.edge});
  }
  return variants;
}

Json json_of(const Answer& a, const Together& t) {
  return Json::Object{{"step_s", a.step_s},
                      {"exposed_s", a.exposed_s},
                      {"slow_down", a.step_s / t.shared.compute_s},
                      {"wan_bytes_per_step", a.bytes_per_step},
                      {"target_tokens", a.target_tokens},
                      {"target_s", a.target_s}};
}

}  // namespace

Edge slowest_edge(const model::Platform& platform, const std::vector<SiteSlice>& sites,
                  base::Diagnostics& problems) {
  const topology::WanRoutes routes(platform);
  Edge slowest{std::numeric_limits<double>::infinity(), 0.0};
  for (size_t i = 0; i < sites.size(); ++i) {
    const auto from = sites[i].cluster->site, to = sites[(i + 1) % sites.size()].cluster->site;
    const auto& route = routes.between(from, to);
    if (!route) {
      problems.error({}, "no WAN links join '{}' and '{}'; give --wan-bandwidth and --wan-latency",
                     platform.sites[from].name, platform.sites[to].name);
      return slowest;
    }
    for (const auto id : route->links) {
      slowest.bandwidth_Bps =
          std::min(slowest.bandwidth_Bps, platform.wan_links[id].bandwidth.value);
    }
    slowest.latency_s = std::max(slowest.latency_s, route->latency.value);
  }
  return slowest;
}

bool print_across(const training::Task& task, const std::vector<SiteSlice>& sites,
                  const AcrossRequest& request, base::Diagnostics& problems) {
  const auto found = together(task, sites, problems);
  if (!found) return false;
  const Together& t = *found;
  const auto answer = [&](const AcrossSites& exchange, const Edge& edge) {
    return answer_of(task, t, sites.size(), exchange, edge, request.target_tokens);
  };
  const Answer own = answer(request.exchange, request.edge);
  if (request.json) {
    Json::Array parts, sensitivity;
    for (size_t i = 0; i < sites.size(); ++i) {
      parts.push_back(Json::Object{{"cluster", sites[i].cluster->name},
                                   {"chips", sites[i].slice.chips},
                                   {"batch_share", t.shared.share[i]},
                                   {"alone_step_s", t.alone_s[i]}});
    }
    for (const Variant& v : variants_of(request)) {
      sensitivity.push_back(Json::Object{{"variant", v.name},
                                         {"bandwidth_Bps", v.edge.bandwidth_Bps},
                                         {"latency_s", v.edge.latency_s},
                                         {"sync_every", v.exchange.sync_every},
                                         {"answer", json_of(answer(v.exchange, v.edge), t)}});
    }
    fmt::print("{}\n", Json(Json::Object{{"batch_tokens", t.batch_tokens},
                                         {"compute_s", t.shared.compute_s},
                                         {"answer", json_of(own, t)},
                                         {"sites", parts},
                                         {"sensitivity", sensitivity}})
                           .dump());
    return true;
  }
  std::vector<std::vector<std::string>> table = {{"site", "chips", "of the batch", "alone"}};
  for (size_t i = 0; i < sites.size(); ++i) {
    table.push_back({sites[i].cluster->name, base::format_count(sites[i].slice.chips),
                     fmt::format("{:.1f} %", 100.0 * t.shared.share[i]),
                     fmt::format("{:.4g} s a step", t.alone_s[i])});
  }
  print_table(table, {1, 2, 3});
  fmt::print(
      "\nTogether {} tokens a step: {:.4g} s without exchange, {:.4g} s with one every {} "
      "step{}\n({:.4g} s exposed), {} over each link and direction a step.\n\n",
      base::format_count(t.batch_tokens), t.shared.compute_s, own.step_s,
      request.exchange.sync_every, request.exchange.sync_every == 1 ? "" : "s", own.exposed_s,
      base::format_bytes(base::Bytes{own.bytes_per_step}));
  const bool target = request.target_tokens > 0.0;
  table = {{"", "step s", "slow-down", "WAN a step", target ? "days to target" : ""}};
  for (const Variant& v : variants_of(request)) {
    const Answer a = answer(v.exchange, v.edge);
    table.push_back({v.name, fmt::format("{:.4g}", a.step_s),
                     fmt::format("{:.3f}", a.step_s / t.shared.compute_s),
                     base::format_bytes(base::Bytes{a.bytes_per_step}),
                     target ? fmt::format("{:.4g}", a.target_s / base::kDay) : ""});
  }
  print_table(table, {1, 2, 3, 4});
  if (request.exchange.sync_every > 1 && task.model->low_communication_token_factor == 1.0) {
    fmt::print(stderr, "note: '{}' has no low-communication-token-factor: no more tokens assumed\n",
               task.model->name);
  }
  return true;
}

}  // namespace busbar::cli
