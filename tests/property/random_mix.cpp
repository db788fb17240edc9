#include <algorithm>

#include "tests/property/random_files.h"

namespace busbar::property {
namespace {

constexpr const char* kSpans[] = {"domain", "cluster", "site", "world"};

// What the clusters offer that a stream's jobs may use.
struct Offer {
  int vendors = 0, most = 0;           // chips of the largest
  bool whole = false, spares = false;  // several domains make up a job; some cluster has spares
  bool all_store = true;
};

Offer offer_of(const RunDraw& run, const StreamDraw& stream, int vendors, int chips) {
  Offer offer;
  for (const ClusterDraw* cluster : clusters_of(run)) {
    const Kind& kind = kind_of(*cluster);
    if ((kind.bit & vendors) == 0) continue;
    offer.vendors |= kind.bit;
    const int domains = domains_at(*cluster, 0) - hot_spares(*cluster);
    offer.most =
        std::max(offer.most, (stream.span == 0 ? std::min(1, domains) : domains) * kind.chips);
    offer.whole = offer.whole || (chips % kind.chips == 0 && chips >= 2 * kind.chips);
    offer.spares = offer.spares || hot_spares(*cluster) > 0;
    offer.all_store = offer.all_store && cluster->stores;
  }
  return offer;
}

// Of its vendors, or of all where these hold no job.
Offer offer_for(const RunDraw& run, const StreamDraw& stream) {
  const Offer offer = offer_of(run, stream, stream.vendors, stream.chips);
  return offer.most < 8 ? offer_of(run, stream, 7, stream.chips) : offer;
}

std::string saving_of(const StreamDraw& stream, bool stores) {
  if (stream.checkpoint_min == 0) return "";
  const std::string every = fmt::format(" checkpoint-interval=\"{} min\"", stream.checkpoint_min);
  if (stream.saving == 1) return every + " checkpointing=\"background\"";
  if (!stores || stream.saving == 0) return every;
  if (stream.saving == 2) return " checkpoint=\"asynchronous\"";
  if (stream.saving == 3) return every + " checkpoint=\"in-memory\"";
  return " checkpoint=\"young\"";
}

std::string elastic_of(const StreamDraw& stream, int chips) {
  if (stream.sizes == 0) return "";
  if (stream.sizes == 1) return fmt::format("<elastic sizes=\"{} {}\"/>", chips, 2 * chips);
  if (stream.sizes == 2) {
    return fmt::format("<elastic least=\"{}\" most=\"{}\" step=\"8\"/>", 8, std::max(64, chips));
  }
  return fmt::format("<elastic least=\"8\" most=\"{}\" batch=\"scaled\"/>", 4 * chips);
}

// Nothing where no cluster trains models, or none holds a job.
std::string text_of(const RunDraw& run, size_t number, bool leads) {
  const StreamDraw& stream = run.streams[number];
  Offer offer = offer_for(run, stream);
  if (offer.most < 8) return "";
  int chips = stream.chips;
  while (chips > offer.most) chips /= 2;
  offer = offer_of(run, stream, offer.vendors, chips);
  std::string vendors;
  for (const auto& [bit, name] : {std::pair{1, "nvidia "}, {2, "google "}, {4, "amazon "}}) {
    if ((offer.vendors & bit) != 0) vendors += name;
  }
  vendors.pop_back();
  const bool elastic = stream.sizes > 0;
  std::string text = fmt::format(
      "  <stream id=\"stream{}\" kind=\"fine-tuning\" model=\"llama-8b\" vendors=\"{}\" "
      "priority=\"{}\" span=\"{}\"",
      number, vendors, stream.priority, kSpans[elastic ? std::min(stream.span, 2) : stream.span]);
  if (!run.tenants.empty()) text += " organisation=\"org0\"";
  text += saving_of(stream, offer.all_store);
  if (stream.response == 1 && offer.spares) text += " on-failure=\"spare\"";
  if (stream.response == 2 && offer.whole) text += " on-failure=\"degrade\" rejoin=\"30 s\"";
  if (stream.deadline_h > 0) text += fmt::format(" deadline=\"{} h\"", stream.deadline_h);
  const bool follows = stream.follows && leads;
  if (follows) {
    text += fmt::format(" after=\"stream{}\" when=\"{}\"", number - 1,
                        stream.after_any ? "ended" : "done");
  }
  text += " assumed=\"test\">\n";
  if (!follows) {
    text += fmt::format("    <arrivals process=\"poisson\" rate=\"{} job/d\"/>\n", stream.per_day);
  }
  text += fmt::format("    <chips distribution=\"constant\" value=\"{}\"/>\n", chips);
  text +=
      stream.by_tokens
          ? fmt::format("    <tokens distribution=\"constant\" value=\"{:.0f} token\"/>\n",
                        tokens_of(stream))
          : fmt::format("    <duration distribution=\"constant\" value=\"{} h\"/>\n", stream.hours);
  text += fmt::format("    <request-factor distribution=\"constant\" value=\"{}\"/>\n",
                      0.1 * std::max(10, stream.request));
  if (stream.early > 0) {
    text += fmt::format("    <{} share=\"{} %\" distribution=\"exponential\" mean=\"2 h\"/>\n",
                        stream.priority % 2 == 0 ? "failure" : "cancellation", stream.early);
  }
  if (stream.sync_every > 1) {
    text += fmt::format("    <across-sites sync-every=\"{}\"/>\n", stream.sync_every);
  }
  if (elastic) text += "    " + elastic_of(stream, chips) + "\n";
  if (stream.tasks > 1) {
    text += fmt::format("    <array{}><tasks distribution=\"constant\" value=\"{}\"/></array>\n",
                        stream.at_once > 0 ? fmt::format(" at-once=\"{}\"", stream.at_once) : "",
                        stream.tasks);
  }
  return text + "  </stream>\n";
}

std::int64_t largest_cluster(const RunDraw& run) {
  std::int64_t most = 1;
  for (const ClusterDraw* cluster : clusters_of(run)) {
    most = std::max<std::int64_t>(
        most, (domains_at(*cluster, 0) - hot_spares(*cluster)) * chips_per_domain(*cluster));
  }
  return most;
}

}  // namespace

int vendors_of(const RunDraw& run, const StreamDraw& stream) {
  const Offer offer = offer_for(run, stream);
  return offer.most < 8 ? 0 : offer.vendors;
}

// About what its chips train in its hours.
double tokens_of(const StreamDraw& stream) {
  return stream.by_tokens ? 3e7 * stream.chips * stream.hours : 0.0;
}

std::string mix_of(const RunDraw& run) {
  // Llama 3.1 8B, with what its jobs need to scale their batch and to exchange less.
  std::string text =
      "<workload name=\"drawn\">\n  <models assumed=\"test\">\n"
      "    <model id=\"llama-8b\" hidden=\"4096\" vocabulary=\"128256\" context=\"8192\" "
      "critical-batch=\"4 Mtoken\" low-communication-token-factor=\"1.1\">\n"
      "      <layers count=\"32\"><attention kind=\"full\" heads=\"32\" kv-heads=\"8\" "
      "head-dim=\"128\"/><feed-forward width=\"14336\"/></layers>\n    </model>\n  </models>\n"
      "  <portability model=\"llama-8b\" vendor=\"amazon\" efficiency=\"80 %\" "
      "switching-time=\"10 min\" assumed=\"test\"/>\n";
  bool leads = false;
  for (size_t s = 0; s < run.streams.size(); ++s) {
    const std::string stream = text_of(run, s, leads);
    leads = !stream.empty();
    text += stream;
  }
  for (size_t t = 0; t < run.tenants.size(); ++t) {
    if (run.tenants[t].jobs.empty()) continue;
    text +=
        fmt::format("  <trace id=\"org{0}\" href=\"org{0}.csv\" organisation=\"org{0}\"/>\n", t);
  }
  if (run.service) {
    text +=
        "  <service id=\"chat\" model=\"llama-8b\" input-tokens=\"1000\" output-tokens=\"200\" "
        "ttft=\"2 s\" tpot=\"50 ms\" assumed=\"test\">"
        "<demand region=\"here\" requests=\"20 req/s\" daily-amplitude=\"60 %\" "
        "peak-hour-local=\"15\"/></service>\n";
  }
  return text + "</workload>\n";
}

std::string log_text(const RunDraw& run, const TenantDraw& tenant) {
  const std::int64_t most_chips = largest_cluster(run);
  std::string text = "id,submit,nodes,runtime,walltime\n";
  int id = 0;
  for (const JobDraw& job : log_of(tenant)) {
    text += fmt::format("{},{},{},{},{}\n", id++, 60 * job.submit_min,
                        std::min<std::int64_t>(job.chips, most_chips), 60 * job.run_min,
                        0.6 * job.run_min * job.request_percent);
  }
  return text;
}

}  // namespace busbar::property
