#include "workloads/generator/request_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/calendar.h"
#include "sim/base/json.h"
#include "sim/base/rows.h"
#include "sim/base/text.h"
#include "workloads/generator/log_rows.h"

namespace busbar::generator {
namespace {

constexpr double kMillisecond_s = 1e-3;

std::vector<LoggedRequest> read_azure(const std::string& path, base::Diagnostics& problems) {
  std::vector<LoggedRequest> requests;
  base::CsvReader csv(path);
  const auto columns =
      find_columns(csv, {"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, path, problems);
  if (columns.empty()) return requests;
  RowProblems rows(path, problems);
  SubmitOrder order(path, problems);
  const auto field = [&](size_t i) -> const std::string& {
    return csv.fields()[static_cast<size_t>(columns[i])];
  };
  while (csv.next(problems)) {
    const auto where = csv.where();
    LoggedRequest request;
    bool fine =
        number(field(1), "ContextTokens", {0.0, false, true}, where, rows, request.input_tokens) &
        number(field(2), "GeneratedTokens", {0.0, false, true}, where, rows, request.output_tokens);
    const auto date = base::parse_date(field(0));
    if (!date) {
      rows.report(where, "TIMESTAMP must be like 2023-11-16 18:17:03.9799600", field(0));
      fine = false;
    }
    if (!fine) continue;
    request.arrival_s = *date;
    order.check(where, request.arrival_s);
    requests.push_back(request);
  }
  return requests;
}

std::vector<LoggedRequest> read_mooncake(const std::string& path, base::Diagnostics& problems) {
  std::vector<LoggedRequest> requests;
  base::LineReader lines(path);
  RowProblems rows(path, problems);
  SubmitOrder order(path, problems);
  while (const auto line = lines.next()) {
    if (base::trim(*line).empty()) continue;
    const auto where = lines.where();
    const auto numbers = base::parse_json_numbers(*line);
    if (!numbers) {
      rows.report(where, "a line must be one JSON object", line->substr(0, 40));
      continue;
    }
    const auto read = [&](const char* name, double& value) {
      const auto found = numbers->find(name);
      if (found != numbers->end() && found->second >= 0.0) {
        value = found->second;
        return true;
      }
      rows.report(where, fmt::format("{} must be a number of at least 0", name),
                  found == numbers->end() ? "nothing" : fmt::format("{}", found->second));
      return false;
    };
    LoggedRequest request;
    const bool fine = read("timestamp", request.arrival_s) &
                      read("input_length", request.input_tokens) &
                      read("output_length", request.output_tokens);
    if (!fine) continue;
    request.arrival_s *= kMillisecond_s;
    order.check(where, request.arrival_s);
    requests.push_back(request);
  }
  return requests;
}

bool is_json_lines(const std::string& path) {
  base::LineReader lines(path);
  const auto first = lines.next();
  return first && base::trim(*first).starts_with('{');
}

}  // namespace

std::vector<LoggedRequest> read_request_log(const std::string& path, base::Diagnostics& problems) {
  auto requests = is_json_lines(path) ? read_mooncake(path, problems) : read_azure(path, problems);
  std::stable_sort(requests.begin(), requests.end(),
                   [](const auto& a, const auto& b) { return a.arrival_s < b.arrival_s; });
  if (requests.empty()) {
    if (!problems.has_errors()) problems.error({path}, "the log has no requests");
    return requests;
  }
  const double first_s = requests.front().arrival_s;
  for (LoggedRequest& request : requests) request.arrival_s -= first_s;
  return requests;
}

}  // namespace busbar::generator
