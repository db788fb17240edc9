#include "sim/scheduling/plugin_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "sim/base/error.h"
#include "sim/base/hash.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/scheduling/plugin_guest.h"
#include "sim/scheduling/policy.h"

namespace busbar::scheduling {
namespace {

// Address space, not memory: pages come with their first use. Millions of waiting jobs fit.
constexpr size_t kWindowBytes = size_t{1} << 30;

// A name that XML and messages take: a letter, then letters, digits, '-', '_' or '.'.
bool is_name(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

base::Dimension dimension_of(int code, std::string& problem) {
  switch (code) {
    case BUSBAR_NUMBER:
      return base::Dimension::kCount;
    case BUSBAR_FRACTION:
      return base::Dimension::kFraction;
    case BUSBAR_TIME:
      return base::Dimension::kTime;
    case BUSBAR_POWER:
      return base::Dimension::kPower;
    case BUSBAR_MONEY:
      return base::Dimension::kMoney;
    case BUSBAR_PRICE_OVER_TIME:
      return base::Dimension::kPriceOverTime;
    default:
      problem = fmt::format("its dimension is {}; choose one of busbar_policy.h", code);
      return base::Dimension::kCount;
  }
}

// Reads one parameter from seven lines; returns what is wrong with it.
std::string read_parameter(std::istream& lines, base::ParameterSpec& spec) {
  std::string dimension, whole, least, most, problem;
  for (std::string* line :
       {&spec.name, &spec.fallback, &spec.summary, &dimension, &whole, &least, &most}) {
    std::getline(lines, *line);
  }
  if (!is_name(spec.name)) return "its name must be letters, digits and '-'";
  spec.dimension = dimension_of(std::stoi(dimension), problem);
  if (!problem.empty()) return problem;
  spec.whole = std::stoi(whole) != 0;
  spec.least = std::strtod(least.c_str(), nullptr);
  spec.most = std::strtod(most.c_str(), nullptr);
  if (!(spec.least <= spec.most)) {
    return fmt::format("its range {} to {} is empty", least, most);
  }
  const auto fallback = base::parse_quantity(spec.fallback, spec.dimension);
  if (!fallback) return fmt::format("its fallback '{}': {}", spec.fallback, fallback.error);
  if (fallback.value < spec.least || fallback.value > spec.most) {
    return fmt::format("its fallback '{}' is outside its range {} to {}", spec.fallback, least,
                       most);
  }
  if (spec.whole && fallback.value != std::floor(fallback.value)) {
    return fmt::format("its fallback '{}' is not a whole number", spec.fallback);
  }
  return {};
}

}  // namespace

PluginProcess::PluginProcess(std::string library, base::Seconds timeout)
    : library_(std::move(library)),
      title_(fmt::format("policy library '{}'", library_)),
      timeout_(timeout) {}

std::unique_ptr<PluginProcess> PluginProcess::start(const std::string& library,
                                                    base::Seconds timeout, std::string& problem) {
  std::unique_ptr<PluginProcess> plugin(new PluginProcess(library, timeout));
  std::ifstream file(library, std::ios::binary);
  std::error_code no_matter;
  if (!file || !std::filesystem::is_regular_file(library, no_matter)) {
    problem =
        fmt::format("{}: there is no such file; give the path of a shared library", plugin->title_);
    return nullptr;
  }
  plugin->sha256_ = base::sha256(std::string(std::istreambuf_iterator<char>(file), {}));
  try {
    plugin->fork_guest();
    const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                             std::chrono::duration<double>(timeout.value));
    if (plugin->receive(deadline) == PluginMessage::kRefused) {
      plugin->window_->text[PluginWindow::kTextBytes - 1] = '\0';
      problem = fmt::format("{}: {}", plugin->title_, plugin->window_->text);
      return nullptr;
    }
  } catch (const PolicyFailure& failure) {
    problem = fmt::format(
        "{} {} while it was loaded; its constructors and busbar_get_policy() "
        "are to return at once",
        plugin->title_, failure.what());
    return nullptr;
  }
  problem = plugin->read_description();
  if (!problem.empty()) {
    problem = fmt::format("{}: {}", plugin->title_, problem);
    return nullptr;
  }
  plugin->title_ = fmt::format("policy plug-in '{}' ({})", plugin->spec_.name, library);
  return plugin;
}

PluginProcess::~PluginProcess() {
  kill();
  if (to_guest_ >= 0) ::close(to_guest_);
  if (from_guest_ >= 0) ::close(from_guest_);
  if (window_ != nullptr) ::munmap(window_, kWindowBytes);
}

bool PluginProcess::holds(size_t bytes) { return bytes <= kWindowBytes; }

// ── The process ──────────────────────────────────────────────────────────────────────────────────

void PluginProcess::fork_guest() {
  void* memory = ::mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int there[2], back[2];
  if (memory == MAP_FAILED || ::pipe2(there, O_CLOEXEC) != 0 || ::pipe2(back, O_CLOEXEC) != 0) {
    throw base::IoError(
        fmt::format("cannot start a process for {}: {}", title_, std::strerror(errno)));
  }
  window_ = static_cast<PluginWindow*>(memory);
  // The full path, so that the loader does not search for it.
  const std::string path = std::filesystem::absolute(library_).string();
  std::fflush(nullptr);  // else the guest would print again what waits to be printed
  guest_ = ::fork();
  if (guest_ < 0) {
    throw base::IoError(
        fmt::format("cannot start a process for {}: {}", title_, std::strerror(errno)));
  }
  if (guest_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the simulator, which closes its trace
    ::close(there[1]);
    ::close(back[0]);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);  // the standard output is for data
    serve_plugin(path, *window_, there[0], back[1]);
  }
  ::close(there[0]);
  ::close(back[1]);
  to_guest_ = there[1];
  from_guest_ = back[0];
}

void PluginProcess::kill() {
  if (guest_ < 0) return;
  ::kill(guest_, SIGKILL);
  int status = 0;
  while (::waitpid(guest_, &status, 0) < 0 && errno == EINTR) {
  }
  guest_ = -1;
}

// How the guest came to its end, once its pipe is closed.
std::string PluginProcess::ending() {
  int status = 0;
  pid_t waited = 0;
  do waited = ::waitpid(guest_, &status, 0);
  while (waited < 0 && errno == EINTR);
  guest_ = -1;
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return fmt::format("crashed (signal {}: {})", signal, ::strsignal(signal));
  }
  return fmt::format("ended its process (exit status {})", WEXITSTATUS(status));
}

void PluginProcess::send(PluginMessage message) {
  const char byte = static_cast<char>(message);
  // A guest that is gone is told by receive(), which knows how it went.
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  while (::write(to_guest_, &byte, 1) < 0 && errno == EINTR) {
  }
  ::sigaction(SIGPIPE, &before, nullptr);
}

PluginMessage PluginProcess::receive(Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd line{from_guest_, POLLIN, 0};
    const auto wait_ms = std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000);
    const int ready = ::poll(&line, 1, static_cast<int>(wait_ms));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      kill();
      throw PolicyFailure(fmt::format("did not return within {}", base::format_duration(timeout_)));
    }
    char message = 0;
    const ssize_t got = ::read(from_guest_, &message, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1) throw PolicyFailure(ending());
    return static_cast<PluginMessage>(message);
  }
}

// ── Calls ────────────────────────────────────────────────────────────────────────────────────────

std::string PluginProcess::read_description() {
  window_->text[PluginWindow::kTextBytes - 1] = '\0';
  std::istringstream lines(window_->text);
  std::getline(lines, spec_.name);
  std::getline(lines, spec_.summary);
  if (!is_name(spec_.name)) {
    return fmt::format("its policy's name '{}' must be letters, digits and '-'", spec_.name);
  }
  while (lines.peek() != std::istringstream::traits_type::eof()) {
    base::ParameterSpec parameter;
    const std::string problem = read_parameter(lines, parameter);
    const auto same = [&](const auto& other) { return other.name == parameter.name; };
    const bool twice = std::any_of(spec_.parameters.begin(), spec_.parameters.end(), same) ||
                       parameter.name == "policy" || parameter.name == "placement";
    if (!problem.empty()) return fmt::format("parameter '{}': {}", parameter.name, problem);
    if (twice) return fmt::format("parameter '{}': the name is taken", parameter.name);
    spec_.parameters.push_back(std::move(parameter));
  }
  return {};
}

void PluginProcess::create(const base::Params& params) {
  window_->parameter_count = static_cast<std::uint32_t>(spec_.parameters.size());
  for (size_t i = 0; i < spec_.parameters.size(); ++i) {
    window_->parameters[i] = params.get(spec_.parameters[i].name);
  }
  exchange(PluginMessage::kCreate, "create()", {});
}

void PluginProcess::decide(const std::function<void()>& answer) {
  const auto begin = Clock::now();
  ++latency_.calls;
  exchange(PluginMessage::kDecide, fmt::format("call {} of decide()", latency_.calls), answer);
  const double took_s = std::chrono::duration<double>(Clock::now() - begin).count();
  latency_.total_s += took_s;
  latency_.most_s = std::max(latency_.most_s, took_s);
}

void PluginProcess::exchange(PluginMessage message, const std::string& call,
                             const std::function<void()>& answer) {
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(
                         std::chrono::duration<double>(std::min(timeout_.value, 1e6)));
  try {
    send(message);
    while (receive(deadline) == PluginMessage::kQuestion && answer) {
      answer();
      send(PluginMessage::kAnswer);
    }
  } catch (const PolicyFailure& failure) {
    throw PolicyFailure(fmt::format("{} {} in {}", title_, failure.what(), call));
  }
}

}  // namespace busbar::scheduling
