#include "sim/engine/copies.h"

#include <gtest/gtest.h>

namespace busbar::engine {
namespace {

constexpr SavePoint kStep{2.0, 1.0, 0.5};  // 2 s a step, at half of the batch

// Where a job of 100 steps stands after some at half of the batch.
SavePoint after(double steps) { return {2.0 * steps, 1.0 * steps, 100.0 - 0.5 * steps}; }

// A copy every 10 steps that is safe at once: after 25 steps the job goes back to step 20.
TEST(Copies, GoBackToTheLastOne) {
  Copies copies;
  copies.begin(after(0.0));
  copies.work_on(25.0, after(25.0), kStep, 10.0, 0.0);
  EXPECT_NEAR(copies.safe().worked_s, 40.0, 1e-12);
  EXPECT_NEAR(copies.safe().useful_s, 20.0, 1e-12);
  EXPECT_NEAR(copies.safe().steps_left, 90.0, 1e-12);
}

// Written behind the work for 6 steps: at step 25 the copy of step 20 is not safe yet, at 26 it is,
// in one stretch or in several.
TEST(Copies, AreSafeOnlyWhenTheyAreWritten) {
  for (const bool together : {true, false}) {
    Copies copies;
    copies.begin(after(0.0));
    if (!together) {
      copies.work_on(12.0, after(12.0), kStep, 10.0, 6.0);
      EXPECT_NEAR(copies.safe().worked_s, 0.0, 1e-12);
    }
    copies.work_on(together ? 25.0 : 13.0, after(25.0), kStep, 10.0, 6.0);
    EXPECT_NEAR(copies.safe().worked_s, 20.0, 1e-12);
    copies.work_on(1.0, after(26.0), kStep, 10.0, 6.0);
    EXPECT_NEAR(copies.safe().worked_s, 40.0, 1e-12);
  }
}

// What is lost is in no copy.
TEST(Copies, HoldNothingThatIsLost) {
  Copies copies;
  copies.begin(after(0.0));
  copies.work_on(10.5, after(10.5), kStep, 10.0, 0.0);
  copies.lose(0.8, after(9.7));
  EXPECT_NEAR(copies.safe().worked_s, 19.4, 1e-12);
  EXPECT_NEAR(copies.safe().steps_left, 95.15, 1e-12);
}

// Without copies a job goes back to its start; one made on purpose is where it stands.
TEST(Copies, NoneAndOneOnPurpose) {
  Copies copies;
  copies.begin(after(0.0));
  copies.work_on(50.0, after(50.0), kStep, 0.0, 0.0);
  EXPECT_EQ(copies.safe().worked_s, 0.0);
  copies.save(after(50.0));
  EXPECT_EQ(copies.safe().steps_left, 75.0);
}

}  // namespace
}  // namespace busbar::engine
