#include "sim/input/across_sites_reader.h"

#include "sim/base/text.h"

namespace busbar::input {

model::AcrossSites read_across_sites(const xml::Element& e, base::Diagnostics& problems) {
  model::AcrossSites a;
  a.sync_every = xml::integer(e, "sync-every", 1, problems, 1);
  a.outer_precision = e.get("outer-precision", a.outer_precision);
  if (a.bytes_per_number() <= 0.0) {
    problems.error(e.where("outer-precision"), "unknown precision '{}';{}", a.outer_precision,
                   base::suggestion(a.outer_precision, model::AcrossSites::precisions()));
  }
  a.overlapped = e.get("exchange", "overlapped") == "overlapped";
  a.fragments = xml::integer(e, "fragments", 1, problems, 1);
  if (a.fragments > 1 && !a.overlapped) {
    problems.error(e.where("fragments"),
                   "fragments take turns behind compute: they need exchange=\"overlapped\"");
  } else if (a.fragments > a.sync_every) {
    problems.error(e.where("fragments"),
                   "{} fragments cannot take turns in {} steps; write at most one a step",
                   a.fragments, a.sync_every);
  }
  return a;
}

}  // namespace busbar::input
