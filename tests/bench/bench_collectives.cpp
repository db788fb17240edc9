// Measures collectives as flows: CPU time and peak memory beside their targets. Each case is a
// process of its own, for SimGrid has one engine a process.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "sim/collectives/algorithm.h"
#include "sim/engine/plan_runner.h"

namespace {

using namespace busbar;

struct Case {
  const char* name;
  const char* torus;
  bool folded, dead;
  double target_s, target_mb;
};

bool run(const Case& c) {
  base::Diagnostics problems;
  collectives::Task task;
  task.size = base::Bytes{1 << 30};
  task.wiring = *topology::parse_topology(
      c.torus, {base::BytesPerSecond{100e9}, base::Seconds{1e-6}}, problems);
  task.folded = c.folded;
  if (c.dead) task.dead = collectives::DeadCable{0};
  base::Registry<collectives::Algorithm> registry{"collective"};
  collectives::add_builtin(registry);
  const std::clock_t begin = std::clock();
  const auto plan = *collectives::Algorithms(registry).plan(task, "multi-ring", problems);
  const auto flows = engine::run_plan(plan);
  const double cpu_s = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const double mb = static_cast<double>(used.ru_maxrss) / 1024.0;
  const bool met = cpu_s <= c.target_s && (c.target_mb == 0.0 || mb <= c.target_mb);
  fmt::print(
      "{:44} {:7} transfers {:7} flows {:8.3f} ms simulated {:7.3f} CPU s (at most {}) {:6.1f} "
      "MB{}\n",
      c.name, flows.transfers, flows.flows, flows.end[0].value * 1e3, cpu_s, c.target_s, mb,
      met ? "" : "  MISSED");
  std::fflush(stdout);
  return met;
}

}  // namespace

int main() {
  bool met = true;
  for (const Case& c :
       {Case{"8,192 chips, folded", "torus:16x16x32", true, false, 0.1, 100.0},
        Case{"8,192 chips, one dead cable", "torus:16x16x32", true, true, 1.0, 0.0},
        Case{"1,024 chips, every step of every chip", "torus:8x8x16", false, false, 1.5, 0.0}}) {
    const pid_t child = fork();
    if (child == 0) _exit(run(c) ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    met = met && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return met ? 0 : 1;
}
