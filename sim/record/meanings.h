/// What the values of enumerated columns mean, in the order of the values.
#pragma once

#include <string_view>

namespace busbar::record {

using Meanings = std::string_view[];

inline constexpr Meanings kNoYes = {"no", "yes"};
inline constexpr Meanings kJobKinds = {"rigid",      "pretraining",   "fine-tuning",
                                       "evaluation", "reinforcement", "inference"};
inline constexpr Meanings kJobStates = {"completed", "killed",   "failed",   "running",
                                        "waiting",   "rejected", "cancelled"};
inline constexpr Meanings kBounds = {
    "none",    "chips",  "it-power", "grid-power",  "queue-order", "delivery", "cooling",
    "compute", "memory", "network",  "pipeline",    "batch",       "fixed",    "earlier-stage",
    "host",    "window", "delay",    "predecessor", "array-limit"};
inline constexpr Meanings kEndReasons = {"done",      "killed",        "failure", "preemption",
                                         "resize",    "share-changed", "cap",     "run-end",
                                         "cancelled", "capacity",      "move",    "pause"};
inline constexpr Meanings kEventKinds = {
    "submit",    "start",      "end",         "kill",      "reject",    "share",        "delivery",
    "installed", "limit",      "shock-begin", "shock-end", "replicas",  "fail",         "cancel",
    "partition", "catch-up",   "rejoin",      "preempt",   "interrupt", "out-of-order", "repaired",
    "resize",    "degrade",    "slow",        "removed",   "closed",    "opened",       "held",
    "released",  "rebrokered", "move",        "arrive",    "hold",      "pause"};
inline constexpr Meanings kComponents = {"chip", "node",    "domain", "building",
                                         "feed", "cooling", "link"};
inline constexpr Meanings kCauses = {"hardware", "software", "power",
                                     "cooling",  "network",  "maintenance"};
inline constexpr Meanings kPhases = {"both", "prefill", "decode"};
inline constexpr Meanings kAccounts = {"electricity", "chip-hours", "wan", "capacity"};
inline constexpr Meanings kClaimBounds = {"about", "at-most", "at-least"};

}  // namespace busbar::record
