#include "sim/base/deflate.h"

#include <zlib.h>

#include <array>
#include <cstdint>

#include "sim/base/error.h"

namespace busbar::base {

namespace {

constexpr int kFast = 1, kStored = 0;

// Tells noise by the chance that two bytes of a sample are equal: 1/256 for noise. Planes above
// 1/160 gain enough from a Huffman code to pay for it.
bool looks_like_noise(std::span<const std::byte> plane) {
  constexpr size_t kStride = 4;
  std::array<std::uint32_t, 256> seen{};
  std::uint64_t pairs = 0, sample = 0;
  for (size_t i = 0; i < plane.size(); i += kStride, ++sample) {
    pairs += seen[static_cast<size_t>(plane[i])]++;
  }
  return sample >= 256 && pairs * 2 * 160 < sample * (sample - 1);
}

// Fixed widths let the compiler unroll the inner loop.
template <size_t kWidth>
void shuffle_fixed(const std::byte* in, size_t count, std::byte* out) {
  for (size_t i = 0; i < count; ++i) {
    for (size_t b = 0; b < kWidth; ++b) out[b * count + i] = in[i * kWidth + b];
  }
}

void shuffle(const std::byte* in, size_t count, size_t width, std::byte* out) {
  if (width == 8) return shuffle_fixed<8>(in, count, out);
  if (width == 4) return shuffle_fixed<4>(in, count, out);
  if (width == 1) return shuffle_fixed<1>(in, count, out);
  for (size_t b = 0; b < width; ++b) {
    for (size_t i = 0; i < count; ++i) out[b * count + i] = in[i * width + b];
  }
}

}  // namespace

PlaneDeflater::PlaneDeflater() : stream_(std::make_unique<z_stream_s>()) {
  ensure(
      deflateInit2(stream_.get(), kFast, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL - 1, Z_RLE) == Z_OK,
      "zlib cannot start");
}
PlaneDeflater::~PlaneDeflater() { deflateEnd(stream_.get()); }

std::span<const std::byte> PlaneDeflater::compress(std::span<const std::byte> values,
                                                   size_t width) {
  ensure(width > 0 && values.size() % width == 0, "a block holds whole values");
  const size_t count = values.size() / width;
  planes_.resize(values.size());
  shuffle(values.data(), count, width, planes_.data());

  deflateReset(stream_.get());
  deflateParams(stream_.get(), kFast, Z_RLE);
  // Every change of level may close a block of up to 5 bytes of overhead per 16 KiB.
  packed_.resize(deflateBound(stream_.get(), values.size()) + 64 * width + 64);
  stream_->next_out = reinterpret_cast<Bytef*>(packed_.data());
  stream_->avail_out = static_cast<uInt>(packed_.size());

  const auto feed = [&](size_t first_plane, size_t planes, int flush) {
    stream_->next_in = reinterpret_cast<Bytef*>(planes_.data() + first_plane * count);
    stream_->avail_in = static_cast<uInt>(planes * count);
    return deflate(stream_.get(), flush);
  };
  const auto noisy = [&](size_t plane) {
    return looks_like_noise({planes_.data() + plane * count, count});
  };
  int level = kFast;
  for (size_t plane = 0; plane < width;) {
    const bool noise = noisy(plane);
    size_t end = plane + 1;
    while (end < width && noisy(end) == noise) ++end;
    if (const int wanted = noise ? kStored : kFast; wanted != level) {
      stream_->avail_in = 0;
      ensure(deflateParams(stream_.get(), wanted, Z_RLE) == Z_OK, "zlib cannot change its level");
      level = wanted;
    }
    ensure(feed(plane, end - plane, Z_NO_FLUSH) == Z_OK, "zlib cannot compress");
    plane = end;
  }
  ensure(feed(width, 0, Z_FINISH) == Z_STREAM_END, "zlib cannot finish");
  return {packed_.data(), stream_->total_out};
}

}  // namespace busbar::base
