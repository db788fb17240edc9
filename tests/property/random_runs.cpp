// Random experiments, run by the program itself: rules that hold in each of them, and equal bytes
// when it is run again. A failing one is shrunk; commands that repeat it and rapidcheck's seed are
// printed, and its files are kept.
//
// usage: random_runs [COUNT]     (RC_PARAMS="seed=… …" repeats a failure; BUSBAR_BIN
// names another program)
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidcheck.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/property/invariants.h"
#include "tests/property/random_run.h"

namespace {

namespace fs = std::filesystem;
using busbar::property::RunDraw;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// How many runs may be tried to make a failing one smaller.
constexpr int kMostWhileShrinking = 500;

// Where runs are tried out, and where the one that failed last, the smallest, is kept.
class Folders {
 public:
  Folders() {
    const fs::path all = fs::temp_directory_path();
    trial = all / fmt::format("busbar-random-run-{}", ::getpid());
    kept = all / fmt::format("busbar-counterexample-{}", ::getpid());
  }
  ~Folders() { fs::remove_all(trial); }
  void keep(const std::string& why) const {
    std::ofstream(trial / "why.txt") << why << "\n";
    fs::remove_all(kept);
    fs::copy(trial, kept);
  }
  fs::path trial, kept;
};

const char* binary() {
  const char* given = std::getenv("BUSBAR_BIN");
  return given != nullptr ? given : BUSBAR_BINARY;
}

// Runs the program; returns its exit status.
int run(const fs::path& scenario, const fs::path& trace, const fs::path& log) {
  const std::string command = fmt::format(
      "SOURCE_DATE_EPOCH=1800000000 timeout 300 '{}' run '{}' -o '{}' --audit --force --progress "
      "none "
      ">/dev/null 2>'{}'",
      binary(), scenario.string(), trace.string(), log.string());
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What is wrong with a run; empty: nothing.
std::string wrong_with(const RunDraw& drawn, const Folders& folders, bool& refused,
                       std::map<std::string, int>& happened) {
  fs::remove_all(folders.trial);
  fs::create_directories(folders.trial);
  for (const auto& [name, text] : busbar::property::files_of(drawn)) {
    std::ofstream(folders.trial / name) << text;
  }
  const fs::path scenario = folders.trial / "scenario.xml", said = folders.trial / "said.txt",
                 first = folders.trial / "first.h5", second = folders.trial / "second.h5";
  const int status = run(scenario, first, said);
  refused = status == 2;  // a job that no cluster holds, a limit below what idles: told, not run
  if (refused) return "";
  if (status != 0) return fmt::format("exit status {}: {}", status, content_of(said));
  const busbar::property::Tables trace(first.string());
  for (const std::string& what : busbar::property::happenings(trace)) ++happened[what];
  const auto broken = busbar::property::broken_rules(trace, drawn);
  if (!broken.empty()) return fmt::format("{}", fmt::join(broken, "\n"));
  if (run(scenario, second, said) != 0) return "the second run fails: " + content_of(said);
  return content_of(first) == content_of(second) ? "" : "two runs differ";
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 100;
  if (count < 1) {
    fmt::print(stderr, "usage: random_runs [COUNT]\n");
    return 2;
  }
  const std::string params = fmt::format("max_success={} max_discard_ratio=2", count);
  const char* given = std::getenv("RC_PARAMS");
  ::setenv("RC_PARAMS",
           given != nullptr ? fmt::format("{} {}", params, given).c_str() : params.c_str(), 1);
  const Folders folders;
  int refusals = 0, after_failure = 0;
  std::map<std::string, int> happened;  // in how many runs
  const bool holds = rc::check("chips, work, energy, quotas and turns are kept in every run", [&] {
    if (after_failure > 0 && after_failure++ > kMostWhileShrinking) return;
    bool refused = false;
    const std::string wrong = wrong_with(*busbar::property::any_run(), folders, refused, happened);
    if (refused) {
      ++refusals;
      RC_DISCARD("refused");
    }
    if (wrong.empty()) return;
    folders.keep(wrong);
    after_failure = std::max(after_failure, 1);
    RC_FAIL(wrong);
  });
  fmt::print("refused as bad input: {}\n", refusals);
  for (const auto& [what, runs] : happened) fmt::print("{:6} runs: {}\n", runs, what);
  if (!holds) {
    fmt::print("the smallest failing run is in {0}; repeat it with\n  {1} run {0}/scenario.xml\n",
               folders.kept.string(), binary());
  }
  return holds ? 0 : 1;
}
