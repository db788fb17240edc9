#include "sim/collectives/switch_algorithms.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/collectives/switch_net.h"
#include "sim/collectives/torus_net.h"

namespace busbar::collectives {
namespace {

std::string needs_switch(const Task& task) {
  if (task.wiring.sites > 1) return "it stays inside one site";
  if (task.wiring.inside.kind == model::DomainTopology::kTorus && task.wiring.inside.chips() > 1) {
    return "it needs switched ports";
  }
  if (task.dead) return "a dead cable is one of a torus";
  return {};
}

// Chunks of pipelines: NCCL's are some 64 KiB or more.
constexpr double kLeastChunk = 65536.0, kMostChunks = 1024.0;

// Latency of a path of hops inside groups and between them.
double path_s(const Task& task, double inside, double between) {
  return inside * task.wiring.inside.hop.value + between * task.wiring.between.latency.value;
}

Plan finish(const Task& task, SwitchNet& net, Chain steps) {
  Plan plan;
  plan.folded = task.folded;
  plan.links = net.take_links();
  plan.steps = std::move(steps);
  return plan;
}

// One step of the rings: `bytes` from each rank to the next, over all rings together.
std::vector<Message> ring_messages(const SwitchNet& net, double bytes) {
  const int p = net.ports(), groups = net.groups();
  std::vector<Message> messages;
  for (int g = 0; g < groups; ++g) {
    for (int i = 0; i < p; ++i) {
      const int from = g * p + i, beside = g * p + (i + 1) % p;
      const int beyond = (g + 1) % groups * p + (i + 1) % p;
      // Of p rings, one leaves the group here; the others go to the chip beside.
      if (groups == 1) {
        messages.push_back({from, beside, bytes});
      } else {
        if (p > 1) messages.push_back({from, beside, bytes * (p - 1.0) / p});
        messages.push_back({from, beyond, bytes / p});
      }
    }
  }
  return messages;
}

// A pipeline of `depth` hops whose steady round is `messages(bytes)`, of `size` bytes in all.
// Chunks follow each other without waiting, so that latency counts once a hop and not once a chunk.
template <class Messages>
Chain pipeline(SwitchNet& net, const Messages& messages, double size, int depth, double latency_s) {
  const double chunks = std::clamp(std::round(size / kLeastChunk), 1.0, kMostChunks);
  Step chunk = net.round(messages(size / chunks), static_cast<std::int64_t>(chunks) + depth - 1);
  for (Transfer& t : chunk.transfers) t.latency_s = 0.0;
  Step hops = round_of({{chunk.transfers[0].path, 0.0, latency_s}});
  return {std::move(hops), std::move(chunk)};
}

// Parent in NCCL's binary tree of n ranks: -1 for rank 0.
int parent_of(int rank, int n) {
  if (rank == 0) return -1;
  const int bit = rank & -rank;
  const int parent = (rank ^ bit) | (bit << 1);
  return parent < n ? parent : rank ^ bit;
}

int depth_of(int n) {
  int most = 0;
  for (int r = 0; r < n; ++r) {
    int depth = 0;
    for (int at = parent_of(r, n); at >= 0; at = parent_of(at, n)) ++depth;
    most = std::max(most, depth);
  }
  return most;
}

}  // namespace

std::string Ring::unfit(const Task& task) const {
  if (task.operation == Operation::kAllToAll || task.operation == Operation::kSendRecv) {
    return "it does all-reduce, reduce-scatter, all-gather and broadcast";
  }
  return needs_switch(task);
}

Plan Ring::plan(const Task& task) const {
  SwitchNet net(task);
  const int n = net.ranks();
  if (task.operation == Operation::kBroadcast) {
    const double beyond = net.groups() - 1.0;
    return finish(task, net,
                  pipeline(
                      net, [&](double bytes) { return ring_messages(net, bytes); }, task.size.value,
                      n - 1, path_s(task, n - 1.0 - beyond, beyond)));
  }
  const std::int64_t passes = task.operation == Operation::kAllReduce ? 2 : 1;
  return finish(task, net, {net.round(ring_messages(net, task.size.value / n), passes * (n - 1))});
}

std::string Tree::unfit(const Task& task) const {
  const bool broadcasts = task.operation == Operation::kBroadcast && !twice_;
  if (task.operation != Operation::kAllReduce && !broadcasts) {
    return twice_ ? "it does all-reduce" : "it does all-reduce and broadcast";
  }
  return needs_switch(task);
}

Plan Tree::plan(const Task& task) const {
  SwitchNet net(task);
  const int p = net.groups() > 1 ? net.ports() : 1;
  const int vertices = net.ranks() / p;
  const bool up = task.operation == Operation::kAllReduce;
  const auto messages = [&](double bytes) {
    std::vector<Message> all;
    for (int tree = 0; tree < (twice_ ? 2 : 1); ++tree) {
      // The second tree is the first mirrored, or shifted where that would keep leaves leaves.
      const auto vertex = [&](int v) {
        if (tree == 0) return v;
        return vertices % 2 == 0 ? vertices - 1 - v : (v + 1) % vertices;
      };
      const double part = bytes / (twice_ ? 2.0 : 1.0) / p;
      for (int v = 1; v < vertices; ++v) {
        const int a = vertex(v) * p, b = vertex(parent_of(v, vertices)) * p;
        for (int i = 0; i < p; ++i) {
          if (up) all.push_back({a + i, b + i, part});
          all.push_back({b + i, a + i, part});
        }
      }
    }
    // Chips of a group: a chain below each NIC.
    for (int r = 0; r < net.ranks() && p > 1; ++r) {
      const int beside = r / p * p + (r % p + 1) % p;
      if (up) all.push_back({r, beside, bytes * (p - 1.0) / p});
      all.push_back({beside, r, bytes * (p - 1.0) / p});
    }
    return all;
  };
  const int levels = depth_of(vertices), hops = levels + p - 1;
  const double path = net.groups() > 1 ? path_s(task, p - 1.0, levels) : path_s(task, levels, 0.0);
  return finish(
      task, net,
      pipeline(net, messages, task.size.value, up ? 2 * hops : hops, up ? 2.0 * path : path));
}

std::string HalvingDoubling::unfit(const Task& task) const {
  if (task.operation != Operation::kAllReduce && task.operation != Operation::kReduceScatter &&
      task.operation != Operation::kAllGather) {
    return "it does all-reduce, reduce-scatter and all-gather";
  }
  if (!std::has_single_bit(static_cast<unsigned>(task.wiring.chips()))) {
    return "it needs a power of two of ranks";
  }
  return needs_switch(task);
}

Plan HalvingDoubling::plan(const Task& task) const {
  SwitchNet net(task);
  Chain scatter;
  double bytes = task.size.value;
  for (int distance = 1; distance < net.ranks(); distance *= 2) {
    bytes /= 2.0;
    std::vector<Message> messages;
    messages.reserve(static_cast<size_t>(net.ranks()));
    for (int r = 0; r < net.ranks(); ++r) messages.push_back({r, r ^ distance, bytes});
    scatter.push_back(net.round(messages));
  }
  Chain steps;
  if (task.operation != Operation::kAllGather) append(steps, scatter);
  if (task.operation != Operation::kReduceScatter) {
    append(steps, Chain(scatter.rbegin(), scatter.rend()));
  }
  return finish(task, net, std::move(steps));
}

std::string Pat::unfit(const Task& task) const {
  if (task.operation != Operation::kReduceScatter && task.operation != Operation::kAllGather) {
    return "it does reduce-scatter and all-gather";
  }
  return needs_switch(task);
}

Plan Pat::plan(const Task& task) const {
  SwitchNet net(task);
  const int n = net.ranks();
  const double block = task.size.value / n;
  Chain steps;
  int have = 1;
  for (int distance = static_cast<int>(std::bit_ceil(static_cast<unsigned>(n))) / 2; distance > 0;
       distance /= 2) {
    const int blocks = std::min(have, n - have);
    std::vector<Message> messages;
    messages.reserve(static_cast<size_t>(n));
    for (int r = 0; r < n; ++r) messages.push_back({r, (r + distance) % n, blocks * block});
    steps.push_back(net.round(messages));
    have += blocks;
  }
  if (task.operation == Operation::kReduceScatter) std::reverse(steps.begin(), steps.end());
  return finish(task, net, std::move(steps));
}

std::string InNetwork::unfit(const Task& task) const {
  if (task.operation == Operation::kAllToAll || task.operation == Operation::kSendRecv) {
    return "it does all-reduce, reduce-scatter, all-gather and broadcast";
  }
  if (task.wiring.between.groups > 1) return "it stays inside one switched domain";
  if (!task.wiring.inside.in_network_reduction) return "the switch cannot add up";
  return needs_switch(task);
}

Plan InNetwork::plan(const Task& task) const {
  SwitchNet net(task);
  const double size = task.size.value, part = size / net.ranks();
  double out = size, in = size;
  if (task.operation == Operation::kAllReduce) out = in = size + part;
  if (task.operation == Operation::kReduceScatter) in = part;
  if (task.operation == Operation::kAllGather) out = part;
  return finish(task, net, {net.through_switch(out, in)});
}

std::string Direct::unfit(const Task& task) const {
  if (task.operation == Operation::kSendRecv) {
    return task.wiring.sites > 1 ? "it stays inside one site" : "";
  }
  if (task.operation != Operation::kAllToAll) return "it does all-to-all and send-recv";
  return needs_switch(task);
}

Plan Direct::plan(const Task& task) const {
  if (task.operation == Operation::kSendRecv &&
      task.wiring.inside.kind == model::DomainTopology::kTorus) {
    TorusNet net(task);
    Plan plan;
    const int axis = net.axes().front();
    plan.steps = {
        round_of(net.straight(axis, TorusNet::Coordinates(task.wiring.inside.axes.size(), 0),
                              {{0, 1}}, task.size.value))};
    plan.links = net.take_links();
    return plan;
  }
  SwitchNet net(task);
  if (task.operation == Operation::kSendRecv) {
    return finish(task, net, {net.round({{0, 1, task.size.value}})});
  }
  return finish(task, net, {net.all_pairs(task.size.value / net.ranks())});
}

}  // namespace busbar::collectives
