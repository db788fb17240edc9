/// 64-bit running hash (XXH3) of numbers and texts: scenario hash, fingerprint, stream keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace busbar::base {

/// Hashes a sequence of typed values. Texts are hashed with their length, doubles by their bits
/// (-0.0 as 0.0), so equal sequences and nothing else give equal digests in practice.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void add(std::string_view text);
  void add(double value);
  void add(std::uint64_t value);
  /// The digest of all added so far; adding may go on.
  std::uint64_t digest() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

/// A digest as 16 lower-case hexadecimal digits.
std::string hex(std::uint64_t digest);

/// SHA-256 of a text, as 64 lower-case hexadecimal digits (FIPS 180-4): the checksum of inputs.
std::string sha256(std::string_view text);

}  // namespace busbar::base
