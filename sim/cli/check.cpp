#include <fmt/format.h>

#include <iostream>

#include "sim/base/json.h"
#include "sim/cli/commands.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/input/reader.h"

namespace busbar::cli {
namespace {

using base::Json;

Json as_json(const base::Diagnostic& problem) {
  return Json::Object{
      {"severity", problem.severity == base::Severity::kError ? "error" : "warning"},
      {"file", problem.where.file},
      {"line", problem.where.line},
      {"column", problem.where.column},
      {"message", problem.message}};
}

}  // namespace

int check(const CheckOptions& options) {
  base::Diagnostics problems;
  Registries registries;
  add_policy_library(options.policy, registries, problems);
  const base::KnownBehaviours known = registries.known();
  std::vector<model::Unused> unused;
  for (const std::string& file : options.files) {
    input::check_file(file, options.overrides, known, problems, &unused);
  }
  if (options.json) {
    Json::Array all, later;
    for (const base::Diagnostic& problem : problems.all()) all.push_back(as_json(problem));
    for (const model::Unused& item : unused) {
      later.push_back(Json::Object{
          {"subject", item.subject}, {"file", item.where.file}, {"line", item.where.line}});
    }
    fmt::print("{}\n", Json(Json::Object{{"problems", all}, {"unused", later}}).dump());
    return problems.has_errors() ? kBadInput : kOk;
  }
  if (problems.has_errors()) return report(problems);
  problems.print(std::cerr);
  if (options.unused) {
    for (const model::Unused& item : unused) {
      fmt::print("{}:{}: {} is read, but not simulated yet\n", item.where.file, item.where.line,
                 item.subject);
    }
  }
  fmt::print("{} file{} fine{}\n", options.files.size(),
             options.files.size() == 1 ? " is" : "s are",
             unused.empty() || options.unused
                 ? std::string{}
                 : fmt::format("; {} element{} not simulated yet (--unused names them)",
                               unused.size(), unused.size() == 1 ? " is" : "s are"));
  return kOk;
}

}  // namespace busbar::cli
