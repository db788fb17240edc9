#include <utility>

#include "sim/model/workload.h"

namespace busbar::model {
namespace {

constexpr std::pair<const char*, double> kNumbers[] = {
    {"bf16", 2.0}, {"fp16", 2.0}, {"fp32", 4.0}, {"fp4", 0.5},
    {"fp8", 1.0},  {"int4", 0.5}, {"int8", 1.0},
};

}  // namespace

double AcrossSites::bytes_per_number() const {
  for (const auto& [name, bytes] : kNumbers) {
    if (outer_precision == name) return bytes;
  }
  return 0.0;
}

std::vector<std::string> AcrossSites::precisions() {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : kNumbers) names.emplace_back(name);
  return names;
}

}  // namespace busbar::model
