/// The process of a policy plug-in: loads the library and answers the simulator.
#pragma once

#include <string>

#include "sim/scheduling/plugin_window.h"

namespace busbar::scheduling {

/// Loads a library, describes its policy in the window's text (or says there what is wrong with
/// it), and serves calls until the simulator closes its pipe. Never returns; runs in a process that
/// was forked for it.
[[noreturn]] void serve_plugin(const std::string& library, PluginWindow& window, int from_simulator,
                               int to_simulator);

}  // namespace busbar::scheduling
