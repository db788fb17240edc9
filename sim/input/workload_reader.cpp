#include "sim/input/workload_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/rows.h"
#include "sim/input/across_sites_reader.h"
#include "sim/input/dependencies_reader.h"
#include "sim/input/distribution_reader.h"
#include "sim/input/elastic_reader.h"
#include "sim/input/language_model_reader.h"
#include "sim/input/reading.h"
#include "sim/input/resilience_reader.h"
#include "sim/input/service_reader.h"

namespace busbar::input {

using base::Dimension;
using model::Workload;
using xml::Element;

namespace {

class WorkloadReader {
 public:
  WorkloadReader(Workload& workload, const base::KnownBehaviours& known,
                 base::Diagnostics& problems)
      : workload_(workload), known_(known), problems_(problems) {}
  void read(const Element& root);

 private:
  double count(const Element& e, std::string_view name, double fallback, double least = 0.0) {
    return xml::quantity(e, name, Dimension::kCount, fallback, problems_, least);
  }
  double share(const Element& e, std::string_view name, double fallback, double most = 1.0) {
    return xml::quantity(e, name, Dimension::kFraction, fallback, problems_, 0.0, most);
  }
  void cite_as(const Element& e, const std::string& subject) {
    cite(e, subject, workload_.citations, problems_);
  }
  void known_name(const Element& e, std::string_view attribute, std::string_view kind);
  model::Arrivals arrivals(const Element& e);
  model::Distribution distribution(const Element& e, Dimension dimension, double least) {
    return read_distribution(e, dimension, least, problems_);
  }
  model::EarlyEnd early_end(const Element& e);
  model::ParallelPlan plan(const Element& e);
  void portability(const Element& e);
  void stream(const Element& e);
  model::Demand demand(const Element& e);
  void service(const Element& e);
  void trace(const Element& e);
  void campaign(const Element& e);
  bool in_a_campaign(const std::string& stream) const;
  void models(const Element& catalogue);

  Workload& workload_;
  const base::KnownBehaviours& known_;
  base::Diagnostics& problems_;
  FirstPlaces first_;
};

void WorkloadReader::known_name(const Element& e, std::string_view attribute,
                                std::string_view kind) {
  const auto text = e.attribute(attribute);
  if (!text || known_.find(kind, text->value) != nullptr) return;
  problems_.error(text->where, "unknown {} '{}';{}", kind, text->value,
                  base::suggestion(text->value, known_.names(kind)));
}

model::Arrivals WorkloadReader::arrivals(const Element& e) {
  model::Arrivals a;
  a.process = e.get("process", "poisson");
  known_name(e, "process", "arrival process");
  a.rate = base::Hertz{xml::required_quantity(e, "rate", Dimension::kFrequency, problems_, 1e-12)};
  a.daily_amplitude = share(e, "daily-amplitude", 0.0);
  a.peak_hour_utc = count(e, "peak-hour-utc", 14.0);
  a.weekend_factor = share(e, "weekend-factor", 1.0, 10.0);
  a.growth_per_year = count(e, "growth-per-year", 1.0, 1e-3);
  a.gap_cv = xml::quantity(e, "gap-cv", Dimension::kCount, 1.0, problems_, 0.05, 20.0);
  a.burst_factor = count(e, "burst-factor", 1.0, 1.0);
  a.burst_time = base::Seconds{xml::quantity(e, "burst-time", Dimension::kTime, 0.0, problems_)};
  a.calm_time = base::Seconds{xml::quantity(e, "calm-time", Dimension::kTime, 0.0, problems_)};
  a.batch_share = share(e, "batch-share", 0.0, 0.99);
  const auto belongs = [&](std::string_view process, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (e.has(name) && a.process != process) {
        problems_.error(e.where(name), "{} belongs to the process '{}', not to '{}'", name, process,
                        a.process);
      } else if (!e.has(name) && a.process == process) {
        problems_.error(e.where(), "the process '{}' needs {}", process, name);
      }
    }
  };
  belongs("gamma", {"gap-cv"});
  belongs("mmpp", {"burst-factor", "burst-time", "calm-time"});
  return a;
}

model::EarlyEnd WorkloadReader::early_end(const Element& e) {
  if (!e) return {};
  return {share(e, "share", 0.0), distribution(e, Dimension::kTime, 0.0)};
}

model::ParallelPlan WorkloadReader::plan(const Element& e) {
  const auto number = [&](std::string_view name) { return xml::integer(e, name, 0, problems_); };
  return {number("tensor"),  number("pipeline"), number("virtual-pipeline"),
          number("context"), number("expert"),   number("micro-batch"),
          number("slices")};
}

void WorkloadReader::portability(const Element& e) {
  model::Portability p;
  p.model = resolve(e, "model", "model", workload_.models, problems_);
  p.vendor = e.get("vendor");
  p.efficiency = xml::quantity(e, "efficiency", Dimension::kFraction, 1.0, problems_, 1e-3, 10.0);
  p.switching_time =
      base::Seconds{xml::quantity(e, "switching-time", Dimension::kTime, 0.0, problems_)};
  p.from_unix_s = xml::date(e, "from", 0.0, problems_);
  const std::string subject = fmt::format("portability of '{}' to {}", e.get("model"), p.vendor);
  for (const char* attribute : {"switching-time", "from"}) {
    if (e.has(attribute))
      workload_.unused.push_back({subject + " " + attribute, e.where(attribute)});
  }
  cite_as(e, subject);
  workload_.portability.push_back(p);
}

void WorkloadReader::stream(const Element& e) {
  model::TrainingStream s;
  s.name = e.get("id");
  const std::string kind = e.get("kind");
  s.kind = kind == "fine-tuning"     ? model::JobKind::kFineTuning
           : kind == "evaluation"    ? model::JobKind::kEvaluation
           : kind == "reinforcement" ? model::JobKind::kReinforcement
                                     : model::JobKind::kPretraining;
  s.model = resolve(e, "model", "model", workload_.models, problems_);
  s.organisation = e.get("organisation");
  s.vendors = xml::words(e, "vendors");
  s.clusters = xml::words(e, "clusters");
  s.sites = xml::words(e, "sites");
  s.data = e.get("data");
  s.precision = e.get("precision", "bf16");
  s.sequence = xml::integer(e, "sequence", 0, problems_, 1);
  s.global_batch_tokens = xml::quantity(e, "global-batch", Dimension::kTokens, 0.0, problems_, 1.0);
  const std::string span = e.get("span", "cluster");
  s.span = span == "domain"  ? model::Span::kDomain
           : span == "site"  ? model::Span::kSite
           : span == "world" ? model::Span::kWorld
                             : model::Span::kCluster;
  s.checkpoint_interval =
      base::Seconds{xml::quantity(e, "checkpoint-interval", Dimension::kTime, 0.0, problems_)};
  s.priority = xml::integer(e, "priority", 0, problems_, -1000000, 1000000);
  s.checkpointing = e.get("checkpointing") == "background" ? model::Checkpointing::kBackground
                                                           : model::Checkpointing::kBlocking;
  s.resilience = read_resilience(e, problems_);
  if (e.has("priority")) {
    workload_.unused.push_back({fmt::format("stream '{}' priority", s.name), e.where("priority")});
  }
  if (const Element a = e.child("arrivals")) s.arrivals = arrivals(a);
  s.chips = distribution(e.child("chips"), Dimension::kCount, 1.0);
  const Element duration = e.child("duration"), tokens = e.child("tokens");
  if (static_cast<bool>(duration) == static_cast<bool>(tokens)) {
    problems_.error(e.where(), "stream '{}' needs either <duration> or <tokens>", s.name);
  }
  if (duration) s.duration_s = distribution(duration, Dimension::kTime, 1e-3);
  if (tokens) s.tokens = distribution(tokens, Dimension::kTokens, 1.0);
  s.request_factor.location = 1.0;
  if (const Element factor = e.child("request-factor")) {
    s.request_factor = distribution(factor, Dimension::kCount, 1.0);
  }
  if (tokens && !s.model) {
    problems_.error(e.where(), "stream '{}' trains tokens: name its model", s.name);
  }
  s.failure = early_end(e.child("failure"));
  s.cancellation = early_end(e.child("cancellation"));
  if (s.failure.share + s.cancellation.share > 1.0) {
    problems_.error(e.child("cancellation").where("share"),
                    "stream '{}': failures and cancellations are more than all jobs", s.name);
  }
  if (const Element p = e.child("plan")) s.plan = plan(p);
  if (const Element a = e.child("across-sites")) s.across_sites = read_across_sites(a, problems_);
  s.deadline = base::Seconds{xml::quantity(e, "deadline", Dimension::kTime, 0.0, problems_, 1.0)};
  if (const Element x = e.child("elastic")) s.elastic = read_elastic(x, s, workload_, problems_);
  if (const Element x = e.child("array")) s.array = read_array(x, problems_);
  s.only_if_done = e.get("when", "done") == "done";
  cite_as(e, fmt::format("stream '{}'", s.name));
  first_.add(workload_.streams, std::move(s), e, "stream", problems_);
}

// Either a rate with its day, or a log.
model::Demand WorkloadReader::demand(const Element& e) {
  model::Demand d;
  d.region = e.get("region");
  d.where = e.where("log");
  const bool logged = e.has("log");
  for (const char* name : {"requests", "daily-amplitude", "peak-hour-local"}) {
    if (logged && e.has(name)) {
      problems_.error(e.where(name), "a <demand> with a log takes its {} from there", name);
    }
  }
  for (const char* name : {"scale", "repeat"}) {
    if (!logged && e.has(name)) {
      problems_.error(e.where(name), "{} belongs to a <demand> with a log", name);
    }
  }
  if (logged) {
    d.log_path = path_of(e, "log", problems_);
    d.scale = count(e, "scale", 1.0, 1e-9);
    d.repeat = e.get("repeat", "no") == "yes";
    return d;
  }
  d.requests = base::Hertz{xml::required_quantity(e, "requests", Dimension::kFrequency, problems_)};
  d.daily_amplitude = share(e, "daily-amplitude", 0.0);
  d.peak_hour_local = count(e, "peak-hour-local", 15.0);
  return d;
}

void WorkloadReader::service(const Element& e) {
  model::Service s;
  s.name = e.get("id");
  s.model = resolve(e, "model", "model", workload_.models, problems_);
  s.organisation = e.get("organisation");
  s.vendors = xml::words(e, "vendors");
  s.sites = xml::words(e, "sites");
  s.growth_per_year = count(e, "growth-per-year", 1.0, 1e-3);
  s.input_tokens = xml::integer(e, "input-tokens", 0, problems_, 1);
  s.output_tokens = xml::integer(e, "output-tokens", 0, problems_, 1);
  s.ttft_slo = base::Seconds{xml::required_quantity(e, "ttft", Dimension::kTime, problems_, 1e-6)};
  s.tpot_slo = base::Seconds{xml::required_quantity(e, "tpot", Dimension::kTime, problems_, 1e-6)};
  s.precision = e.get("precision", "fp8");
  s.chips_per_replica = xml::integer(e, "chips-per-replica", 0, problems_, 1);
  s.batch_tokens_per_s = xml::quantity(e, "batch-tokens", Dimension::kTokenRate, 0.0, problems_);
  s.batch_deadline = base::Seconds{
      xml::quantity(e, "batch-deadline", Dimension::kTime, base::kDay, problems_, base::kHour)};
  for (const Element& d : e.children("disaggregated")) {
    s.disaggregated = read_disaggregated(d, s, problems_);
  }
  bool logged = false;
  for (const Element& d : e.children("demand")) {
    s.demands.push_back(demand(d));
    logged = logged || !s.demands.back().log_path.empty();
  }
  for (const char* tokens : {"input-tokens", "output-tokens"}) {
    if (!e.has(tokens) && !logged) {
      problems_.error(e.where(), "service '{}' needs {}, or a <demand> with a log", s.name, tokens);
    }
  }
  cite_as(e, fmt::format("service '{}'", s.name));
  first_.add(workload_.services, std::move(s), e, "service", problems_);
}

void WorkloadReader::trace(const Element& e) {
  model::ReplayedTrace t;
  t.name = e.get("id");
  t.href = e.get("href");
  t.path = path_of(e, "href", problems_);
  t.format = e.get("format");
  known_name(e, "format", "log format");
  t.organisation = e.get("organisation");
  t.clusters = xml::words(e, "clusters");
  t.vendors = xml::words(e, "vendors");
  t.dependencies = e.get("dependencies") == "honour";
  t.where = e.where("href");
  first_.add(workload_.traces, std::move(t), e, "trace", problems_);
}

void WorkloadReader::campaign(const Element& e) {
  model::Campaign c;
  c.name = e.get("id");
  c.start_unix_s = xml::date(e, "start", 0.0, problems_);
  c.finish_unix_s = xml::date(e, "finish", 0.0, problems_);
  if (c.finish_unix_s > 0.0 && c.finish_unix_s <= c.start_unix_s) {
    problems_.error(e.where("finish"), "campaign '{}' finishes before it starts", c.name);
  }
  c.within = base::Seconds{xml::quantity(e, "within", Dimension::kTime, 0.0, problems_, 1.0)};
  if (e.has("within") && e.has("finish")) {
    problems_.error(e.where("within"), "campaign '{}': write finish or within, not both", c.name);
  }
  std::vector<std::string> names;
  for (const Element& s : e.children("stage")) {
    model::CampaignStage stage;
    stage.name = s.get("id");
    stage.stream = s.get("stream");
    resolve(s, "stream", "stream", workload_.streams, problems_);
    stage.jobs = xml::integer(s, "jobs", 1, problems_, 1);
    stage.after = xml::words(s, "after");
    for (const std::string& before : stage.after) {
      if (std::find(names.begin(), names.end(), before) == names.end()) {
        problems_.error(s.where("after"), "stage '{}' waits for '{}', which is no earlier stage;{}",
                        stage.name, before, base::suggestion(before, names));
      }
    }
    if (std::find(names.begin(), names.end(), stage.name) != names.end()) {
      problems_.error(s.where("id"), "campaign '{}' has two stages '{}'", c.name, stage.name);
    }
    names.push_back(stage.name);
    c.stages.push_back(stage);
  }
  cite_as(e, fmt::format("campaign '{}'", c.name));
  first_.add(workload_.campaigns, std::move(c), e, "campaign", problems_);
}

bool WorkloadReader::in_a_campaign(const std::string& stream) const {
  for (const model::Campaign& campaign : workload_.campaigns) {
    for (const model::CampaignStage& stage : campaign.stages) {
      if (stage.stream == stream) return true;
    }
  }
  return false;
}

void WorkloadReader::models(const Element& catalogue) {
  for (const Element& e : catalogue.children("model")) {
    model::LanguageModel m = read_language_model(e, problems_);
    cite_as(e, fmt::format("model '{}'", m.name));
    first_.add(workload_.models, std::move(m), e, "model", problems_);
  }
}

void WorkloadReader::read(const Element& root) {
  if (root.name() == "models") return models(root);
  workload_.name = root.get("name");
  workload_.title = root.get("title", workload_.name);
  for (const Element& catalogue : root.children("models")) models(catalogue);
  for (const Element& e : root.children("portability")) portability(e);
  for (const Element& e : root.children("stream")) stream(e);
  for (const Element& e : root.children("service")) service(e);
  for (const Element& e : root.children("trace")) trace(e);
  for (const Element& e : root.children("campaign")) campaign(e);
  const std::vector<std::string> following = read_followed(root, workload_, problems_);
  for (const model::TrainingStream& s : workload_.streams) {
    if (s.arrivals.rate.value > 0.0 || in_a_campaign(s.name)) continue;
    if (std::find(following.begin(), following.end(), s.name) != following.end()) continue;
    problems_.error(root.where(), "stream '{}' has neither <arrivals> nor a campaign that uses it",
                    s.name);
  }
  for (const Element& e : root.children("step-times")) {
    workload_.step_time_tables.push_back({e.get("id"), path_of(e, "href", problems_), e.where()});
    workload_.unused.push_back({fmt::format("step-times '{}'", e.get("id")), e.where()});
  }
}

}  // namespace

Workload read_workload_element(const Element& root, const base::KnownBehaviours& known,
                               base::Diagnostics& problems) {
  Workload workload;
  WorkloadReader(workload, known, problems).read(root);
  return workload;
}

}  // namespace busbar::input
