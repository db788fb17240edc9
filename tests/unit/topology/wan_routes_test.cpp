#include "sim/topology/wan_routes.h"

#include <gmock/gmock.h>

namespace busbar::topology {
namespace {

// Four sites: a chain of two short links beats one long one; the fourth is an island.
class WanRoutesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"texas", "ohio", "york", "island"}) {
      model::Site site;
      site.name = name;
      platform_.sites.add(site);
    }
    link("slow", 0, 2, 0.030);
    link("west", 0, 1, 0.010);
    link("east", 1, 2, 0.008);
    link("east-spare", 1, 2, 0.009);
  }
  void link(const char* name, int a, int b, double latency_s) {
    model::WanLink link;
    link.name = name;
    link.a = {a};
    link.b = {b};
    link.latency = base::Seconds{latency_s};
    platform_.wan_links.add(link);
  }
  std::vector<std::string> names(const WanRoute& route) const {
    std::vector<std::string> all;
    for (const auto id : route.links) all.push_back(platform_.wan_links[id].name);
    return all;
  }
  model::Platform platform_;
};

TEST_F(WanRoutesTest, TakesTheShortestWay) {
  const WanRoutes routes(platform_);
  const auto& route = routes.between({0}, {2});
  ASSERT_TRUE(route.has_value());
  EXPECT_THAT(names(*route), ::testing::ElementsAre("west", "east"));
  EXPECT_NEAR(route->latency.value, 0.018, 1e-12);
  EXPECT_THAT(names(*routes.between({2}, {0})), ::testing::ElementsAre("east", "west"));
}

TEST_F(WanRoutesTest, ASiteReachesItselfAndNotAnIsland) {
  const WanRoutes routes(platform_);
  ASSERT_TRUE(routes.between({1}, {1}).has_value());
  EXPECT_TRUE(routes.between({1}, {1})->links.empty());
  EXPECT_FALSE(routes.between({0}, {3}).has_value());
}

// A backbone's router in the middle: the way over it is taken when it is the shorter one.
TEST_F(WanRoutesTest, CrossesRouters) {
  model::Router chicago;
  chicago.name = "net-chicago";
  platform_.routers.add(chicago);
  const auto attach = [&](const char* name, int site, double latency_s) {
    model::WanLink link;
    link.name = name;
    link.a.site = {site};
    link.b.router = {0};
    link.latency = base::Seconds{latency_s};
    platform_.wan_links.add(link);
  };
  attach("texas--chicago", 0, 0.007);
  attach("york--chicago", 2, 0.006);
  attach("island--chicago", 3, 0.050);
  const WanRoutes routes(platform_);
  EXPECT_THAT(names(*routes.between({0}, {2})),
              ::testing::ElementsAre("texas--chicago", "york--chicago"));
  EXPECT_NEAR(routes.between({0}, {2})->latency.value, 0.013, 1e-12);
  EXPECT_THAT(names(*routes.between({0}, {1})), ::testing::ElementsAre("west"));
  EXPECT_TRUE(routes.between({0}, {3}).has_value());
}

// A cut link carries nothing: the next best way, and none when all are cut.
TEST_F(WanRoutesTest, GoesAroundACut) {
  const WanRoutes around(platform_, {false, true, false, false});
  EXPECT_THAT(names(*around.between({0}, {2})), ::testing::ElementsAre("slow"));
  const WanRoutes apart(platform_, {true, true, false, false});
  EXPECT_FALSE(apart.between({0}, {2}).has_value());
  EXPECT_TRUE(apart.between({1}, {2}).has_value());
}

}  // namespace
}  // namespace busbar::topology
