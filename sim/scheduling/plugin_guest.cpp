#include "sim/scheduling/plugin_guest.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <tuple>
#include <vector>

namespace busbar::scheduling {
namespace {

// The pipes of the guest. Without a simulator there is nothing left to do.
class Line {
 public:
  Line(int in, int out) : in_(in), out_(out) {}
  PluginMessage receive() const {
    char message = 0;
    ssize_t got = 0;
    do got = ::read(in_, &message, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1) ::_exit(0);
    return static_cast<PluginMessage>(message);
  }
  void send(PluginMessage message) const {
    const char byte = static_cast<char>(message);
    ssize_t sent = 0;
    do sent = ::write(out_, &byte, 1);
    while (sent < 0 && errno == EINTR);
    if (sent != 1) ::_exit(0);
  }

 private:
  int in_, out_;
};

// States to play with. Where counts of chips tell all of a pool they are kept here; else the
// simulator is asked, unless there are too few free chips anyway.
class States {
 public:
  States(PluginWindow& window, const Line& line) : window_(window), line_(line) {
    for (auto& state : states_) state.free = window.free_chips;
  }
  void show(const busbar_view& view) { view_ = &view; }

  bool fits(int state, std::uint32_t job) {
    if (!known(state) || job >= view_->waiting_count) return ask(PluginQuestion::kFits, state, job);
    if (view_->waiting[job].chips > states_[state].free) return false;
    return window_.counts_tell_all != 0 || ask(PluginQuestion::kFits, state, job);
  }
  bool take(int state, std::uint32_t job) {
    if (!known(state) || job >= view_->waiting_count) return ask(PluginQuestion::kTake, state, job);
    if (view_->waiting[job].chips > states_[state].free) return false;
    if (window_.counts_tell_all == 0) return ask(PluginQuestion::kTake, state, job);
    states_[state].free -= view_->waiting[job].chips;
    states_[state].taken.push_back(job);
    return true;
  }
  void release(int state, std::uint32_t job) {
    if (window_.counts_tell_all == 0 || !known(state) || job >= view_->running_count) {
      ask(PluginQuestion::kRelease, state, job);
    } else {
      states_[state].free += view_->running[job].chips;
    }
  }
  void copy(int to, int from) {
    if (!known(to) || !known(from)) {
      window_.from = from;
      ask(PluginQuestion::kCopy, to, 0);
      return;
    }
    if (window_.counts_tell_all == 0) {
      window_.from = from;
      ask(PluginQuestion::kCopy, to, 0);
    }
    states_[to] = states_[from];
  }
  double earliest(int state, std::uint32_t job) {
    if (window_.counts_tell_all == 0 || !known(state) || job >= view_->waiting_count) {
      ask(PluginQuestion::kEarliest, state, job);
      return window_.time_s;
    }
    return earliest_by_counts(states_[state], view_->waiting[job].chips);
  }

 private:
  struct State {
    std::int64_t free = 0;
    std::vector<std::uint32_t> taken;
  };
  static bool known(int state) { return state >= 0 && state < BUSBAR_STATES; }

  double earliest_by_counts(State& state, std::int64_t chips) const {
    // By expected end, chips and id, as the simulator keeps running jobs.
    using End = std::tuple<double, std::int64_t, std::int32_t>;
    std::vector<End> started;
    for (const std::uint32_t job : state.taken) {
      const busbar_waiting& taken = view_->waiting[job];
      started.emplace_back(view_->now_s + taken.requested_s, taken.chips, taken.id);
    }
    state.taken.clear();
    std::sort(started.begin(), started.end());
    const busbar_running* old_job = view_->running;
    const busbar_running* const last_old = old_job + view_->running_count;
    for (auto new_job = started.begin(); old_job != last_old || new_job != started.end();) {
      const End old_end = old_job == last_old
                              ? End{std::numeric_limits<double>::infinity(), 0, 0}
                              : End{old_job->expected_end_s, old_job->chips, old_job->id};
      const bool old_first =
          new_job == started.end() || (old_job != last_old && old_end < *new_job);
      const auto& [end_s, freed, id] = old_first ? old_end : *new_job;
      state.free += freed;
      if (old_first) {
        ++old_job;
      } else {
        ++new_job;
      }
      if (state.free >= chips) return end_s;
    }
    return std::numeric_limits<double>::infinity();
  }

  bool ask(PluginQuestion question, int state, std::uint32_t job) {
    window_.question = question;
    window_.state = state;
    window_.job = job;
    line_.send(PluginMessage::kQuestion);
    line_.receive();
    if (known(state)) states_[state].free = window_.state_free_chips;
    return window_.yes != 0;
  }

  PluginWindow& window_;
  const Line& line_;
  const busbar_view* view_ = nullptr;
  State states_[BUSBAR_STATES];
};

States& states_of(const busbar_host* host) { return *static_cast<States*>(host->context); }
int fits(const busbar_host* host, int state, std::uint32_t job) {
  return states_of(host).fits(state, job) ? 1 : 0;
}
int take(const busbar_host* host, int state, std::uint32_t job) {
  return states_of(host).take(state, job) ? 1 : 0;
}
void release(const busbar_host* host, int state, std::uint32_t job) {
  states_of(host).release(state, job);
}
void copy(const busbar_host* host, int to, int from) { states_of(host).copy(to, from); }
double earliest(const busbar_host* host, int state, std::uint32_t job) {
  return states_of(host).earliest(state, job);
}

std::string one_line(const char* text) {
  std::string line = text == nullptr ? "" : text;
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return line;
}

// Lines: name, summary, then seven for each parameter.
std::string description_of(const busbar_policy& policy) {
  std::string text = one_line(policy.name) + "\n" + one_line(policy.summary) + "\n";
  for (std::uint32_t i = 0; i < policy.parameter_count; ++i) {
    const busbar_parameter& p = policy.parameters[i];
    text += fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", one_line(p.name), one_line(p.fallback),
                        one_line(p.summary), p.dimension, p.whole, p.least, p.most);
  }
  return text;
}

// The library's policy, or null with the reason in `problem`.
const busbar_policy* load(const std::string& library, std::string& problem) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    problem = fmt::format(
        "it cannot be loaded ({}); build it with e.g. 'cc -shared -fPIC -I. -o libmine.so mine.c'",
        one_line(::dlerror()));
    return nullptr;
  }
  const auto get = reinterpret_cast<const busbar_policy* (*)()>(  // NOLINT: the way of dlsym
      ::dlsym(handle, "busbar_get_policy"));
  if (get == nullptr) {
    problem =
        "it has no function busbar_get_policy; write one as sim/scheduling/busbar_policy.h says "
        "(in C++ within extern \"C\")";
    return nullptr;
  }
  const busbar_policy* policy = get();
  if (policy == nullptr) {
    problem = "its busbar_get_policy() returns null; it must return its policy";
    return nullptr;
  }
  const busbar_policy own{BUSBAR_POLICY_HEAD};
  if (policy->abi != own.abi) {
    problem = fmt::format(
        "it speaks version {} of the interface, this program version {}; build it with this "
        "program's sim/scheduling/busbar_policy.h",
        policy->abi, own.abi);
  } else if (!std::equal(std::begin(own.sizes), std::end(own.sizes), policy->sizes)) {
    problem =
        "the sizes of its structures differ from this program's; build it with this program's "
        "sim/scheduling/busbar_policy.h, and begin the policy with BUSBAR_POLICY_HEAD";
  } else if (policy->decide == nullptr) {
    problem = "its policy has no decide(); set one";
  } else if (policy->parameter_count > PluginWindow::kMostParameters ||
             (policy->parameter_count > 0 && policy->parameters == nullptr)) {
    problem = fmt::format("its policy says that it has {} parameters; there may be {}, in an array",
                          policy->parameter_count, PluginWindow::kMostParameters);
  } else if (description_of(*policy).size() >= PluginWindow::kTextBytes) {
    problem = fmt::format("the names and summaries of its policy are over {} bytes; shorten them",
                          PluginWindow::kTextBytes);
  }
  return problem.empty() ? policy : nullptr;
}

void decide(const busbar_policy& policy, void* self, PluginWindow& window, const Line& line) {
  const PluginArrays arrays(window);
  States states(window, line);
  const busbar_host host{&states, fits, take, release, copy, earliest};
  const busbar_view view{window.now_s,
                         window.free_chips,
                         window.waiting_count,
                         window.running_count,
                         window.part_count,
                         window.tenant_count,
                         array_in<busbar_waiting>(window, arrays.waiting),
                         array_in<busbar_running>(window, arrays.running),
                         array_in<busbar_part>(window, arrays.parts),
                         array_in<busbar_tenant>(window, arrays.tenants)};
  states.show(view);
  busbar_decisions decisions{};
  decisions.starts = array_in<busbar_start>(window, arrays.starts);
  decisions.preempted = array_in<std::int32_t>(window, arrays.preempted);
  window.returned = policy.decide(self, &view, &host, &decisions);
  window.start_count = decisions.start_count;
  window.preempted_count = decisions.preempted_count;
  window.preempted_restart_s = decisions.preempted_restart_s;
  put_text(window, window.returned != 0 ? one_line(decisions.message) : std::string{});
}

}  // namespace

void serve_plugin(const std::string& library, PluginWindow& window, int from_simulator,
                  int to_simulator) {
  const Line line(from_simulator, to_simulator);
  std::string problem;
  const busbar_policy* policy = load(library, problem);
  put_text(window, policy != nullptr ? description_of(*policy) : problem);
  line.send(policy != nullptr ? PluginMessage::kDone : PluginMessage::kRefused);
  void* self = nullptr;
  for (;;) {
    if (line.receive() == PluginMessage::kCreate) {
      const std::vector<double> values(window.parameters,
                                       window.parameters + window.parameter_count);
      if (policy->create != nullptr) self = policy->create(values.data());
    } else {
      decide(*policy, self, window, line);
    }
    line.send(PluginMessage::kDone);
  }
}

}  // namespace busbar::scheduling
