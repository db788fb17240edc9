#include "sim/input/graphml_reader.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace busbar::input {
namespace {

using ::testing::HasSubstr;

constexpr const char* kKeys = R"(<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="a" for="node" attr.name="Latitude"/> <key id="o" for="node" attr.name="Longitude"/>
  <key id="l" for="node" attr.name="label"/> <key id="n" for="graph" attr.name="Network"/>
  <key id="r" for="edge" attr.name="LinkSpeedRaw"/> <key id="s" for="edge" attr.name="LinkSpeed"/>
  <key id="u" for="edge" attr.name="LinkSpeedUnits"/> <key id="b" for="all" attr.name="bandwidth"/>
  <key id="t" for="edge" attr.name="latency"/>
)";
constexpr const char* kTwoNodes = R"(<graph edgedefault="undirected"><data key="n">Net</data>
  <node id="0"><data key="l">S&#227;o Paulo</data><data key="a">0</data><data key="o">0</data></node>
  <node id="1"><data key="l">St. Louis</data><data key="a">0</data><data key="o">90</data></node>
)";

class GraphmlReader : public ::testing::Test {
 protected:
  std::optional<Graphml> read(const std::string& body) {
    const auto path =
        std::filesystem::temp_directory_path() / ("graph-" + std::to_string(getpid()) + ".graphml");
    std::ofstream(path) << kKeys << body << "</graphml>";
    auto graph = read_graphml(path.string(), problems_);
    std::filesystem::remove(path);
    return graph;
  }
  std::string told() const {
    std::ostringstream text;
    problems_.print(text);
    return text.str();
  }
  base::Diagnostics problems_;
};

// The raw rate counts bits; without it, number and unit; a range is no rate. Text has its unit.
TEST_F(GraphmlReader, ReadsSpeedsInAllForms) {
  const auto graph = read(std::string(kTwoNodes) + R"(
    <edge source="0" target="1"><data key="r">1e10</data><data key="s">7</data></edge>
    <edge source="0" target="1"><data key="s">155</data><data key="u">M</data></edge>
    <edge source="0" target="1"><data key="s">2-4</data><data key="u">G</data></edge>
    <edge source="0" target="1"><data key="s">10</data></edge>
    <edge source="0" target="1"><data key="b">400 Gbit/s</data><data key="t">7 ms</data></edge>
    </graph>)");
  ASSERT_TRUE(graph.has_value()) << told();
  EXPECT_EQ(graph->name, "Net");
  ASSERT_EQ(graph->edges.size(), 5u);
  EXPECT_DOUBLE_EQ(graph->edges[0].bandwidth->value, 1.25e9);
  EXPECT_DOUBLE_EQ(graph->edges[1].bandwidth->value, 155e6 / 8);
  EXPECT_FALSE(graph->edges[2].bandwidth.has_value());
  EXPECT_FALSE(graph->edges[3].bandwidth.has_value());
  EXPECT_DOUBLE_EQ(graph->edges[4].bandwidth->value, 50e9);
  EXPECT_DOUBLE_EQ(graph->edges[4].latency->value, 7e-3);
}

// A quarter of the globe: 10,007.5 km. Parallel links and odd labels get names of their own.
TEST_F(GraphmlReader, MakesRoutersAndLinks) {
  const auto graph = read(std::string(kTwoNodes) + R"(
    <edge source="0" target="1"/><edge source="1" target="0"><data key="t">7 ms</data></edge>
    </graph>)");
  ASSERT_TRUE(graph.has_value()) << told();
  model::Platform platform;
  const auto routers = add_backbone(
      *graph, {.name = "net", .link_bandwidth = base::BytesPerSecond{1e9}, .route_factor = 1.5},
      platform, problems_);
  ASSERT_FALSE(problems_.has_errors()) << told();
  ASSERT_EQ(routers.size(), 2u);
  EXPECT_EQ(platform.routers[routers[0]].name, "net-s-o-paulo");
  EXPECT_EQ(platform.routers[routers[1]].name, "net-st-louis");
  EXPECT_EQ(platform.routers[routers[1]].title, "St. Louis");
  const auto there = platform.wan_links.find("net-s-o-paulo--st-louis");
  ASSERT_TRUE(there);
  EXPECT_NEAR(platform.wan_links[there].latency.value, 10007.5e3 * 1.5 / 199861639.0, 1e-6);
  EXPECT_DOUBLE_EQ(
      platform.wan_links[platform.wan_links.find("net-st-louis--s-o-paulo")].latency.value, 7e-3);
  ASSERT_EQ(platform.inputs.size(), 1u);
  EXPECT_THAT(platform.inputs[0].text, HasSubstr("St. Louis"));
}

TEST_F(GraphmlReader, LeavesOutLoopsWithAWarning) {
  const auto graph = read(std::string(kTwoNodes) + R"(<edge source="1" target="1"/></graph>)");
  ASSERT_TRUE(graph.has_value());
  EXPECT_TRUE(graph->edges.empty());
  EXPECT_THAT(told(), HasSubstr("left out: an edge from 'St. Louis' to itself"));
}

TEST_F(GraphmlReader, RefusesWhatIsNoPlainGraph) {
  const std::pair<const char*, const char*> bad[] = {
      {"", "a GraphML file of one <graph> is wanted, this has 0"},
      {"<graph/><graph/>", "this has 2"},
      {"<graph/>", "the graph has no nodes"},
      {"<graph><node id='a'/><hyperedge/></graph>", "a hyperedge joins more than two nodes"},
      {"<graph><node id='a'><graph/></node></graph>", "holds a graph of its own"},
      {"<graph><node id='a'><data key='a'>1</data></node></graph>",
       "only one of Latitude and Longitude"},
      {"<graph><node id='a'/><node id='b'/><edge source='a' target='b'><data key='t'>7</data>"
       "</edge></graph>",
       "latency '7': "},
  };
  for (const auto& [body, rule] : bad) {
    problems_ = {};
    EXPECT_FALSE(read(body).has_value()) << body;
    EXPECT_THAT(told(), HasSubstr(rule)) << body;
  }
}

}  // namespace
}  // namespace busbar::input
