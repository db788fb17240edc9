#include "sim/validation/failures_file.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

namespace busbar::validation {
namespace {

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '"') {
      safe += "&quot;";
    } else {
      safe += c;
    }
  }
  return safe;
}

// `Power Supply` is the id `power-supply`.
std::string id_of(const std::string& cause) {
  std::string id;
  for (const char c : cause) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0) {
      id += static_cast<char>(std::tolower(u));
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id.empty() ? "other" : id;
}

}  // namespace

std::string failures_xml(const std::string& id, const faults::LogFit& fit,
                         const std::string& source) {
  const model::FailureModel& failures = fit.failures;
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!-- Failure rates fitted to a log. Written by busbar validate failures. -->\n"
      "<failures id=\"{}\" counts=\"{}\" source=\"{}\">\n",
      id, escaped(failures.counts), escaped(source));
  for (const model::FailureMode& mode : failures.modes) {
    text += fmt::format(
        "  <component kind=\"{}\" name=\"{}\" takes=\"node\" "
        "rate=\"{:.4g} /d per 1000 node\"",
        model::name_of(mode.kind), id_of(mode.name), mode.rate.value * base::kDay * 1000.0);
    if (mode.lemon_share > 0.0) {
      text += fmt::format(" lemons=\"{:.3g} %\" lemon-factor=\"{:.3g}\"", 100.0 * mode.lemon_share,
                          mode.lemon_factor);
    }
    text += fmt::format(" repair-median=\"{:.4g} h\"", mode.repair.median.value / base::kHour);
    if (mode.repair.sigma > 0.0) {
      text += fmt::format(" repair-mean=\"{:.4g} h\"", mode.repair.mean().value / base::kHour);
    }
    text += "/>\n";
  }
  const model::Bursts& b = failures.bursts;
  if (b.mean_size > 1.0) {
    text += fmt::format("  <burst size=\"{:.3g}\" together=\"{:.3g} %\" spread=\"{:.3g} h\"/>\n",
                        b.mean_size, 100.0 * b.together, b.spread.value / base::kHour);
  }
  if (failures.drift.variation > 0.0) {
    text += fmt::format("  <drift variation=\"{:.3g} %\" period=\"{:.3g} d\"/>\n",
                        100.0 * failures.drift.variation, failures.drift.period.value / base::kDay);
  }
  return text + "</failures>\n";
}

}  // namespace busbar::validation
