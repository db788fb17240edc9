/// Which sites the wide-area network joins.
#pragma once

#include <string>
#include <vector>

#include "sim/model/platform.h"

namespace busbar::input {

/// Sites and routers joined by WAN links, directly or over others. Refers to `platform`.
class WanParts {
 public:
  explicit WanParts(const model::Platform& platform);
  bool joined(base::Id<model::Site> a, base::Id<model::Site> b) const {
    return root_[static_cast<size_t>(a.index)] == root_[static_cast<size_t>(b.index)];
  }
  /// Every part with a site, in words: its sites, and how many routers.
  std::vector<std::string> with_sites() const;

 private:
  const model::Platform& platform_;
  std::vector<size_t> root_;  // the first member of the part, by site and then router
};

}  // namespace busbar::input
