#include "sim/base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace busbar::base {
namespace {

// FIPS 180-4 test vectors.
TEST(Sha256, KnownTexts) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// Order, boundaries and values matter; -0.0 is 0.0.
TEST(Hasher, DistinguishesSequences) {
  const auto digest = [](auto... values) {
    Hasher hasher;
    (hasher.add(values), ...);
    return hasher.digest();
  };
  using S = std::string_view;
  EXPECT_EQ(digest(1.0, S("a")), digest(1.0, S("a")));
  EXPECT_NE(digest(S("ab"), S("c")), digest(S("a"), S("bc")));
  EXPECT_NE(digest(1.0, 2.0), digest(2.0, 1.0));
  EXPECT_EQ(digest(0.0), digest(-0.0));
}

}  // namespace
}  // namespace busbar::base
