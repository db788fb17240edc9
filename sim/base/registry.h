/// Behaviours by name: factories for the program, and a plain table of what exists for the reader
/// of input files, so that an unknown policy is one of the collected problems.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

namespace busbar::base {

/// One parameter of a behaviour, as the user writes it in an attribute.
struct ParameterSpec {
  std::string name;
  Dimension dimension = Dimension::kCount;
  std::string fallback;  // text used when the attribute is absent, e.g. "1" or "10 min"
  std::string summary;
  double least = 0.0;  // in SI units
  double most = 1e12;
  bool whole = false;  // whole numbers only
};

class Params;

/// What a behaviour is called, does and takes.
struct BehaviourSpec {
  std::string name;
  std::string summary;
  std::vector<ParameterSpec> parameters;
  /// What is wrong with the parameters as a whole, and the remedy; empty: nothing.
  std::function<std::string(const Params&)> broken_rule = {};
};

/// All behaviours by kind ("queue policy", "placement", …): what input files may name.
class KnownBehaviours {
 public:
  void add(const std::string& kind, BehaviourSpec spec) {
    const std::string name = spec.name;
    by_kind_[kind].insert_or_assign(name, std::move(spec));
  }
  const BehaviourSpec* find(std::string_view kind, std::string_view name) const {
    const auto k = by_kind_.find(kind);
    if (k == by_kind_.end()) return nullptr;
    const auto n = k->second.find(name);
    return n == k->second.end() ? nullptr : &n->second;
  }
  std::vector<std::string> names(std::string_view kind) const {
    std::vector<std::string> all;
    if (const auto k = by_kind_.find(kind); k != by_kind_.end()) {
      for (const auto& [name, spec] : k->second) all.push_back(name);
    }
    return all;
  }
  const auto& by_kind() const { return by_kind_; }

  /// Lets a behaviour take the place of whatever a scenario names.
  void choose(const std::string& kind, const std::string& name) { chosen_[kind] = name; }
  /// What was chosen so, or `named`.
  std::string chosen(std::string_view kind, const std::string& named) const {
    const auto k = chosen_.find(kind);
    return k == chosen_.end() ? named : k->second;
  }

 private:
  std::map<std::string, std::map<std::string, BehaviourSpec, std::less<>>, std::less<>> by_kind_;
  std::map<std::string, std::string, std::less<>> chosen_;  // by kind
};

/// Checked parameters of one behaviour, in SI units.
class Params {
 public:
  void set(const std::string& name, double si) { values_[name] = si; }
  /// The value as given or its declared fallback.
  double get(std::string_view name) const {
    const auto it = values_.find(name);
    if (it == values_.end()) throw InternalError(fmt::format("parameter '{}' not declared", name));
    return it->second;
  }
  const auto& all() const { return values_; }

 private:
  std::map<std::string, double, std::less<>> values_;
};

/// A behaviour named by the input, with its checked parameters.
struct BehaviourChoice {
  std::string name;
  Params params;
};

/// Factories of one kind of behaviour. Filled in the open by each folder's `builtin.cpp`.
template <class Interface>
class Registry {
 public:
  using Factory = std::function<std::unique_ptr<Interface>(const Params&)>;

  explicit Registry(std::string kind) : kind_(std::move(kind)) {}

  bool has(const std::string& name) const { return rows_.count(name) > 0; }
  void add(BehaviourSpec spec, Factory factory) {
    const std::string name = spec.name;
    rows_.insert_or_assign(name, Row{std::move(spec), std::move(factory)});
  }
  /// Makes the named behaviour. Input has been checked, so an unknown name is our mistake.
  std::unique_ptr<Interface> make(const BehaviourChoice& choice) const {
    const auto it = rows_.find(choice.name);
    if (it == rows_.end())
      throw InternalError(fmt::format("{} '{}' not registered", kind_, choice.name));
    return it->second.factory(choice.params);
  }
  /// Adds all rows to the table that the input reader checks against.
  void describe(KnownBehaviours& known) const {
    for (const auto& [name, row] : rows_) known.add(kind_, row.spec);
  }
  const std::string& kind() const { return kind_; }

 private:
  struct Row {
    BehaviourSpec spec;
    Factory factory;
  };
  std::string kind_;
  std::map<std::string, Row, std::less<>> rows_;
};

}  // namespace busbar::base
