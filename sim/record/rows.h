/// One plain struct per table of the trace: what the engine hands over, row by row.
///
/// Times are seconds since the start of the scenario; references are indices into the tables of
/// `/platform` and `/jobs`, -1 = none. `schema.h` says how each field is stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace busbar::record {

/// How a job ended, or where it was when the run finished.
enum class JobState : std::int8_t {
  kCompleted,
  kKilled,
  kFailed,
  kRunning,
  kWaiting,
  kRejected,
  kCancelled
};

/// What a job waited for last, or what limits a segment's step time.
enum class Bound : std::int8_t {
  kNone,
  // Of starts:
  kChips,
  kItPower,
  kGridPower,
  kQueueOrder,
  kDelivery,
  kCooling,
  // Of steps:
  kCompute,
  kMemory,
  kNetwork,
  kPipeline,
  kBatch,
  kFixed,
  // Of starts again:
  kEarlierStage,
  // Of steps again:
  kHost,
  // Of starts again:
  kWindow,
  kDelay,
  // Of starts, of jobs that follow others or are tasks of an array:
  kPredecessor,
  kArrayLimit
};

enum class EndReason : std::int8_t {
  kDone,
  kKilled,
  kFailure,
  kPreemption,
  kResize,
  kShareChanged,
  kCap,
  kRunEnd,
  kCancelled,
  kCapacity,
  kMove,
  kPause
};

enum class EventKind : std::int8_t {
  // The subject is a job:
  kSubmit,
  kStart,
  kEnd,
  kKill,
  kReject,
  kShare,
  // A cluster:
  kDelivery,
  kInstalled,
  // A site:
  kLimit,
  // A shock of the scenario:
  kShockBegin,
  kShockEnd,
  // A service:
  kReplicas,
  // A job again:
  kFail,
  kCancel,
  kPartition,
  kCatchUp,
  kRejoin,
  kPreempt,
  kInterrupt,
  // A cluster again:
  kOutOfOrder,
  kRepaired,
  // A job again:
  kResize,
  kDegrade,
  kSlow,
  // A cluster again:
  kRemoved,
  kClosed,
  kOpened,
  kHeld,
  kReleased,
  // A job again:
  kRebrokered,
  kMove,
  kArrive,
  kHold,
  kPause
};

struct JobRow {
  std::int32_t id = 0;  // row order of submission
  std::string_view name;
  std::int8_t kind = 0;  // model::JobKind
  std::int32_t stream = -1, model = -1, cluster = -1, site = -1;
  double submit_s = 0, start_s = 0, end_s = 0;  // NaN: not yet
  std::int64_t chips = 0;
  JobState state = JobState::kCompleted;
  double asked_steps = 0, steps = 0, lost_steps = 0, left_steps = 0, redone_steps = 0;
  double tokens = 0, energy_j = 0, carbon_g = 0, cost_usd = 0, wait_s = 0, lost_s = 0;
  double restart_s = 0, ettr = 0;
  std::int32_t interruptions = 0, degradations = 0;
  double lost_tokens = 0;
  std::int32_t moves = 0;
  double moved_bytes = 0;
  Bound waited_for = Bound::kNone;
  double deadline_s = 0;  // NaN: none
  std::int32_t resizes = 0;
};

struct SegmentRow {
  std::int32_t job = 0, site = -1, cluster = -1;
  std::int32_t domains = 0;
  std::int64_t chips = 0;
  double start_s = 0, end_s = 0, step_s = 0, mfu = 0, power_w = 0, steps = 0;
  double batch_share = 1;
  EndReason end_reason = EndReason::kDone;
  Bound bound_by = Bound::kNone;
};

struct EventRow {
  double time_s = 0;
  EventKind kind = EventKind::kSubmit;
  std::int32_t subject = -1;
  double value = 0;
};

enum class FaultComponent : std::int8_t {
  kChip,
  kNode,
  kDomain,
  kBuilding,
  kFeed,
  kCooling,
  kLink
};

enum class FaultCause : std::int8_t {
  kHardware,
  kSoftware,
  kPower,
  kCooling,
  kNetwork,
  kMaintenance
};

struct FaultRow {
  double time_s = 0;
  FaultComponent component = FaultComponent::kChip;
  std::int32_t site = -1;
  FaultCause cause = FaultCause::kHardware;
  double repair_s = 0;
  std::int32_t jobs_hit = 0;
};

enum class ServingPhase : std::int8_t { kBoth, kPrefill, kDecode };

struct ServingRow {
  double time_s = 0;
  std::int32_t service = -1, site = -1, cluster = -1;
  ServingPhase phase = ServingPhase::kBoth;
  double replicas = 0, arrivals = 0, served = 0, shed = 0, queue = 0;
  double ttft_p50 = 0, ttft_p99 = 0, tpot_p50 = 0, tpot_p99 = 0;
  double tokens = 0, energy_j = 0, cost_usd = 0;
  double batch_served = 0;
  double itl_p99 = 0;
  double kv_sent = 0, kv_received = 0, kv_delay = 0;
};

/// Work that a job lost by one failure.
struct LossRow {
  double time_s = 0;
  std::int32_t job = -1;
  FaultCause cause = FaultCause::kHardware;
  double chip_s = 0;
};

enum class Account : std::int8_t { kElectricity, kChipHours, kWan, kCapacity };

struct LedgerRow {
  double time_s = 0;  // end of the interval booked
  std::int32_t site = -1, cluster = -1;
  Account account = Account::kElectricity;
  double amount_usd = 0;
};

/// One site over the whole run, written at its end to `/summary/sites`.
struct SiteSummaryRow {
  std::int32_t site = -1;
  double it_power_mean_w = 0, it_power_peak_w = 0;  // exact, not from samples
  double facility_power_mean_w = 0, facility_power_peak_w = 0;
  double it_limit_w = 0, grid_limit_w = 0;                 // in force at the end; infinity: none
  double energy_j = 0, carbon_g = 0, electricity_usd = 0;  // facility
};

/// One vendor over the whole run, written at its end to `/summary/vendors`.
struct VendorSummaryRow {
  std::string_view vendor;
  double chips_installed = 0;  // at the end
  double chip_seconds = 0;     // installed and usable, over the run
  double training_chip_seconds = 0, serving_chip_seconds = 0;
  double jobs_started = 0;
};

/// One stage of a campaign, written at the end to `/summary/stages`.
struct StageSummaryRow {
  std::string_view campaign, stage;
  std::int64_t jobs = 0, jobs_ended = 0;
  double start_s = 0, end_s = 0;  // NaN: not yet
  double due_s = 0;               // of the campaign; NaN: none
};

/// One link over the whole run, written at its end to `/summary/links`.
struct LinkSummaryRow {
  std::int32_t link = -1;
  double carried_bytes = 0;
  double utilisation = 0;
};

/// A public figure beside the simulated one, written at the end to `/summary/claims`.
struct ClaimRow {
  std::string_view name, unit, source;
  double public_value = 0, simulated_value = 0;  // NaN: this version does not simulate it
  std::int8_t bound = 0;                         // 0: about; 1: at most; 2: at least
};

/// State of one site at a sample time.
struct SiteSample {
  double it_power_w = 0, facility_power_w = 0, grid_w = 0, gas_w = 0, battery_w = 0;
  double battery_soc = 0, curtailed_w = 0, price_usd_per_mwh = 0, carbon_g_per_kwh = 0;
  double it_limit_w = 0, grid_limit_w = 0, pue = 0;  // limits: infinity when there is none
};

/// State of one cluster at a sample time, in chips and watts.
struct ClusterSample {
  double installed = 0, allocated = 0, serving = 0, failed = 0, idle = 0, queued_jobs = 0,
         queued_chips = 0, it_power_w = 0, largest_hole = 0, fragmentation = 0,
         idle_in_used_pods = 0;
};

}  // namespace busbar::record
