#include "sim/base/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>

#include <array>
#include <bit>

#include "sim/base/error.h"

namespace busbar::base {

Hasher::Hasher() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
void Hasher::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

void Hasher::add(std::string_view text) {
  add(static_cast<std::uint64_t>(text.size()));
  XXH3_64bits_update(state_.get(), text.data(), text.size());
}
void Hasher::add(double value) { add(std::bit_cast<std::uint64_t>(value == 0.0 ? 0.0 : value)); }
void Hasher::add(std::uint64_t value) { XXH3_64bits_update(state_.get(), &value, sizeof value); }
std::uint64_t Hasher::digest() const { return XXH3_64bits_digest(state_.get()); }

std::string hex(std::uint64_t digest) { return fmt::format("{:016x}", digest); }

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ensure(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
         "SHA-256 failed");
  std::string text_digest;
  for (unsigned int i = 0; i < size; ++i) text_digest += fmt::format("{:02x}", digest[i]);
  return text_digest;
}

}  // namespace busbar::base
