/// Power feeds and cooling loops of the sites: which parts go dark with them.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "sim/engine/fleet.h"
#include "sim/record/rows.h"

namespace busbar::engine {

/// How the trace names the failure of a feed, or of a cooling loop.
struct SupplyFault {
  record::FaultComponent component = record::FaultComponent::kFeed;
  record::FaultCause cause = record::FaultCause::kPower;
};
inline SupplyFault supply_fault(bool cooling) {
  if (!cooling) return {};
  return {record::FaultComponent::kCooling, record::FaultCause::kCooling};
}

/// Knows which feeds and loops are out. What several of a kind serve is redundant: it goes dark
/// only with the last of them.
class SharedSupplies {
 public:
  SharedSupplies(const model::Platform& platform, const Fleet& fleet)
      : platform_(platform), fleet_(fleet) {}

  /// One goes out of service. Returns the parts that go dark with it.
  std::vector<Fleet::Place> fail(base::Id<model::Site> site, size_t supply);
  /// It is back. Returns the parts that were dark for want of it.
  std::vector<Fleet::Place> restore(base::Id<model::Site> site, size_t supply);

 private:
  std::vector<Fleet::Place> alone_on(base::Id<model::Site> site, size_t supply) const;
  bool serves(const model::SharedSupply& supply, const PartInfo& part) const;

  const model::Platform& platform_;
  const Fleet& fleet_;
  std::map<std::pair<std::int32_t, size_t>, int> out_;  // failures of those that are out
};

}  // namespace busbar::engine
