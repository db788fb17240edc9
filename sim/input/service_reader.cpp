#include "sim/input/service_reader.h"

namespace busbar::input {
namespace {

model::ServicePhase read_phase(const xml::Element& e, const model::Service& service,
                               base::Diagnostics& problems) {
  model::ServicePhase phase;
  phase.vendors = e.has("vendors") ? xml::words(e, "vendors") : service.vendors;
  phase.sites = e.has("sites") ? xml::words(e, "sites") : service.sites;
  phase.clusters = xml::words(e, "clusters");
  phase.chips_per_replica =
      xml::integer(e, "chips-per-replica", service.chips_per_replica, problems, 1);
  phase.where = e.where();
  return phase;
}

}  // namespace

model::Disaggregation read_disaggregated(const xml::Element& e, const model::Service& service,
                                         base::Diagnostics& problems) {
  model::Disaggregation split;
  split.overlapped = e.get("transfer", "exposed") == "overlapped";
  for (const xml::Element& phase : e.children("prefill")) {
    split.prefill = read_phase(phase, service, problems);
  }
  for (const xml::Element& phase : e.children("decode")) {
    split.decode = read_phase(phase, service, problems);
  }
  return split;
}

}  // namespace busbar::input
