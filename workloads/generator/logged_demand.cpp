#include "workloads/generator/logged_demand.h"

#include "sim/base/error.h"
#include "sim/base/quantity.h"
#include "workloads/generator/request_log.h"

namespace busbar::generator {
namespace {

void read_demand(model::Demand& demand, std::vector<LoggedRequest>& of_service,
                 base::Diagnostics& problems) {
  std::vector<LoggedRequest> requests;
  try {
    requests = read_request_log(demand.log_path, problems);
  } catch (const base::IoError& error) {
    problems.error(demand.where, "{}", error.what());
    return;
  }
  for (const LoggedRequest& request : requests) {
    const auto hour = static_cast<size_t>(request.arrival_s / base::kHour);
    if (hour >= demand.logged_per_s.size()) demand.logged_per_s.resize(hour + 1, 0.0);
    demand.logged_per_s[hour] += demand.scale / base::kHour;
  }
  of_service.insert(of_service.end(), requests.begin(), requests.end());
}

double mean(const std::vector<LoggedRequest>& requests, double LoggedRequest::*tokens) {
  double sum = 0.0;
  for (const LoggedRequest& request : requests) sum += request.*tokens;
  return sum / static_cast<double>(requests.size());
}

}  // namespace

void read_logged_demand(model::Scenario& scenario, base::Diagnostics& problems) {
  for (const auto id : scenario.workload.services.ids()) {
    model::Service& service = scenario.workload.services[id];
    std::vector<LoggedRequest> requests;
    for (model::Demand& demand : service.demands) {
      if (!demand.log_path.empty()) read_demand(demand, requests, problems);
    }
    if (requests.empty()) continue;
    if (service.input_tokens <= 0.0) {
      service.input_tokens = std::max(1.0, mean(requests, &LoggedRequest::input_tokens));
    }
    if (service.output_tokens <= 0.0) {
      service.output_tokens = std::max(1.0, mean(requests, &LoggedRequest::output_tokens));
    }
  }
}

}  // namespace busbar::generator
