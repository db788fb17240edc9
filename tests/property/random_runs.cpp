// Random experiments, run by the program itself: rules that hold in each of them, and equal bytes
// when it is run again. A failing one is shrunk, and its files and rapidcheck's seed are printed.
//
// usage: random_runs [COUNT]     (RC_PARAMS="seed=… …" repeats a failure)
#include <fmt/format.h>
#include <rapidcheck.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
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

// Runs the program; returns its exit status.
int run(const fs::path& scenario, const fs::path& trace, const fs::path& log) {
  const std::string command = fmt::format(
      "SOURCE_DATE_EPOCH=1800000000 '{}' run '{}' -o '{}' --force --progress none "
      ">/dev/null 2>'{}'",
      BUSBAR_BINARY, scenario.string(), trace.string(), log.string());
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void check(const RunDraw& drawn, const fs::path& folder, int& refused) {
  fs::remove_all(folder);
  const fs::path scenario = busbar::property::write(drawn, folder);
  const int status = run(scenario, folder / "a.h5", folder / "said");
  const std::string said = content_of(folder / "said");
  if (status == 2) {  // a job that no cluster holds, a limit below what idles: told, not run
    ++refused;
    RC_DISCARD("refused");
  }
  if (status != 0) RC_FAIL(fmt::format("exit status {}: {}", status, said));
  const auto broken = busbar::property::broken_rules((folder / "a.h5").string(), drawn);
  if (!broken.empty()) RC_FAIL(fmt::format("{}", fmt::join(broken, "\n")));
  RC_ASSERT(run(scenario, folder / "b.h5", folder / "said") == 0);
  if (content_of(folder / "a.h5") != content_of(folder / "b.h5")) RC_FAIL("two runs differ");
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
  const fs::path folder =
      fs::temp_directory_path() / fmt::format("busbar-random-runs-{}", ::getpid());
  int refused = 0;
  const bool holds = rc::check("chips, work, energy and quotas are kept in every run",
                               [&] { check(*busbar::property::any_run(), folder, refused); });
  fmt::print("refused as bad input: {}\n", refused);
  fs::remove_all(folder);
  return holds ? 0 : 1;
}
