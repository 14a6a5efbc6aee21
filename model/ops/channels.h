#ifndef MODEL_OPS_CHANNELS_H_
#define MODEL_OPS_CHANNELS_H_

// Plain loops over arrays of pixels with their channels innermost.
namespace edgenext::ops {

// Neighbouring channels of every pixel: `first` is the first of them of the first pixel, and the pixels are
// `stride` floats apart.
struct ChannelSlice {
  const float* first = nullptr;
  int stride = 0;
};
struct MutableChannelSlice {
  float* first = nullptr;
  int stride = 0;
};

// destination = a, over `width` channels of `pixels` pixels. They must not overlap.
void CopySlice(ChannelSlice a, int pixels, int width, MutableChannelSlice destination);

// destination = a + b. The destination must not overlap either, but may be a itself.
void AddSlices(ChannelSlice a, ChannelSlice b, int pixels, int width, MutableChannelSlice destination);

// destination = a * scale + shift, with one scale and shift a channel. The destination may be a itself.
void ScaleSlice(ChannelSlice a, const float* scale, const float* shift, int pixels, int width,
                MutableChannelSlice destination);

// destination[p][c * times + t] = source[p][c] for t in [0, times). Dense arrays that do not overlap.
void RepeatChannels(const float* source, int pixels, int channels, int times, float* destination);

// destination[c] = mean over p of source[p][c]. Dense arrays that do not overlap.
void MeanOverPixels(const float* source, int pixels, int channels, float* destination);

}  // namespace edgenext::ops

#endif  // MODEL_OPS_CHANNELS_H_
