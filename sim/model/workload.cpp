#include "sim/model/workload.h"

#include <cmath>
#include <set>

namespace busbar::model {

std::vector<std::int64_t> ElasticSizes::of(std::int64_t asked) const {
  std::set<std::int64_t> sizes(listed.begin(), listed.end());
  sizes.insert(asked);
  if (!listed.empty()) return {sizes.begin(), sizes.end()};
  if (step > 0) {
    for (std::int64_t size = (least + step - 1) / step * step; size <= most; size += step) {
      sizes.insert(size);
    }
  } else {
    for (std::int64_t size = asked; size % 2 == 0 && size / 2 >= least; size /= 2) {
      sizes.insert(size / 2);
    }
    for (std::int64_t size = asked; size * 2 <= most; size *= 2) sizes.insert(size * 2);
  }
  return {sizes.begin(), sizes.end()};
}

double Campaign::due_s(double scenario_start_unix_s) const {
  if (finish_unix_s > 0.0) return finish_unix_s - scenario_start_unix_s;
  if (within.value <= 0.0) return std::nan("");
  return start_s(scenario_start_unix_s) + within.value;
}

}  // namespace busbar::model
