#include "sim/engine/pod_books.h"

#include <gmock/gmock.h>

#include <random>

namespace busbar::engine {
namespace {

using scheduling::Part;
using scheduling::PodCounts;

struct Hall {
  explicit Hall(std::int32_t pods) : books(pods, 8) {
    counts.pods = PodCounts(PodCounts::Rule::kSlices, pods, 8);
  }
  void power_on(std::int64_t domains) {
    counts.free_domains += domains;
    books.power_on(counts, domains);
  }
  std::int64_t free_in_pods() const {
    std::int64_t sum = 0;
    for (std::int32_t pod = 0; pod < counts.pods.size(); ++pod) sum += counts.pods.free(pod);
    return sum;
  }
  Part counts;
  PodBooks books;
};

// Deliveries fill pod after pod; what a failure took out of one keeps its place there.
TEST(PodBooks, FillPodAfterPod) {
  Hall hall(3);
  hall.power_on(10);
  EXPECT_EQ(hall.counts.pods.free(0), 8);
  EXPECT_EQ(hall.counts.pods.free(1), 2);
  hall.books.take_out(hall.counts, 0);
  --hall.counts.free_domains;
  hall.power_on(8);
  EXPECT_EQ(hall.counts.pods.free(0), 7);
  EXPECT_EQ(hall.counts.pods.free(1), 8);
  EXPECT_EQ(hall.counts.pods.free(2), 2);
  hall.books.bring_back(0);
  hall.power_on(1);
  EXPECT_EQ(hall.counts.pods.free(0), 8);
}

// Services take what is left of used pods, and leave the emptiest pod first.
TEST(PodBooks, ServicesKeepPodsWhole) {
  Hall hall(3);
  hall.power_on(19);
  hall.books.serve(hall.counts, 5);
  EXPECT_EQ(hall.counts.pods.free(2), 0);
  EXPECT_EQ(hall.counts.pods.free(0), 6);
  EXPECT_EQ(hall.books.of_serving(1), 0);
  EXPECT_EQ(hall.books.of_serving(2), 2);
  hall.books.serve(hall.counts, -2);
  EXPECT_EQ(hall.counts.pods.free(0), 8);
}

// Whatever comes, fails, serves and leaves, pods have as many free domains as their part.
TEST(PodBooks, ConserveDomains) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Hall hall(4);
    std::int64_t powered = 0, serving = 0;
    std::vector<std::int32_t> out;
    for (int step = 0; step < 200; ++step) {
      const auto some = [&](std::int64_t most) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(most + 1));
      };
      switch (random() % 6) {
        case 0: {
          const std::int64_t more = some(32 - powered - static_cast<std::int64_t>(out.size()));
          hall.power_on(more);
          powered += more;
          break;
        }
        case 1: {
          const std::int64_t more = some(std::max<std::int64_t>(0, hall.counts.free_domains));
          hall.books.serve(hall.counts, more);
          hall.counts.free_domains -= more;
          serving += more;
          break;
        }
        case 2: {
          const std::int64_t less = some(serving);
          hall.books.serve(hall.counts, -less);
          hall.counts.free_domains += less;
          serving -= less;
          break;
        }
        case 3: {
          if (hall.counts.free_domains <= 0) break;
          const std::int32_t pod =
              PodBooks::of_free(hall.counts, some(hall.counts.free_domains - 1));
          ASSERT_GE(pod, 0);
          ASSERT_GT(hall.counts.pods.free(pod), 0);
          hall.books.take_out(hall.counts, pod);
          out.push_back(pod);
          --hall.counts.free_domains;
          --powered;
          break;
        }
        case 4: {
          if (out.empty()) break;
          hall.books.bring_back(out.back());
          out.pop_back();
          break;
        }
        default: {
          if (random() % 10 != 0) break;
          const std::int64_t dark = hall.books.power_off(hall.counts);
          hall.counts.free_domains -= dark;
          powered -= dark;
        }
      }
      ASSERT_EQ(hall.free_in_pods(), hall.counts.free_domains);
      const PodCounts empty = hall.books.without_jobs(hall.counts);
      std::int64_t without_jobs = 0;
      for (std::int32_t pod = 0; pod < empty.size(); ++pod) without_jobs += empty.free(pod);
      ASSERT_EQ(without_jobs, powered - serving);
    }
  }
}

// Free domains leave first, from the last pod; what jobs hold leaves when they end.
TEST(PodBooks, RemoveFromTheLastPod) {
  Hall hall(2);
  hall.power_on(16);
  hall.counts.pods.add(1, -8);  // a job
  hall.counts.free_domains -= 8;
  hall.books.remove(hall.counts, 10);
  hall.counts.free_domains -= 10;
  EXPECT_EQ(hall.counts.pods.free(0), 0);
  EXPECT_EQ(hall.counts.pods.free(1), -2);
  EXPECT_EQ(hall.free_in_pods(), hall.counts.free_domains);
}

}  // namespace
}  // namespace busbar::engine
