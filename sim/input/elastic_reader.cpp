#include "sim/input/elastic_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace busbar::input {
namespace {

// Sizes that a distribution can give; most 0: without an end.
struct Range {
  double least = 0.0, most = 0.0;
};
Range range_of(const model::Distribution& d) {
  switch (d.kind) {
    case model::DistributionKind::kConstant:
      return {d.location, d.location};
    case model::DistributionKind::kUniform:
      return {d.location, d.spread};
    case model::DistributionKind::kChoice: {
      if (d.values.empty()) return {d.least, d.most};
      const auto [least, most] = std::minmax_element(d.values.begin(), d.values.end());
      return {std::max(*least, d.least), d.most > 0.0 ? std::min(*most, d.most) : *most};
    }
    case model::DistributionKind::kExponential:
    case model::DistributionKind::kLogNormal:
      break;
  }
  return {d.least, d.most};
}

std::vector<std::int64_t> read_list(const xml::Element& e, base::Diagnostics& problems) {
  std::vector<std::int64_t> sizes;
  for (const std::string& word : xml::words(e, "sizes")) {
    std::int64_t size = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), size);
    if (error != std::errc{} || end != word.data() + word.size() || size < 1 ||
        size > 1'000'000'000) {
      problems.error(e.where("sizes"),
                     "<elastic> sizes: '{}' is no number of chips; write e.g. "
                     "sizes=\"8 16 32\"",
                     word);
      return {};
    }
    sizes.push_back(size);
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  if (sizes.empty()) {
    problems.error(e.where("sizes"), "<elastic> sizes: name at least one number of chips");
  }
  return sizes;
}

// Either a list, or bounds.
void read_sizes(const xml::Element& e, model::ElasticSizes& sizes, base::Diagnostics& problems) {
  if (e.has("sizes")) {
    for (const char* bound : {"least", "most", "step"}) {
      if (!e.has(bound)) continue;
      problems.error(e.where(bound), "<elastic> has sizes: leave {} out", bound);
    }
    sizes.listed = read_list(e, problems);
    if (sizes.listed.empty()) return;
    sizes.least = sizes.listed.front();
    sizes.most = sizes.listed.back();
    return;
  }
  for (const char* bound : {"least", "most"}) {
    if (e.has(bound)) continue;
    problems.error(e.where(), "<elastic> needs {}: write least and most, or a list of sizes",
                   bound);
  }
  sizes.least = xml::integer(e, "least", 1, problems, 1);
  sizes.most = xml::integer(e, "most", 1, problems, 1);
  sizes.step = xml::integer(e, "step", 0, problems, 1);
  if (sizes.least > sizes.most && e.has("most")) {
    problems.error(e.where("least"), "<elastic>: least {} is above most {}; exchange them",
                   sizes.least, sizes.most);
  } else if (sizes.step > sizes.most) {
    problems.error(e.where("step"), "<elastic>: no multiple of {} chips is at most {}", sizes.step,
                   sizes.most);
  }
}

// Tables of sizes are made for each size that a job may ask for: they are short.
void check_number(const xml::Element& e, const model::ElasticSizes& sizes,
                  base::Diagnostics& problems) {
  auto number = static_cast<std::int64_t>(sizes.listed.size());
  if (sizes.step > 0) number = sizes.most / sizes.step - (sizes.least - 1) / sizes.step;
  if (number <= static_cast<std::int64_t>(model::ElasticSizes::kMost)) return;
  problems.error(e.where(sizes.step > 0 ? "step" : "sizes"),
                 "<elastic>: {} sizes are more than the {} that a job may have{}", number,
                 model::ElasticSizes::kMost, sizes.step > 0 ? "; write a larger step" : "");
}

}  // namespace

model::ElasticSizes read_elastic(const xml::Element& e, const model::TrainingStream& stream,
                                 const model::Workload& workload, base::Diagnostics& problems) {
  const size_t before = problems.all().size();
  model::ElasticSizes sizes;
  read_sizes(e, sizes, problems);
  sizes.where = e.where(e.has("sizes") ? "sizes" : "least");
  sizes.scales_batch = e.get("batch", "kept") == "scaled";
  if (!stream.model) {
    problems.error(e.where(),
                   "stream '{}' is elastic: how fast it is at each size follows from its model; "
                   "name one",
                   stream.name);
  } else if (sizes.scales_batch && workload.models[stream.model].critical_batch_tokens <= 0.0) {
    problems.error(e.where("batch"),
                   "stream '{}' scales its batch: what that is worth follows from the model's "
                   "critical-batch, and '{}' has none; write batch=\"kept\" or add it",
                   stream.name, workload.models[stream.model].name);
  }
  if (stream.span == model::Span::kWorld) {
    problems.error(e.where(),
                   "stream '{}' is elastic: its jobs stay at one site; write span=\"site\"",
                   stream.name);
  }
  if (problems.all().size() > before) return sizes;
  check_number(e, sizes, problems);
  const Range asked = range_of(stream.chips);
  const auto least = static_cast<double>(sizes.least), most = static_cast<double>(sizes.most);
  if (asked.least < least || asked.most > most || asked.most <= 0.0) {
    problems.error(
        e.where(),
        "stream '{}': its jobs ask for {:.0f} to {} chips, but run on {} to {}; the size "
        "that a job asks for is one of its sizes",
        stream.name, asked.least,
        asked.most > 0.0 ? fmt::format("{:.0f}", asked.most) : "any number of", sizes.least,
        sizes.most);
  }
  return sizes;
}

}  // namespace busbar::input
