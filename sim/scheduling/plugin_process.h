/// A queue policy in a shared library, in a process of its own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sim/base/quantity.h"
#include "sim/base/registry.h"
#include "sim/scheduling/plugin_window.h"

namespace busbar::scheduling {

/// The library may crash, hang or scribble over its memory: it harms a child process. Views and
/// decisions go through shared memory, one byte through a pipe says that they are there.
class PluginProcess {
 public:
  /// Wall-clock cost of the calls of decide().
  struct Latency {
    std::int64_t calls = 0;
    double total_s = 0.0, most_s = 0.0;
  };

  /// Forks, loads the library there and asks what its policy is. To be called before anything in
  /// this process starts threads or opens files.
  /// @param problem  why there is no policy, and the remedy; empty: there is one.
  /// @returns null with a problem.
  static std::unique_ptr<PluginProcess> start(const std::string& library, base::Seconds timeout,
                                              std::string& problem);
  ~PluginProcess();
  PluginProcess(const PluginProcess&) = delete;
  PluginProcess& operator=(const PluginProcess&) = delete;

  const base::BehaviourSpec& spec() const { return spec_; }
  /// `policy plug-in 'mine' (libmine.so)`, for messages.
  const std::string& title() const { return title_; }
  const std::string& library() const { return library_; }
  /// SHA-256 of the library's file.
  const std::string& sha256() const { return sha256_; }
  const Latency& latency() const { return latency_; }

  PluginWindow& window() { return *window_; }
  /// Whether a view with so many bytes fits into the window.
  static bool holds(size_t bytes);
  /// Hands over the parameters, in the order of the spec.
  void create(const base::Params& params);
  /// One decision on the view in the window; `answer` is called for each question.
  /// @throws PolicyFailure  the library crashed, ended or exceeded its time.
  void decide(const std::function<void()>& answer);

 private:
  using Clock = std::chrono::steady_clock;
  PluginProcess(std::string library, base::Seconds timeout);
  void fork_guest();
  void exchange(PluginMessage message, const std::string& call,
                const std::function<void()>& answer);
  void send(PluginMessage message);
  PluginMessage receive(Clock::time_point deadline);
  std::string read_description();
  std::string ending();
  void kill();

  std::string library_, title_, sha256_;
  base::Seconds timeout_;
  base::BehaviourSpec spec_;
  PluginWindow* window_ = nullptr;
  pid_t guest_ = -1;
  int to_guest_ = -1, from_guest_ = -1;
  Latency latency_;
};

}  // namespace busbar::scheduling
