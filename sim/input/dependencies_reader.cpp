#include "sim/input/dependencies_reader.h"

#include <algorithm>

#include "sim/input/distribution_reader.h"
#include "sim/input/reading.h"

namespace busbar::input {

using model::Workload;
using xml::Element;

model::JobArray read_array(const Element& e, base::Diagnostics& problems) {
  model::JobArray array;
  const Element tasks = e.child("tasks");
  array.tasks = read_distribution(tasks, base::Dimension::kCount, 1.0, problems);
  array.at_once = xml::integer(e, "at-once", 0, problems, 1);
  model::Distribution& d = array.tasks;
  double most = std::max(d.location, d.most);
  for (const double value : d.values) most = std::max(most, value);
  if (d.kind == model::DistributionKind::kUniform) most = std::max(most, d.spread);
  if (most > model::JobArray::kMost) {
    problems.error(tasks.where(), "an <array> has at most {} tasks, got {:g}; submit several",
                   model::JobArray::kMost, most);
  }
  if (d.most <= 0.0) d.most = model::JobArray::kMost;  // of distributions without an end
  return array;
}

namespace {

void join(const Element& e, Workload& workload, base::Diagnostics& problems) {
  const std::string name = e.get("id"), before = e.get("after");
  if (e.child("arrivals")) {
    problems.error(e.where("after"),
                   "stream '{}' follows '{}' and has <arrivals> too: leave one of them out", name,
                   before);
  }
  if (workload.traces.find(before)) {
    problems.error(e.where("after"),
                   "stream '{}' follows '{}', which is a replayed log: streams follow streams; the "
                   "jobs of a log follow each other with dependencies=\"honour\"",
                   name, before);
    return;
  }
  const auto followed = resolve(e, "after", "stream", workload.streams, problems);
  const auto stream = workload.streams.find(name);
  if (stream) workload.streams[stream].after = followed;
}

// Each circle is told once, at the first of its streams in the file.
void check_circles(const Element& root, const Workload& workload, base::Diagnostics& problems) {
  for (const Element& e : root.children("stream")) {
    const auto first = workload.streams.find(e.get("id"));
    if (!first) continue;
    std::string way = workload.streams[first].name;
    auto at = workload.streams[first].after;
    for (size_t steps = 0; at && steps < workload.streams.size(); ++steps) {
      way += " after " + workload.streams[at].name;
      if (at.index <= first.index) break;
      at = workload.streams[at].after;
    }
    if (!at || at.index != first.index) continue;
    problems.error(e.where("after"),
                   "streams follow each other in a circle: {}; give one of them <arrivals>", way);
  }
}

void check_stage(const Element& stage, const Workload& workload, base::Diagnostics& problems) {
  const auto id = workload.streams.find(stage.get("stream"));
  if (!id) return;
  const model::TrainingStream& stream = workload.streams[id];
  const char* what = stream.array ? "submits arrays" : stream.after ? "follows another" : nullptr;
  if (what == nullptr) return;
  problems.error(stage.where("stream"),
                 "stage '{}' uses the stream '{}', which {}: the jobs of a stage are single ones "
                 "that wait for earlier stages; write a stream without that",
                 stage.get("id"), stream.name, what);
}

}  // namespace

std::vector<std::string> read_followed(const Element& root, Workload& workload,
                                       base::Diagnostics& problems) {
  std::vector<std::string> following;
  for (const Element& e : root.children("stream")) {
    if (e.has("after")) {
      following.push_back(e.get("id"));
      join(e, workload, problems);
    } else if (e.has("when")) {
      problems.error(e.where("when"), "stream '{}' has when but follows none: add after=\"…\"",
                     e.get("id"));
    }
  }
  check_circles(root, workload, problems);
  for (const Element& campaign : root.children("campaign")) {
    for (const Element& stage : campaign.children("stage")) {
      check_stage(stage, workload, problems);
    }
  }
  return following;
}

}  // namespace busbar::input
