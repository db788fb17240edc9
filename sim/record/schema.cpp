#include "sim/record/schema.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/record/meanings.h"
#include "sim/record/rows.h"
#include "sim/record/scenario_columns.h"
#include "sim/record/serving_columns.h"

namespace busbar::record {

namespace {

// ── What the run did ─────────────────────────────────────────────────────────────────────────────

constexpr Column kJobs[] = {
    column<&JobRow::id>("id", "1", "number of the job, in order of submission"),
    column<&JobRow::name>("name", "", "name of the job"),
    column<&JobRow::kind>("kind", "1", "what it does", {}, kJobKinds),
    column<&JobRow::stream>("stream", "1", "its training stream; -1: replayed",
                            "/workload/streams"),
    column<&JobRow::model>("model", "1", "its language model; -1: rigid", "/workload/models"),
    column<&JobRow::cluster>("cluster", "1", "where it ran or queued (the first of several)",
                             "/platform/clusters"),
    column<&JobRow::site>("site", "1", "site of that cluster", "/platform/sites"),
    column<&JobRow::submit_s>("submit_s", "s", "submission"),
    column<&JobRow::start_s>("start_s", "s", "start; NaN: never"),
    column<&JobRow::end_s>("end_s", "s", "end; NaN: not before the run's"),
    column<&JobRow::chips>(
        "chips", "1",
        "chips that the vendor gave for those asked for, an elastic job for its size when "
        "submitted; of jobs that never started, asked for"),
    column<&JobRow::state>("state", "1", "how it ended, or where it was at the end of the run", {},
                           kJobStates),
    column<&JobRow::asked_steps>(
        "asked_steps", "1",
        "training steps of its work, in whole batches, at the size and place at which it ran last "
        "or is to run; "
        "of a replayed job its seconds; always `steps` + `lost_steps` + `left_steps`; 0: no "
        "cluster "
        "was chosen for it"),
    column<&JobRow::steps>("steps", "1", "of those, done and of use; 0 if it was killed or failed"),
    column<&JobRow::lost_steps>("lost_steps", "1",
                                "of those, done and lost for good: it was killed or failed"),
    column<&JobRow::left_steps>("left_steps", "1",
                                "of those, not done when it ended, or at the end of the run"),
    column<&JobRow::redone_steps>("redone_steps", "1",
                                  "beyond those, done, lost, and to be done again: with "
                                  "`steps` and `lost_steps` the steps of its segments"),
    column<&JobRow::tokens>("tokens", "token",
                            "tokens trained on; where an elastic job scales its batch, those that "
                            "count towards its target; 0 if it was killed or failed"),
    column<&JobRow::energy_j>("energy_j", "J",
                              "IT energy of its chips and their share of the rest"),
    column<&JobRow::carbon_g>("carbon_g", "g", "carbon dioxide of its electricity"),
    column<&JobRow::cost_usd>("cost_usd", "USD", "cost of its chips at list price"),
    column<&JobRow::wait_s>("wait_s", "s", "from submission to start, or to the run's end"),
    column<&JobRow::lost_s>("lost_s", "s",
                            "run time whose work was lost, and that of restarts; all of it "
                            "if the job was killed or failed"),
    column<&JobRow::restart_s>("restart_s", "s",
                               "of `lost_s`, restarts after interruptions and times for which all "
                               "stood still while replicas left or joined"),
    column<&JobRow::interruptions>("interruptions", "1",
                                   "times that a failure or outage sent it back to a checkpoint"),
    column<&JobRow::degradations>("degradations", "1",
                                  "times that it went on without a replica in which something "
                                  "failed"),
    column<&JobRow::ettr>("ettr", "1",
                          "effective training time ratio: its work, in time at full speed with the "
                          "whole batch, over the time since its start, waits after interruptions "
                          "included; NaN: never started; 0: killed or failed"),
    column<&JobRow::lost_tokens>("lost_tokens", "token",
                                 "tokens trained on in vain, not part of `tokens`: what sites had "
                                 "not exchanged when they were cut off, what a stopped job had not "
                                 "saved, and all of a job that was killed or failed"),
    column<&JobRow::moves>("moves", "1", "times that it was sent to another pool"),
    column<&JobRow::moved_bytes>("moved_bytes", "byte",
                                 "of its state, that came to another site over the WAN"),
    column<&JobRow::waited_for>("waited_for", "1", "what it waited for last", {}, kBounds),
    column<&JobRow::deadline_s>("deadline_s", "s", "when it should be done; NaN: no deadline"),
    column<&JobRow::resizes>("resizes", "1", "how often it changed its size while it ran"),
};

constexpr Column kSegments[] = {
    column<&SegmentRow::job>("job", "1", "number of its job (column `id` of `/jobs`)"),
    column<&SegmentRow::site>("site", "1", "where", "/platform/sites"),
    column<&SegmentRow::cluster>("cluster", "1", "where", "/platform/clusters"),
    column<&SegmentRow::domains>("domains", "1", "scale-up domains held"),
    column<&SegmentRow::chips>("chips", "1", "chips held"),
    column<&SegmentRow::start_s>("start_s", "s", "begin"),
    column<&SegmentRow::end_s>("end_s", "s", "end"),
    column<&SegmentRow::step_s>("step_s", "s", "time of one training step; 0: rigid"),
    column<&SegmentRow::batch_share>("batch_share", "1",
                                     "part of the batch that each step does; below 1 while sites "
                                     "are cut off or replicas are out"),
    column<&SegmentRow::steps>("steps", "1",
                               "training steps done in it, in whole batches; times `step_s` over "
                               "`batch_share` it lasts as long as the segment without what is "
                               "spent on restarts"),
    column<&SegmentRow::mfu>("mfu", "1",
                             "model FLOP/s over peak FLOP/s of the chips that work; 0: rigid"),
    column<&SegmentRow::power_w>("power_w", "W", "IT power of the job"),
    column<&SegmentRow::end_reason>("end_reason", "1", "what ended it", {}, kEndReasons),
    column<&SegmentRow::bound_by>("bound_by", "1", "what limited the step time", {}, kBounds),
};

constexpr Column kEvents[] = {
    column<&EventRow::time_s>("time_s", "s", "when"),
    column<&EventRow::kind>("kind", "1", "what happened", {}, kEventKinds),
    column<&EventRow::subject>(
        "subject", "1",
        "to whom: submit to share, fail to interrupt, resize to slow, rebrokered to pause: a job's "
        "`id`; delivery, "
        "installed, "
        "out-of-order, repaired: row of "
        "/platform/clusters; limit: row of /platform/sites; shock-begin, shock-end: row of "
        "/scenario/shocks; replicas: "
        "row of /workload/services"),
    column<&EventRow::value>(
        "value", "1",
        "how much: submit to reject, fail, cancel, preempt, interrupt, resize: chips; share: "
        "step time in s; delivery, "
        "installed, out-of-order, repaired: domains; limit: the lower of both limits in W; "
        "shock-begin, shock-end: capacity "
        "of the link in byte/s, of a site outage: chips that lose or get their power; replicas: "
        "replicas; partition, rejoin: part "
        "of the batch that the sites or replicas do which "
        "go on, degrade the same; slow: speed with the straggler, 1 once it is replaced; catch-up: "
        "bytes that sites fetch before they join again; move: row of "
        "/platform/clusters that the job goes to; arrive: bytes of its state that came over the "
        "WAN; hold: time in s for which it is held back"),
};

constexpr Column kFaults[] = {
    column<&FaultRow::time_s>("time_s", "s", "when"),
    column<&FaultRow::component>("component", "1", "what failed", {}, kComponents),
    column<&FaultRow::site>("site", "1", "where", "/platform/sites"),
    column<&FaultRow::cause>("cause", "1", "why", {}, kCauses),
    column<&FaultRow::repair_s>("repair_s", "s",
                                "time until it is back in service; NaN: not yet; 0: "
                                "nothing to repair"),
    column<&FaultRow::jobs_hit>("jobs_hit", "1", "jobs that lost work"),
};

constexpr Column kLosses[] = {
    column<&LossRow::time_s>("time_s", "s", "when"),
    column<&LossRow::job>("job", "1", "whose work", "/jobs"),
    column<&LossRow::cause>("cause", "1", "of the failure", {}, kCauses),
    column<&LossRow::chip_s>("chip_s", "s", "chip-seconds of its work that are gone"),
};

constexpr Column kLedger[] = {
    column<&LedgerRow::time_s>("time_s", "s", "end of the interval booked"),
    column<&LedgerRow::site>("site", "1", "where", "/platform/sites"),
    column<&LedgerRow::cluster>("cluster", "1", "where; -1: the whole site", "/platform/clusters"),
    column<&LedgerRow::account>("account", "1", "what for", {}, kAccounts),
    column<&LedgerRow::amount_usd>("amount_usd", "USD", "how much; costs are positive"),
};

// ── Samples ──────────────────────────────────────────────────────────────────────────────────────

constexpr Column kSiteSeries[] = {
    column<&SiteSample::it_power_w>("it_power_w", "W", "IT power"),
    column<&SiteSample::facility_power_w>("facility_power_w", "W", "power with cooling and losses"),
    column<&SiteSample::grid_w>("grid_w", "W", "power from the grid"),
    column<&SiteSample::gas_w>("gas_w", "W", "power from on-site generators"),
    column<&SiteSample::battery_w>("battery_w", "W", "power from batteries; negative: charging"),
    column<&SiteSample::battery_soc>("battery_soc", "1", "state of charge, 0 to 1"),
    column<&SiteSample::curtailed_w>("curtailed_w", "W", "power asked for and not given"),
    column<&SiteSample::price_usd_per_mwh>("price", "USD/MWh", "price of grid electricity"),
    column<&SiteSample::carbon_g_per_kwh>("carbon", "g/kWh", "carbon intensity of the grid"),
    column<&SiteSample::it_limit_w>("it_limit_w", "W", "IT power limit; infinity: none"),
    column<&SiteSample::grid_limit_w>("grid_limit_w", "W", "grid limit; infinity: none"),
    column<&SiteSample::pue>("pue", "1", "facility power over IT power"),
};

constexpr Column kClusterSeries[] = {
    column<&ClusterSample::installed>("installed", "1", "chips delivered, burnt in and powered"),
    column<&ClusterSample::allocated>("allocated", "1", "chips held by jobs"),
    column<&ClusterSample::serving>("serving", "1", "chips held by inference services"),
    column<&ClusterSample::failed>("failed", "1", "chips out of order"),
    column<&ClusterSample::idle>("idle", "1", "chips that nobody holds"),
    column<&ClusterSample::queued_jobs>("queued_jobs", "1", "jobs that wait here"),
    column<&ClusterSample::queued_chips>("queued_chips", "1", "chips that they ask for"),
    column<&ClusterSample::it_power_w>("it_power_w", "W", "IT power of its domains"),
    column<&ClusterSample::largest_hole>(
        "largest_hole", "1",
        "idle chips of the pod, or the building without pods, that could hold the largest slice"),
    column<&ClusterSample::fragmentation>(
        "fragmentation", "1", "share of idle chips outside the largest hole; 0 if none is idle"),
    column<&ClusterSample::idle_in_used_pods>(
        "idle_in_used_pods", "1",
        "chips of idle domains in pods, or groups of a fabric, that are partly in use"),
};

struct Throughput {
  double value;
};
constexpr Column kLinkSeries[] = {
    column<&Throughput::value>("throughput", "byte/s", "data rate through the link"),
};

// ── Results ──────────────────────────────────────────────────────────────────────────────────────

constexpr Column kSiteSummary[] = {
    column<&SiteSummaryRow::site>("site", "1", "which site", "/platform/sites"),
    column<&SiteSummaryRow::it_power_mean_w>("it_power_mean_w", "W", "IT power, mean"),
    column<&SiteSummaryRow::it_power_peak_w>("it_power_peak_w", "W", "IT power, peak"),
    column<&SiteSummaryRow::facility_power_mean_w>("facility_power_mean_w", "W",
                                                   "facility power, mean"),
    column<&SiteSummaryRow::facility_power_peak_w>("facility_power_peak_w", "W",
                                                   "facility power, peak"),
    column<&SiteSummaryRow::it_limit_w>("it_limit_w", "W",
                                        "IT power limit at the end; infinity: none"),
    column<&SiteSummaryRow::grid_limit_w>("grid_limit_w", "W",
                                          "grid limit at the end; infinity: none"),
    column<&SiteSummaryRow::energy_j>("energy_j", "J", "facility energy"),
    column<&SiteSummaryRow::carbon_g>("carbon_g", "g", "carbon dioxide of that energy"),
    column<&SiteSummaryRow::electricity_usd>("electricity_usd", "USD", "cost of that energy"),
};

constexpr Column kVendorSummary[] = {
    column<&VendorSummaryRow::vendor>("vendor", "", "which vendor"),
    column<&VendorSummaryRow::chips_installed>("chips_installed", "1", "chips at the end"),
    column<&VendorSummaryRow::chip_seconds>("chip_seconds", "s", "chip-time installed and usable"),
    column<&VendorSummaryRow::training_chip_seconds>("training_chip_seconds", "s",
                                                     "chip-time held by jobs"),
    column<&VendorSummaryRow::serving_chip_seconds>("serving_chip_seconds", "s",
                                                    "chip-time held by inference services"),
    column<&VendorSummaryRow::jobs_started>("jobs_started", "1", "jobs started on its chips"),
};

constexpr Column kStages[] = {
    column<&StageSummaryRow::campaign>("campaign", "", "name of the campaign"),
    column<&StageSummaryRow::stage>("stage", "", "name of the stage"),
    column<&StageSummaryRow::jobs>("jobs", "1", "jobs of the stage"),
    column<&StageSummaryRow::jobs_ended>("jobs_ended", "1", "of those, ended"),
    column<&StageSummaryRow::start_s>("start_s", "s", "start of its first job; NaN: not yet"),
    column<&StageSummaryRow::end_s>("end_s", "s", "end of its last job; NaN: not yet"),
    column<&StageSummaryRow::due_s>("due_s", "s", "when the campaign should end; NaN: no date"),
};

constexpr Column kLinkSummary[] = {
    column<&LinkSummaryRow::link>("link", "1", "which link", "/platform/links"),
    column<&LinkSummaryRow::carried_bytes>("carried", "byte",
                                           "bytes carried over the run, one direction"),
    column<&LinkSummaryRow::utilisation>("utilisation", "1",
                                         "those over what the link could have carried"),
};

constexpr Column kClaims[] = {
    column<&ClaimRow::name>("name", "", "name of the claim"),
    column<&ClaimRow::unit>("unit", "", "unit of both figures"),
    column<&ClaimRow::source>("source", "", "who said so"),
    column<&ClaimRow::public_value>("public_value", "1", "the public figure, in `unit`"),
    column<&ClaimRow::simulated_value>("simulated_value", "1",
                                       "the simulated figure, in `unit`; NaN: not simulated"),
    column<&ClaimRow::bound>("bound", "1", "how the public figure is meant", {}, kClaimBounds),
};

constexpr Table kTables[] = {
    {"/platform/sites", "Campuses with one grid connection.", Growth::kWhole, kSites, {}},
    {"/platform/clusters",
     "Scale-up domains of one kind at one site.",
     Growth::kWhole,
     kClusters,
     {}},
    {"/platform/domains", "Kinds of scale-up domain.", Growth::kWhole, kDomains, {}},
    {"/platform/accelerators", "Kinds of chip.", Growth::kWhole, kAccelerators, {}},
    {"/platform/links", "Links whose throughput is sampled.", Growth::kWhole, kLinks, {}},
    {"/workload/models", "Language models.", Growth::kWhole, kModels, {}},
    {"/workload/streams", "Streams of training jobs.", Growth::kWhole, kStreams, {}},
    {"/workload/services", "Inference services.", Growth::kWhole, kServices, {}},
    {"/workload/traces", "Replayed logs.", Growth::kWhole, kLogs, {}},
    {"/scenario/shocks", "Shocks that the scenario applies.", Growth::kWhole, kShocks, {}},
    {"/jobs",
     "One row per job, written at its end, rejection, or the end of the run.",
     Growth::kRows,
     kJobs,
     {}},
    {"/segments",
     "Stretches of a job with constant step time and power.",
     Growth::kRows,
     kSegments,
     {}},
    {"/events", "Everything that happened, in order.", Growth::kRows, kEvents, {}},
    {"/faults",
     "Failures, each written when it is repaired or the run ends.",
     Growth::kRows,
     kFaults,
     {}},
    {"/losses", "One row per failure and job that lost work by it.", Growth::kRows, kLosses, {}},
    {"/serving",
     "One row per interval, service and part of a cluster; of a disaggregated service one for each "
     "phase.",
     Growth::kRows,
     kServing,
     {}},
    {"/ledger", "Money, booked at the end of intervals.", Growth::kRows, kLedger, {}},
    {"/series/site", "State of the sites at sample times.", Growth::kSamples, kSiteSeries,
     "/platform/sites"},
    {"/series/cluster", "State of the clusters at sample times.", Growth::kSamples, kClusterSeries,
     "/platform/clusters"},
    {"/series/link", "Throughput of the links at sample times.", Growth::kSamples, kLinkSeries,
     "/platform/links"},
    {"/summary/sites",
     "One row per site: exact means and peaks, not of samples.",
     Growth::kAtEnd,
     kSiteSummary,
     {}},
    {"/summary/vendors", "One row per vendor.", Growth::kAtEnd, kVendorSummary, {}},
    {"/summary/stages", "One row per stage of a campaign.", Growth::kAtEnd, kStages, {}},
    {"/summary/links",
     "One row per link whose throughput is sampled: exact, not of samples.",
     Growth::kAtEnd,
     kLinkSummary,
     {}},
    {"/summary/claims", "Public figures beside the simulated ones.", Growth::kAtEnd, kClaims, {}},
};

constexpr Attribute kAttributes[] = {
    {"/", "filetype", "text", "`busbar-trace`"},
    {"/", "version", "int32[2]",
     "version of this format; the first number changes when old readers would misread"},
    {"/", "status", "text",
     "`running` (or killed), `complete`, `interrupted` or `failed`; only `complete` is a whole "
     "run"},
    {"/scenario", "name", "text", "name of the scenario"},
    {"/scenario", "title", "text", "name for people"},
    {"/scenario", "world", "text", "name of the platform"},
    {"/scenario", "mix", "text", "name of the workload"},
    {"/scenario", "start", "text", "start, UTC: time 0 of all times"},
    {"/scenario", "start_unix_s", "float64", "the same in seconds since 1970"},
    {"/scenario", "horizon_s", "float64", "length of the run; NaN: until idle"},
    {"/scenario", "queue_policy", "text", "behaviour"},
    {"/scenario", "placement", "text", "behaviour"},
    {"/scenario", "broker", "text", "behaviour"},
    {"/scenario", "sample_interval_s", "float64", "distance of samples in `/series`"},
    {"/provenance", "version", "text", "version of the program"},
    {"/provenance", "git_sha", "text", "revision of its source"},
    {"/provenance", "command_line", "text", "how it was called"},
    {"/provenance", "overrides", "text", "`--set` options, one a line"},
    {"/provenance", "started_utc", "text", "when the trace was opened (or SOURCE_DATE_EPOCH)"},
    {"/provenance", "wall_time_s", "float64",
     "from opening to closing the trace; 0 under SOURCE_DATE_EPOCH; NaN: not closed"},
    {"/provenance", "cpu_time_s", "float64",
     "processor time of the process; 0 under SOURCE_DATE_EPOCH; NaN: not closed"},
    {"/provenance", "peak_rss_bytes", "int64",
     "peak memory of the process; 0 under SOURCE_DATE_EPOCH; -1: not closed"},
    {"/provenance", "seed", "uint64", "seed of all random streams"},
    {"/provenance", "replicate", "uint64", "replicate number"},
    {"/provenance", "scenario_hash", "text", "hash of the scenario in canonical form"},
    {"/provenance", "fingerprint", "text",
     "running hash of time, kind and subject of every event; empty: not closed"},
    {"/provenance", "simgrid_version", "text", "version of SimGrid"},
    {"/provenance", "simgrid_config", "text", "its settings, `name=value`, one a line"},
    {"/provenance", "policy_library", "text",
     "library that holds the queue policy, as given; absent: a built-in policy"},
    {"/provenance", "policy_library_sha256", "text", "SHA-256 of its file, in the same case"},
};

}  // namespace

std::span<const Table> tables() { return kTables; }

const Table& table_at(std::string_view path) {
  const auto* found = std::find_if(std::begin(kTables), std::end(kTables),
                                   [&](const Table& table) { return table.path == path; });
  base::ensure(found != std::end(kTables), "unknown table of the trace");
  return *found;
}

std::span<const Attribute> attributes() { return kAttributes; }

}  // namespace busbar::record
