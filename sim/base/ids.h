/// Typed indices and the tables they index: an `Id<Site>` cannot be used where an `Id<Cluster>` is.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace busbar::base {

/// Position of an entity in its table; -1 means none.
template <class Entity>
struct Id {
  std::int32_t index = -1;
  friend constexpr auto operator<=>(Id, Id) = default;
  explicit operator bool() const { return index >= 0; }
};

/// Entities in the order of their files, found by id or by name. `Entity` has a `std::string name`.
template <class Entity>
class Table {
 public:
  /// Adds an entity. Returns its id, or none (index -1) if the name is taken.
  Id<Entity> add(Entity entity) {
    const Id<Entity> id{static_cast<std::int32_t>(rows_.size())};
    if (!by_name_.emplace(entity.name, id).second) return {};
    rows_.push_back(std::move(entity));
    return id;
  }
  /// Finds by name; none (index -1) if unknown.
  Id<Entity> find(std::string_view name) const {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? Id<Entity>{} : it->second;
  }
  const Entity& operator[](Id<Entity> id) const { return rows_.at(static_cast<size_t>(id.index)); }
  Entity& operator[](Id<Entity> id) { return rows_.at(static_cast<size_t>(id.index)); }
  size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }
  /// All ids, in order.
  std::vector<Id<Entity>> ids() const {
    std::vector<Id<Entity>> all(rows_.size());
    for (size_t i = 0; i < all.size(); ++i) all[i].index = static_cast<std::int32_t>(i);
    return all;
  }
  /// All names, in alphabetical order, for messages.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, id] : by_name_) all.push_back(name);
    return all;
  }

 private:
  std::vector<Entity> rows_;
  std::map<std::string, Id<Entity>, std::less<>> by_name_;
};

}  // namespace busbar::base
