#pragma once

#include <gtest/gtest.h>

#include "sim/serving/steady_state.h"

namespace busbar::serving {

// Llama 3.1 70B in fp8 on eight H100.
class LlamaOnH100 : public ::testing::Test {
 protected:
  void SetUp() override {
    model::Accelerator gpu;
    gpu.name = "h100";
    gpu.peak_flops = {{"bf16", 989e12}, {"fp8", 1979e12}};
    gpu.memory = base::Bytes{80e9};
    gpu.memory_bandwidth = base::BytesPerSecond{3.35e12};
    model::Node node;
    node.name = "hgx";
    node.accelerator = platform_.accelerators.add(gpu);
    node.accelerators = 8;
    model::Nic nic;
    nic.name = "400g";
    nic.bandwidth = base::BytesPerSecond{50e9};
    node.nic = platform_.nics.add(nic);
    node.nics = 8;
    model::Domain domain;
    domain.name = "hgx-8";
    domain.node = platform_.nodes.add(node);
    domain.nodes = 1;
    domain.chips_installed = domain.chips_usable = domain.chips_used = 8;
    platform_.domains.add(domain);
    model_.name = "70b";
    model_.hidden = 8192;
    model_.vocabulary = 128256;
    model::LayerGroup group;
    group.count = 80;
    group.attention = {.heads = 64, .kv_heads = 8, .head_dim = 128};
    group.feed_forward.width = 28672;
    model_.layers = {group};
    service_.input_tokens = 1000;
    service_.output_tokens = 1000;
    service_.ttft_slo = base::Seconds{2.0};
    service_.tpot_slo = base::Seconds{0.050};
    service_.chips_per_replica = 8;
  }
  ReplicaEstimate estimate(Phase phase = Phase::kBoth) const {
    return SteadyState().estimate(service_, model_, platform_, {0}, phase);
  }
  model::Platform platform_;
  model::LanguageModel model_;
  model::Service service_;
};

}  // namespace busbar::serving
