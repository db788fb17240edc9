#include "sim/input/resilience_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/text.h"
#include "sim/input/reading.h"

namespace busbar::input {

using base::Dimension;
using model::FailureResponse;
using xml::Element;

namespace {

// A policy that saves behind the work, or chooses its own interval, leaves nothing to say about it.
void check_checkpoints(const Element& e, const std::string& policy, base::Diagnostics& problems) {
  const bool interval = e.has("checkpoint-interval");
  const bool behind = policy == "asynchronous" || policy == "in-memory";
  if (policy != "fixed" && !e.has("model")) {
    problems.error(e.where("checkpoint"),
                   "checkpoint=\"{}\" looks at the size of a job's state, but stream '{}' has no "
                   "model; name one, or write checkpoint-interval=\"30 min\" instead",
                   policy, e.get("id"));
  }
  if (policy == "fixed" && e.has("checkpoint") && !interval) {
    problems.error(e.where("checkpoint"),
                   "checkpoint=\"fixed\" needs checkpoint-interval, e.g. \"30 min\"");
  } else if (policy == "in-memory" && !interval) {
    problems.error(e.where("checkpoint"),
                   "checkpoint=\"in-memory\" needs checkpoint-interval, the work between copies on "
                   "storage for failures that take out more than a node, e.g. \"1 h\"");
  } else if (interval && policy != "fixed" && policy != "in-memory") {
    problems.error(e.where("checkpoint-interval"),
                   "checkpoint=\"{}\" chooses its own interval; leave checkpoint-interval out",
                   policy);
  }
  if (behind && e.has("checkpointing")) {
    problems.error(e.where("checkpointing"),
                   "checkpoint=\"{}\" writes behind the work; leave checkpointing out", policy);
  }
  if (!behind && e.has("snapshot")) {
    problems.error(e.where("snapshot"),
                   "snapshot belongs to checkpoint=\"asynchronous\" or \"in-memory\"");
  }
}

bool may_use(const model::Scenario& scenario, const model::TrainingStream& stream,
             const model::Cluster& cluster) {
  const model::Platform& platform = scenario.platform;
  return base::none_or_named(stream.vendors, platform.accelerator_of(cluster).vendor) &&
         base::none_or_named(stream.clusters, cluster.name) &&
         base::none_or_named(stream.sites, platform.sites[cluster.site].name) &&
         platform.may_use(stream.organisation, cluster.site);
}

// Replicas of a job of one known size are whole domains on at least one cluster.
void check_replicas(const model::Scenario& scenario, const model::TrainingStream& stream,
                    const Element& e, base::Diagnostics& problems) {
  if (stream.resilience.on_failure != FailureResponse::kDegrade) return;
  if (stream.chips.kind != model::DistributionKind::kConstant) return;
  const int replicas = std::max(1, stream.resilience.replicas);
  std::string sizes;
  for (const model::Cluster& cluster : scenario.platform.clusters) {
    if (!may_use(scenario, stream, cluster)) continue;
    const double whole = replicas * scenario.platform.domain_of(cluster).chips_used;
    const bool several = replicas > 1 || stream.chips.location > whole;
    if (several && std::fmod(stream.chips.location, whole) == 0.0) return;
    sizes = base::format_count(scenario.platform.domain_of(cluster).chips_used);
  }
  if (replicas == 1) {
    problems.error(
        e.where("on-failure"),
        "stream '{}': jobs of {} chips are not several whole domains of {} chips, so that "
        "no replica can drop out; write a larger size, or on-failure=\"spare\"",
        stream.name, base::format_count(stream.chips.location), sizes);
    return;
  }
  problems.error(e.where("replicas"),
                 "stream '{}': {} chips are not {} replicas of whole domains of {} chips; write a "
                 "size that they divide",
                 stream.name, base::format_count(stream.chips.location), replicas, sizes);
}

}  // namespace

model::Resilience read_resilience(const Element& e, base::Diagnostics& problems) {
  model::Resilience r;
  const std::string response = e.get("on-failure", "restart");
  r.on_failure = response == "spare"     ? FailureResponse::kSpare
                 : response == "degrade" ? FailureResponse::kDegrade
                                         : FailureResponse::kRestart;
  const bool degrades = r.on_failure == FailureResponse::kDegrade;
  for (const char* name : {"replicas", "reconfigure", "rejoin"}) {
    if (degrades || !e.has(name)) continue;
    problems.error(e.where(name), "{} belongs to on-failure=\"degrade\"", name);
  }
  if (degrades && !e.has("model")) {
    problems.error(e.where("on-failure"),
                   "stream '{}' has no model, so that its jobs have no replicas to go on without; "
                   "name one, or write on-failure=\"restart\" or \"spare\"",
                   e.get("id"));
  }
  r.replicas = xml::integer(e, "replicas", 0, problems, 2);
  r.reconfigure = base::Seconds{
      xml::quantity(e, "reconfigure", Dimension::kTime, r.reconfigure.value, problems, 0.0)};
  r.rejoin = base::Seconds{xml::quantity(e, "rejoin", Dimension::kTime, 0.0, problems, 0.0)};
  r.checkpoint = e.get("checkpoint", "fixed");
  r.snapshot = base::BytesPerSecond{
      xml::quantity(e, "snapshot", Dimension::kBandwidth, r.snapshot.value, problems, 1.0)};
  check_checkpoints(e, r.checkpoint, problems);
  return r;
}

void check_resilience(const model::Scenario& scenario, const model::TrainingStream& stream,
                      const Element& e, base::Diagnostics& problems) {
  const model::Resilience& r = stream.resilience;
  const bool own_interval =
      r.checkpoint == "young" || r.checkpoint == "daly" || r.checkpoint == "asynchronous";
  bool spares = false, unnamed = false;
  for (const model::Cluster& cluster : scenario.platform.clusters) {
    if (!may_use(scenario, stream, cluster)) continue;
    spares = spares || cluster.hot_spares > 0;
    if (r.checkpoint == "fixed" || scenario.platform.storage_of(cluster) != nullptr) continue;
    if (std::exchange(unnamed, true)) continue;
    problems.error(e.where("checkpoint"),
                   "checkpoint=\"{}\" weighs the time to write, but cluster '{}' names no storage; "
                   "write storage=\"…\" there, or checkpoint=\"fixed\"",
                   r.checkpoint, cluster.name);
  }
  check_replicas(scenario, stream, e, problems);
  if (r.on_failure == FailureResponse::kSpare && !spares) {
    problems.error(e.where("on-failure"),
                   "on-failure=\"spare\" needs hot spares, but no cluster that stream '{}' may use "
                   "has any; write hot-spares=\"2\" on a <cluster>",
                   stream.name);
  }
  if (own_interval && !scenario.failures) {
    problems.warning(e.where("checkpoint"),
                     "checkpoint=\"{}\" follows the failures of a job, and nothing fails here: its "
                     "jobs save nothing; add <failures/>, or write checkpoint-interval=\"30 min\"",
                     r.checkpoint);
  }
  if (scenario.failures && r.checkpoint == "fixed" && !e.has("checkpoint-interval") &&
      e.has("model")) {
    problems.warning(e.where(),
                     "stream '{}' saves nothing: a failure loses all that its job has done; add "
                     "checkpoint-interval=\"30 min\"",
                     stream.name);
  }
}

model::FailureChoice read_failure_choice(const Element& e, const model::Platform& platform,
                                         base::Diagnostics& problems) {
  model::FailureChoice choice;
  const bool logged = e.has("log");
  choice.rates = xml::quantity(e, "rates", Dimension::kCount, logged ? 0.0 : 1.0, problems, 0.0);
  if (!logged) {
    if (e.has("cluster")) {
      problems.error(e.where("cluster"), "cluster belongs to a <failures> with a log");
    }
    return choice;
  }
  choice.log_path = path_of(e, "log", problems);
  choice.log_where = e.where("log");
  if (e.has("cluster")) {
    choice.log_cluster = resolve(e, "cluster", "cluster", platform.clusters, problems);
  } else if (platform.clusters.size() == 1) {
    choice.log_cluster = *platform.clusters.ids().begin();
  } else {
    problems.error(e.where(),
                   "a log of faults needs the cluster whose nodes are its servers: "
                   "write cluster=\"…\", one of {}",
                   base::join(platform.clusters.names()));
  }
  return choice;
}

}  // namespace busbar::input
