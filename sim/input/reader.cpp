#include "sim/input/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "sim/base/hash.h"
#include "sim/base/text.h"
#include "sim/input/platform_reader.h"
#include "sim/input/scenario_reader.h"
#include "sim/input/schemas.h"
#include "sim/input/workload_reader.h"
#include "sim/xml/document.h"

namespace busbar::input {

using xml::Document;
using xml::Element;

namespace {

// Overrides on their way through the documents of a scenario.
class Overrides {
 public:
  Overrides(const std::vector<std::string>& texts, base::Diagnostics& problems)
      : problems_(problems) {
    for (const std::string& text : texts) {
      if (auto change = xml::parse_override(text, problems)) {
        changes_.push_back(std::move(*change));
        matches_.push_back(0);
      }
    }
  }
  void apply(Document& document) {
    for (size_t i = 0; i < changes_.size(); ++i) {
      const size_t before = problems_.errors();
      matches_[i] += document.override_values(changes_[i], problems_);
      if (problems_.errors() > before) matches_[i] = 1;  // reported already, once is enough
    }
  }
  void report_unmatched(const std::string& what) {
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (matches_[i] > 0) continue;
      problems_.error({changes_[i].name, 1, 1}, "'{}' matches nothing in {}", changes_[i].xpath,
                      what);
    }
  }

 private:
  base::Diagnostics& problems_;
  std::vector<xml::Override> changes_;
  std::vector<int> matches_;
};

bool expect_root(const Document& document, std::string_view name, base::Diagnostics& problems) {
  if (document.root().name() == name) return true;
  problems.error(document.root().where(), "this is a <{}> file where a <{}> is wanted",
                 document.root().name(), name);
  return false;
}

void keep_texts(const Document& document, std::vector<model::InputText>& inputs) {
  for (const xml::SourceFile& file : document.files()) inputs.push_back({file.path, file.text});
}

// The three documents of a scenario, overridden and validated.
struct Documents {
  std::optional<Document> scenario, world, mix;
};

std::optional<Document> parse_as(const std::string& path, std::string_view root,
                                 base::Diagnostics& problems) {
  auto document = Document::parse(path, problems);
  if (document && !expect_root(*document, root, problems)) return std::nullopt;
  return document;
}

// Overrides and validates a document that is read alone.
bool finish_alone(std::optional<Document>& document, const std::string& path,
                  const std::vector<std::string>& overrides, const std::string& schema,
                  base::Diagnostics& problems) {
  Overrides changes(overrides, problems);
  if (!document) return false;
  changes.apply(*document);
  changes.report_unmatched(path);
  return document->validate(schema, schema_text(schema), problems);
}

bool load(const std::string& path, const std::vector<std::string>& overrides, Documents& documents,
          base::Diagnostics& problems) {
  Overrides changes(overrides, problems);
  documents.scenario = parse_as(path, "scenario", problems);
  if (!documents.scenario) return false;
  changes.apply(*documents.scenario);
  // The schema first: without a world and a mix there is nothing more to read.
  const bool valid =
      documents.scenario->validate("scenario.xsd", schema_text("scenario.xsd"), problems);
  const Element root = documents.scenario->root();
  if (!root.has("world") || !root.has("mix")) return false;
  const auto load_one = [&](std::string_view attribute, std::string_view kind,
                            const std::string& schema) -> std::optional<Document> {
    const std::string file = referenced(root, attribute);
    std::error_code ec;
    if (!std::filesystem::is_regular_file(file, ec)) {
      problems.error(root.where(attribute), "no {} file '{}'", kind, file);
      return std::nullopt;
    }
    auto document = parse_as(file, kind, problems);
    if (!document) return std::nullopt;
    changes.apply(*document);
    if (!document->validate(schema, schema_text(schema), problems)) return std::nullopt;
    return document;
  };
  documents.world = load_one("world", "platform", "platform.xsd");
  documents.mix = load_one("mix", "workload", "workload.xsd");
  if (documents.world && documents.mix) {
    changes.report_unmatched("the scenario, its world or its mix");
  }
  return valid && documents.world && documents.mix && !problems.has_errors();
}

// Branch overrides must match something and leave valid files; values are judged when they fork.
void check_branches(const std::string& path, const std::vector<std::string>& overrides,
                    const model::Scenario& scenario, base::Diagnostics& problems) {
  for (const model::Branch& branch : scenario.branches) {
    if (scenario.horizon && branch.at_s >= scenario.horizon->value) {
      problems.error(branch.where, "branch '{}' forks after the end of the run", branch.name);
    }
    std::vector<std::string> all = overrides;
    all.insert(all.end(), branch.overrides.begin(), branch.overrides.end());
    base::Diagnostics of_branch;
    Documents documents;
    if (load(path, all, documents, of_branch)) continue;
    for (const base::Diagnostic& problem : of_branch.all()) {
      problems.error(branch.where, "branch '{}': {}", branch.name, problem.message);
    }
  }
}

// What only some queue policies look at.
bool heeded_by(const model::Scenario& scenario, const std::string& subject) {
  if (scenario.failures) {
    const model::Platform& platform = scenario.platform;
    if (subject.starts_with("site '") && subject.ends_with(" crews")) return true;
    for (const model::Site& site : platform.sites) {
      if (site.failures &&
          subject == "failures '" + platform.failure_models[site.failures].name + "'") {
        return true;
      }
    }
    for (const model::Cluster& cluster : platform.clusters) {
      const auto set = platform.failures_of(cluster);
      if (set && subject == "failures '" + platform.failure_models[set].name + "'") return true;
    }
  }
  const std::string& policy = scenario.queue_policy.name;
  return (policy == "fair-share" && subject.ends_with(" quota-chips")) ||
         (policy == "priority" && subject.ends_with(" priority"));
}

std::uint64_t hash_of(const Documents& documents, const model::Platform& platform) {
  base::Hasher hasher;
  for (const auto* document : {&documents.scenario, &documents.world, &documents.mix}) {
    hasher.add((*document)->canonical());
  }
  for (const model::InputText& input : platform.inputs) hasher.add(input.text);
  return hasher.digest();
}

}  // namespace

std::optional<model::Scenario> read_scenario(const std::string& path,
                                             const std::vector<std::string>& overrides,
                                             const base::KnownBehaviours& known,
                                             base::Diagnostics& problems) {
  Documents documents;
  if (!load(path, overrides, documents, problems)) return std::nullopt;
  model::Scenario scenario;
  scenario.platform = read_platform_element(documents.world->root(), problems);
  scenario.workload = read_workload_element(documents.mix->root(), known, problems);
  read_scenario_element(documents.scenario->root(), known, scenario, problems);
  if (!problems.has_errors()) {
    cross_check(scenario, documents.mix->root(), documents.world->root(), problems);
  }
  if (!problems.has_errors()) check_branches(path, overrides, scenario, problems);
  if (problems.has_errors()) return std::nullopt;
  for (auto* document : {&documents.scenario, &documents.world, &documents.mix}) {
    keep_texts(**document, scenario.inputs);
  }
  for (const model::InputText& input : scenario.platform.inputs) scenario.inputs.push_back(input);
  scenario.overrides = overrides;
  scenario.hash = hash_of(documents, scenario.platform);
  for (auto* list : {&scenario.platform.unused, &scenario.workload.unused}) {
    std::copy_if(list->begin(), list->end(), std::back_inserter(scenario.unused),
                 [&](const model::Unused& item) { return !heeded_by(scenario, item.subject); });
  }
  return scenario;
}

std::optional<model::Platform> read_platform(const std::string& path,
                                             const std::vector<std::string>& overrides,
                                             base::Diagnostics& problems) {
  auto document = parse_as(path, "platform", problems);
  if (!finish_alone(document, path, overrides, "platform.xsd", problems)) return std::nullopt;
  model::Platform platform = read_platform_element(document->root(), problems);
  if (problems.has_errors()) return std::nullopt;
  return platform;
}

std::optional<model::Workload> read_workload(const std::string& path,
                                             const std::vector<std::string>& overrides,
                                             const base::KnownBehaviours& known,
                                             base::Diagnostics& problems) {
  auto document = Document::parse(path, problems);
  if (!finish_alone(document, path, overrides, "workload.xsd", problems)) return std::nullopt;
  model::Workload workload = read_workload_element(document->root(), known, problems);
  if (problems.has_errors()) return std::nullopt;
  return workload;
}

std::string kind_of(const std::string& path, base::Diagnostics& problems) {
  const auto document = Document::parse(path, problems);
  return document ? std::string(document->root().name()) : std::string{};
}

bool check_file(const std::string& path, const std::vector<std::string>& overrides,
                const base::KnownBehaviours& known, base::Diagnostics& problems,
                std::vector<model::Unused>* unused) {
  const auto keep = [&](const std::vector<model::Unused>& found) {
    if (unused != nullptr) unused->insert(unused->end(), found.begin(), found.end());
  };
  const std::string kind = kind_of(path, problems);
  if (kind == "scenario") {
    const auto scenario = read_scenario(path, overrides, known, problems);
    if (scenario) keep(scenario->unused);
  } else if (kind == "platform") {
    const auto platform = read_platform(path, overrides, problems);
    if (platform) keep(platform->unused);
  } else if (kind == "workload" || kind == "models") {
    const auto workload = read_workload(path, overrides, known, problems);
    if (workload) keep(workload->unused);
  } else if (kind == "catalog" || kind == "site" || kind == "efficiency" || kind == "failures") {
    // A fragment names what other files define: its references are judged in a world.
    auto document = Document::parse(path, problems);
    finish_alone(document, path, overrides, "platform.xsd", problems);
  } else if (!kind.empty()) {
    problems.error({path, 1, 1},
                   "<{}> is no file of this program; known: platform, workload, "
                   "scenario, catalog, efficiency, failures, site, models",
                   kind);
  }
  return !problems.has_errors();
}

}  // namespace busbar::input
