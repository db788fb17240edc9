/// Free domains by pod: what tells whether a slice fits into one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace busbar::scheduling {

/// Which pod of several that hold it a slice goes to; ties: the first.
enum class PodOrder {
  kFirst,     // the first
  kTightest,  // the one with the fewest free domains
  kEmptiest,  // the one with the most
};

/// Free domains of the pods, or of the leaf groups of a fabric, that the domains of a part belong
/// to.
///
/// Pods are sorted by their free domains: the best for a slice is found in O(log pods), how many
/// slices fit in O(different counts). The domains of a pod are alike and are never listed.
class PodCounts {
 public:
  enum class Rule {
    kNone,    // no pods are known: any domains make a gang
    kGroups,  // a gang takes domains of as few groups as possible
    kSlices,  // no slice crosses a pod
  };
  PodCounts() = default;
  /// `pods` of `domains` each, none of them free yet.
  PodCounts(Rule rule, std::int32_t pods, std::int64_t domains)
      : PodCounts(rule, domains, std::vector<std::int64_t>(static_cast<size_t>(pods), 0)) {}
  /// Pods of `domains` each, so many of them free.
  PodCounts(Rule rule, std::int64_t domains, std::vector<std::int64_t> free);

  Rule rule() const { return rule_; }
  bool empty() const { return free_.empty(); }
  std::int32_t size() const { return static_cast<std::int32_t>(free_.size()); }
  /// Domains of a whole pod.
  std::int64_t domains() const { return domains_; }
  /// May be negative after a removal.
  std::int64_t free(std::int32_t pod) const { return free_[static_cast<size_t>(pod)]; }
  /// Of the pod with most free domains.
  std::int64_t most_free() const { return order_.empty() ? 0 : order_.back().first; }

  void add(std::int32_t pod, std::int64_t domains);
  /// How many slices of so many domains fit at once.
  std::int64_t slices(std::int64_t domains) const;
  /// A pod with at least so many free domains; -1: none has.
  std::int32_t choose(PodOrder order, std::int64_t domains) const;
  /// Leaves what is free both here and in another state of the same pods.
  void intersect(const PodCounts& other);
  /// Forgets the pods: any domains make a gang.
  void forget() { *this = PodCounts(); }

 private:
  using Entry = std::pair<std::int64_t, std::int32_t>;  // free domains and pod
  void sort();

  Rule rule_ = Rule::kNone;
  std::int64_t domains_ = 0;
  std::vector<std::int64_t> free_;  // by pod
  std::vector<Entry> order_;        // ascending
};

}  // namespace busbar::scheduling
