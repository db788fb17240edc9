#include "sim/base/random.h"

#include <Random123/philox.h>

#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "sim/base/hash.h"

namespace busbar::base {

double RandomStream::uniform() {
  const r123::Philox4x32::ctr_type counter = {
      {static_cast<std::uint32_t>(counter_), static_cast<std::uint32_t>(counter_ >> 32), 0, 0}};
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)}};
  ++counter_;
  const auto block = r123::Philox4x32{}(counter, key);
  const std::uint64_t bits = (static_cast<std::uint64_t>(block[0]) << 32) | block[1];
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

double RandomStream::exponential(double mean) { return -mean * std::log1p(-uniform()); }

double normal_quantile(double u) { return -std::sqrt(2.0) * boost::math::erfc_inv(2.0 * u); }

double gamma_quantile(double cv, double u) {
  const double shape = 1.0 / (cv * cv);
  return boost::math::gamma_p_inv(shape, u) / shape;
}

double RandomStream::normal() { return normal_quantile(uniform()); }

RandomStream RandomStreams::get(std::string_view purpose, std::string_view entity) const {
  Hasher hasher;
  hasher.add(seed_);
  hasher.add(replicate_);
  hasher.add(purpose);
  hasher.add(entity);
  return RandomStream{hasher.digest()};
}

}  // namespace busbar::base
