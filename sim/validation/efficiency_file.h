/// Efficiency files as text, in the format of platform.xsd.
#pragma once

#include <string>

#include "sim/validation/calibration.h"
#include "sim/validation/kernel_fit.h"

namespace busbar::validation {

/// `<chip>-kernels.xml`: curves of products and collectives.
std::string kernels_xml(const std::string& accelerator, const KernelFits& fits,
                        const std::string& source);

/// `<chip>-<stack>.xml`: constants of steps by kind of model and release. `stack` says how steps
/// run.
std::string constants_xml(const model::Efficiency& stack,
                          const std::vector<model::StepConstants>& constants,
                          const std::string& source);

}  // namespace busbar::validation
