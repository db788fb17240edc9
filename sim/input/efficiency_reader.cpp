#include <fmt/format.h>

#include <algorithm>

#include "sim/base/rows.h"
#include "sim/input/platform_reader.h"

namespace busbar::input {

using base::Dimension;
using xml::Element;

namespace {

// A plain number of a constant; the schema has checked its form.
double constant(const Element& e, std::string_view name, double fallback,
                base::Diagnostics& problems) {
  const auto text = e.attribute(name);
  if (!text) return fallback;
  const auto value = base::parse_number(text->value);
  if (!value || *value < 0.0) {
    problems.error(text->where, "{}: '{}' is not a number of at least 0", name, text->value);
    return fallback;
  }
  return *value;
}

model::GemmCurve read_product(const Element& e, base::Diagnostics& problems) {
  model::GemmCurve c;
  c.ceiling = xml::required_quantity(e, "ceiling", Dimension::kFraction, problems, 1e-3);
  c.m_half = constant(e, "m-half", 0.0, problems);
  c.n_half = constant(e, "n-half", 0.0, problems);
  c.k_half = constant(e, "k-half", 0.0, problems);
  c.memory_ceiling =
      xml::quantity(e, "memory", Dimension::kFraction, c.memory_ceiling, problems, 1e-3, 1.0);
  c.launch = base::Seconds{xml::quantity(e, "launch", Dimension::kTime, 0.0, problems)};
  return c;
}

model::CollectiveCurve read_collective(const Element& e, base::Diagnostics& problems) {
  return {base::Seconds{xml::required_quantity(e, "startup", Dimension::kTime, problems)},
          base::BytesPerSecond{
              xml::required_quantity(e, "bandwidth", Dimension::kBandwidth, problems, 1.0)},
          base::Bytes{xml::required_quantity(e, "half", Dimension::kBytes, problems)}};
}

model::CollectiveTiming read_timing(const Element& e, base::Diagnostics& problems) {
  model::CollectiveTiming timing;
  timing.operation = e.get("operation");
  timing.ranks = xml::integer(e, "ranks", 2, problems, 2);
  timing.numbers = e.get("numbers");
  for (const Element& line : e.children("line")) {
    timing.lines.push_back(
        {base::Seconds{xml::required_quantity(line, "startup", Dimension::kTime, problems)},
         base::BytesPerSecond{
             xml::required_quantity(line, "bandwidth", Dimension::kBandwidth, problems, 1.0)}});
  }
  return timing;
}

bool is_launch(std::string_view name) { return name.ends_with("-launch"); }

model::StepConstants read_step(const Element& e, base::Diagnostics& problems) {
  model::StepConstants c;
  c.release = e.get("release");
  const std::string models = e.get("models", "dense");
  for (size_t i = 0; i < model::kModelKindNames.size(); ++i) {
    if (models == model::kModelKindNames[i]) c.models = static_cast<model::ModelKind>(i);
  }
  c.null_mfu = xml::quantity(e, "null-mfu", Dimension::kFraction, 0.0, problems);
  for (size_t i = 0; i < model::kTerms; ++i) {
    const std::string_view name = model::kTermNames[i];
    c.value[i] = is_launch(name) ? xml::quantity(e, name, Dimension::kTime, c.value[i], problems)
                                 : constant(e, name, c.value[i], problems);
  }
  for (const Element& p : e.children("precision")) {
    c.precision_factor[p.get("name")] = constant(p, "factor", 1.0, problems);
  }
  for (const std::string& name : xml::words(e, "precisions")) c.precisions.insert(name);
  c.rows = xml::integer(e, "rows", 0, problems);
  c.chips = xml::integer(e, "chips", 0, problems);
  c.error = xml::quantity(e, "error", Dimension::kFraction, 0.0, problems);
  return c;
}

}  // namespace

void read_efficiency(const Element& e, model::Platform& platform, base::Diagnostics& problems) {
  model::Efficiency efficiency;
  const auto accelerator =
      resolve(e, "accelerator", "accelerator", platform.accelerators, problems);
  if (!accelerator) return;
  efficiency.accelerator = e.get("accelerator");
  efficiency.stack = e.get("stack");
  const std::string style = e.get("style", "megatron");
  efficiency.style = style == "xla"      ? model::StackStyle::kXla
                     : style == "neuron" ? model::StackStyle::kNeuron
                                         : model::StackStyle::kMegatron;
  efficiency.fused_attention = xml::boolean(e, "fused-attention", true, problems);
  efficiency.overlaps = xml::boolean(e, "overlaps", true, problems);
  const std::string subject =
      fmt::format("efficiency of '{}'{}{}", efficiency.accelerator,
                  efficiency.stack.empty() ? "" : " with ", efficiency.stack);
  cite(e, subject, platform.citations, problems);
  for (const Element& c : e.children()) {
    if (c.name() == "product") {
      efficiency.gemm[c.get("precision")] = read_product(c, problems);
    } else if (c.name() == "collective") {
      efficiency.collectives[c.get("operation")] = read_collective(c, problems);
    } else if (c.name() == "timing") {
      efficiency.timings.push_back(read_timing(c, problems));
    } else if (c.name() == "step") {
      efficiency.steps.push_back(read_step(c, problems));
    }
  }
  std::sort(efficiency.steps.begin(), efficiency.steps.end(),
            [](const auto& a, const auto& b) { return a.release < b.release; });
  for (const model::Efficiency& other : platform.efficiencies) {
    if (other.accelerator != efficiency.accelerator || other.stack != efficiency.stack) continue;
    problems.error(e.where(), "{} is defined twice", subject);
    return;
  }
  platform.efficiencies.push_back(std::move(efficiency));
}

}  // namespace busbar::input
