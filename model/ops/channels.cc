#include "model/ops/channels.h"

#include <algorithm>

namespace edgenext::ops {

void CopySlice(ChannelSlice a, int pixels, int width, MutableChannelSlice destination) {
  for (int pixel = 0; pixel < pixels; ++pixel, a.first += a.stride, destination.first += destination.stride) {
    std::copy_n(a.first, width, destination.first);
  }
}

void AddSlices(ChannelSlice a, ChannelSlice b, int pixels, int width, MutableChannelSlice destination) {
  for (int pixel = 0; pixel < pixels; ++pixel) {
    for (int c = 0; c < width; ++c) destination.first[c] = a.first[c] + b.first[c];
    a.first += a.stride;
    b.first += b.stride;
    destination.first += destination.stride;
  }
}

void ScaleSlice(ChannelSlice a, const float* scale, const float* shift, int pixels, int width,
                MutableChannelSlice destination) {
  for (int pixel = 0; pixel < pixels; ++pixel, a.first += a.stride, destination.first += destination.stride) {
    for (int c = 0; c < width; ++c) destination.first[c] = a.first[c] * scale[c] + shift[c];
  }
}

void RepeatChannels(const float* source, int pixels, int channels, int times, float* destination) {
  for (int i = 0; i < pixels * channels; ++i) {
    destination = std::fill_n(destination, times, source[i]);
  }
}

void MeanOverPixels(const float* source, int pixels, int channels, float* destination) {
  std::fill_n(destination, channels, 0.0f);
  for (int pixel = 0; pixel < pixels; ++pixel, source += channels) {
    for (int c = 0; c < channels; ++c) destination[c] += source[c];
  }
  const float scale = 1.0f / static_cast<float>(pixels);
  for (int c = 0; c < channels; ++c) destination[c] *= scale;
}

}  // namespace edgenext::ops
