/// From chip to facility: what a domain and a busy chip draw, and what cooling adds.
///
/// All functions are pure. See sim/doc/models/power.md.
#pragma once

#include "sim/model/platform.h"

namespace busbar::power {

/// IT power of a powered domain without work: chips at idle, hosts, NICs, switches and losses.
base::Watts idle_domain_power(const model::Platform& platform, base::Id<model::Domain> domain);

/// How a chip spends its time: fractions of a step in compute and in exposed communication; the
/// rest is idle. Their sum is at most 1.
struct Activity {
  double compute = 0.0;
  double communication = 0.0;
};

/// Power of one busy chip of a domain.
struct ChipPower {
  base::Watts above_idle;      // what it adds to the idle domain
  base::Watts with_overheads;  // its whole share of the domain: idle, host, network and overheads
};
ChipPower busy_chip_power(const model::Platform& platform, base::Id<model::Domain> domain,
                          Activity activity);

/// IT power of a domain whose used chips compute without pause: the most it draws.
base::Watts full_domain_power(const model::Platform& platform, base::Id<model::Domain> domain);

/// Outside temperature of a site at a date, in degC: mean, season (warmest on 15 July north of the
/// equator, on 15 January south of it) and day (warmest at 15:00 local solar time).
double outside_temperature_c(const model::Site& site, double unix_s);

/// Power usage effectiveness of a site at a date: facility power over IT power, at least 1.
double pue_at(const model::Site& site, double unix_s);

}  // namespace busbar::power
