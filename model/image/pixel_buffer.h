#ifndef MODEL_IMAGE_PIXEL_BUFFER_H_
#define MODEL_IMAGE_PIXEL_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

namespace edgenext {

// Memory for pixels that is kept from image to image, because the pages of fresh memory cost more than
// decoding into them. One huge image does not hold its memory for ever: the next small one gives it back.
class PixelBuffer {
 public:
  // At least `size_bytes`, contents undefined; the previous pointer becomes invalid. Throws std::bad_alloc,
  // and is then empty.
  uint8_t* Reserve(size_t size_bytes) {
    const bool wasteful = capacity_bytes_ > kKeptBytes && capacity_bytes_ / 4 > size_bytes;
    if (size_bytes > capacity_bytes_ || wasteful) {
      capacity_bytes_ = 0;
      data_.reset();  // first, so that never both are held
      data_.reset(new uint8_t[size_bytes]);
      capacity_bytes_ = size_bytes;
    }
    return data_.get();
  }

  size_t capacity_bytes() const { return capacity_bytes_; }

 private:
  static constexpr size_t kKeptBytes = size_t{64} << 20;

  std::unique_ptr<uint8_t[]> data_;
  size_t capacity_bytes_ = 0;
};

}  // namespace edgenext

#endif  // MODEL_IMAGE_PIXEL_BUFFER_H_
