/// Columns of `/serving`.
#pragma once

#include "sim/record/meanings.h"
#include "sim/record/rows.h"
#include "sim/record/schema.h"

namespace busbar::record {

inline constexpr Column kServing[] = {
    column<&ServingRow::time_s>("time_s", "s", "start of the interval"),
    column<&ServingRow::service>("service", "1", "which service", "/workload/services"),
    column<&ServingRow::site>("site", "1", "where", "/platform/sites"),
    column<&ServingRow::replicas>("replicas", "1", "replicas that run"),
    column<&ServingRow::arrivals>(
        "arrivals", "1",
        "requests that arrive; of a disaggregated service where their prompts are "
        "read, like those served and refused"),
    column<&ServingRow::served>("served", "1", "requests served"),
    column<&ServingRow::shed>("shed", "1", "requests refused"),
    column<&ServingRow::queue>("queue", "1",
                               "batch requests of the whole service that wait at the end"),
    column<&ServingRow::ttft_p50>("ttft_p50", "s", "time to first token, median"),
    column<&ServingRow::ttft_p99>("ttft_p99", "s", "time to first token, 99th percentile"),
    column<&ServingRow::tpot_p50>("tpot_p50", "s", "time per output token, median"),
    column<&ServingRow::tpot_p99>("tpot_p99", "s", "time per output token, 99th percentile"),
    column<&ServingRow::tokens>("tokens", "token",
                                "output tokens; of a disaggregated service where they are made"),
    column<&ServingRow::energy_j>("energy_j", "J", "IT energy"),
    column<&ServingRow::cost_usd>("cost_usd", "USD", "cost of the chips at list price"),
    column<&ServingRow::batch_served>("batch_served", "1", "batch requests served"),
    column<&ServingRow::cluster>("cluster", "1", "which cluster", "/platform/clusters"),
    column<&ServingRow::phase>("phase", "1", "what the replicas do with a request", {}, kPhases),
    column<&ServingRow::itl_p99>("itl_p99", "s",
                                 "from one token to the next, prompts that are read in between "
                                 "included, 99th percentile"),
    column<&ServingRow::kv_sent>("kv_sent", "byte", "KV caches sent to decode replicas"),
    column<&ServingRow::kv_received>("kv_received", "byte", "KV caches received from prefill"),
    column<&ServingRow::kv_delay>(
        "kv_delay", "s",
        "from the end of a prompt to its cache's arrival, median; part of "
        "the time to first token"),
};

}  // namespace busbar::record
