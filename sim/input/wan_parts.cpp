#include "sim/input/wan_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sim/base/text.h"

namespace busbar::input {

WanParts::WanParts(const model::Platform& platform)
    : platform_(platform), root_(platform.sites.size() + platform.routers.size()) {
  std::iota(root_.begin(), root_.end(), size_t{0});
  const auto number = [&](const model::WanEnd& end) {
    return end.site ? static_cast<size_t>(end.site.index)
                    : platform.sites.size() + static_cast<size_t>(end.router.index);
  };
  const auto find = [&](size_t v) {
    while (root_[v] != v) v = root_[v] = root_[root_[v]];
    return v;
  };
  for (const model::WanLink& link : platform.wan_links) {
    const size_t a = find(number(link.a)), b = find(number(link.b));
    root_[std::max(a, b)] = std::min(a, b);
  }
  for (size_t v = 0; v < root_.size(); ++v) root_[v] = find(v);
}

std::vector<std::string> WanParts::with_sites() const {
  std::vector<std::string> texts;
  for (size_t first = 0; first < platform_.sites.size(); ++first) {
    if (root_[first] != first) continue;
    std::vector<std::string> sites;
    size_t routers = 0;
    for (size_t v = 0; v < root_.size(); ++v) {
      if (root_[v] != first) continue;
      if (v >= platform_.sites.size()) {
        ++routers;
      } else {
        sites.push_back(platform_.sites[{static_cast<std::int32_t>(v)}].name);
      }
    }
    texts.push_back(
        fmt::format("{{{}; {} router{}}}", base::join(sites), routers, routers == 1 ? "" : "s"));
  }
  return texts;
}

}  // namespace busbar::input
