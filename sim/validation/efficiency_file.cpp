#include "sim/validation/efficiency_file.h"

#include <fmt/format.h>

namespace busbar::validation {
namespace {

constexpr const char* kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::string share(double fraction) { return fmt::format("{:.1f} %", 100.0 * fraction); }

}  // namespace

std::string kernels_xml(const std::string& accelerator, const KernelFits& fits,
                        const std::string& source) {
  std::string text = kHead;
  text += fmt::format("<!-- Curves of {}'s kernels. Written by busbar calibrate kernels. -->\n",
                      accelerator);
  text += fmt::format("<efficiency accelerator=\"{}\" source=\"{}\">\n", accelerator, source);
  for (const std::string& note : fits.left_out)
    text += fmt::format("  <!-- left out: {} -->\n", note);
  for (const auto& [precision, fit] : fits.products) {
    const model::GemmCurve& c = fit.curve;
    text += fmt::format(
        "  <product precision=\"{}\" ceiling=\"{}\" m-half=\"{:.0f}\" n-half=\"{:.0f}\" "
        "k-half=\"{:.0f}\" memory=\"{}\" launch=\"{:.1f} us\" points=\"{}\" error=\"{}\"/>\n",
        precision, share(c.ceiling), c.m_half, c.n_half, c.k_half, share(c.memory_ceiling),
        c.launch.value * 1e6, fit.points, share(fit.error));
  }
  for (const auto& [operation, fit] : fits.collectives) {
    const model::CollectiveCurve& c = fit.curve;
    text += fmt::format(
        "  <collective operation=\"{}\" startup=\"{:.1f} us\" bandwidth=\"{:.0f} GB/s\" "
        "half=\"{:.2f} MB\" points=\"{}\" error=\"{}\"/>\n",
        operation, c.startup.value * 1e6, c.bandwidth.value / 1e9, c.half.value / 1e6, fit.points,
        share(fit.error));
  }
  for (const auto& [timing, points, error] : fits.timings) {
    text += fmt::format(
        "  <timing operation=\"{}\" ranks=\"{}\"{} points=\"{}\" error=\"{}\">\n", timing.operation,
        timing.ranks, timing.numbers.empty() ? "" : fmt::format(" numbers=\"{}\"", timing.numbers),
        points, share(error));
    for (const model::ProtocolLine& line : timing.lines) {
      text += fmt::format("    <line startup=\"{:.2f} us\" bandwidth=\"{:.4g} GB/s\"/>\n",
                          line.startup.value * 1e6, line.bandwidth.value / 1e9);
    }
    text += "  </timing>\n";
  }
  return text + "</efficiency>\n";
}

std::string constants_xml(const model::Efficiency& stack,
                          const std::vector<model::StepConstants>& constants,
                          const std::string& source) {
  constexpr const char* kStyles[] = {"megatron", "xla", "neuron"};
  std::string text = kHead;
  text += fmt::format(
      "<!-- How {} runs training steps with {}. Written by busbar calibrate training. -->\n",
      stack.accelerator, stack.stack);
  text += fmt::format(
      "<efficiency accelerator=\"{}\" stack=\"{}\" style=\"{}\" fused-attention=\"{}\" "
      "overlaps=\"{}\" source=\"{}\">\n",
      stack.accelerator, stack.stack, kStyles[static_cast<size_t>(stack.style)],
      stack.fused_attention, stack.overlaps, source);
  for (const model::StepConstants& c : constants) {
    text +=
        fmt::format("  <step models=\"{}\"", model::kModelKindNames[static_cast<size_t>(c.models)]);
    if (!c.release.empty()) text += fmt::format(" release=\"{}\"", c.release);
    for (size_t i = 0; i < model::kTerms; ++i) {
      const std::string_view name = model::kTermNames[i];
      if (name.ends_with("-launch")) {
        text += fmt::format(" {}=\"{:.4g} us\"", name, c.value[i] * 1e6);
      } else {
        text += fmt::format(" {}=\"{:.4f}\"", name, c.value[i]);
      }
    }
    text += fmt::format(" precisions=\"{}\"", fmt::join(c.precisions, " "));
    text += fmt::format(" rows=\"{}\" chips=\"{:.0f}\" error=\"{}\" null-mfu=\"{}\">\n", c.rows,
                        c.chips, share(c.error), fmt::format("{:.2f} %", 100.0 * c.null_mfu));
    for (const auto& [precision, factor] : c.precision_factor) {
      text += fmt::format("    <precision name=\"{}\" factor=\"{:.4f}\"/>\n", precision, factor);
    }
    text += "  </step>\n";
  }
  return text + "</efficiency>\n";
}

}  // namespace busbar::validation
