/// The memory that the simulator and the process of a policy plug-in share, and their messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/scheduling/busbar_policy.h"

namespace busbar::scheduling {

/// One byte through a pipe says that the window holds a message.
enum class PluginMessage : char {
  // To the plug-in:
  kCreate = 'c',
  kDecide = 'd',
  kAnswer = 'a',
  // From it:
  kDone = 'D',
  kQuestion = 'Q',
  kRefused = 'R',  // the window's text says why
};

enum class PluginQuestion : std::int32_t { kFits, kTake, kRelease, kCopy, kEarliest };

/// The head of the window. Each side trusts only what it wrote itself.
struct PluginWindow {
  static constexpr size_t kTextBytes = 16384;
  static constexpr size_t kMostParameters = 64;

  // The view, written before a call; its arrays stand behind this head, see PluginArrays.
  double now_s;
  std::int64_t free_chips;
  std::uint32_t waiting_count, running_count, part_count, tenant_count;
  std::int32_t counts_tell_all;  // whether a job fits where there are as many free chips

  // A question of the plug-in, and its answer.
  PluginQuestion question;
  std::int32_t state, from;
  std::uint32_t job;
  std::int32_t yes;
  double time_s;
  std::int64_t state_free_chips;

  // What it decided.
  std::uint32_t start_count, preempted_count;
  double preempted_restart_s;
  std::int32_t returned;

  std::uint32_t parameter_count;
  double parameters[kMostParameters];
  char text[kTextBytes];  // its description at first, later why it refuses
};

/// Where the arrays of a view stand in the window.
struct PluginArrays {
  size_t waiting, running, parts, tenants, starts, preempted, end;  // bytes from the window's begin

  explicit PluginArrays(const PluginWindow& w)
      : PluginArrays(w.waiting_count, w.running_count, w.part_count, w.tenant_count) {}
  PluginArrays(size_t waiting_count, size_t running_count, size_t part_count, size_t tenant_count) {
    size_t at = sizeof(PluginWindow);
    const auto place = [&](size_t count, size_t bytes) {
      const size_t begin = (at + 63) / 64 * 64;
      at = begin + count * bytes;
      return begin;
    };
    waiting = place(waiting_count, sizeof(busbar_waiting));
    running = place(running_count, sizeof(busbar_running));
    parts = place(part_count, sizeof(busbar_part));
    tenants = place(tenant_count, sizeof(busbar_tenant));
    starts = place(waiting_count, sizeof(busbar_start));
    preempted = place(running_count, sizeof(std::int32_t));
    end = at;
  }
};

template <class T>
T* array_in(PluginWindow& window, size_t offset) {
  return reinterpret_cast<T*>(reinterpret_cast<char*>(&window) + offset);
}

/// Puts a text into the window, cut where it is too long.
inline void put_text(PluginWindow& window, std::string_view text) {
  const size_t bytes =
      text.size() < PluginWindow::kTextBytes ? text.size() : PluginWindow::kTextBytes - 1;
  text.copy(window.text, bytes);
  window.text[bytes] = '\0';
}

}  // namespace busbar::scheduling
