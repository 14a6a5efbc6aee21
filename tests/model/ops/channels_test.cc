#include "model/ops/channels.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::ops {
namespace {

using ::testing::ElementsAre;

// Two pixels of three channels.
const std::vector<float> kPixels = {1, 2, 3, 4, 5, 6};

TEST(ChannelsTest, CopiesASliceBetweenStrides) {
  std::vector<float> out(8, -1.0f);
  CopySlice({kPixels.data() + 1, 3}, 2, 2, {out.data() + 1, 4});
  EXPECT_THAT(out, ElementsAre(-1, 2, 3, -1, -1, 5, 6, -1));
}

TEST(ChannelsTest, AddsSlices) {
  const std::vector<float> dense = {10, 20};
  std::vector<float> out(2);
  AddSlices({kPixels.data() + 2, 3}, {dense.data(), 1}, 2, 1, {out.data(), 1});
  EXPECT_THAT(out, ElementsAre(13, 26));
}

TEST(ChannelsTest, AddsInPlace) {
  std::vector<float> x = kPixels;
  AddSlices({x.data(), 3}, {kPixels.data(), 3}, 2, 3, {x.data(), 3});
  EXPECT_THAT(x, ElementsAre(2, 4, 6, 8, 10, 12));
}

TEST(ChannelsTest, ScalesEachChannelInPlace) {
  std::vector<float> x = kPixels;
  const std::vector<float> scale = {1, 10, 100}, shift = {0.5f, 0, -1};
  ScaleSlice({x.data(), 3}, scale.data(), shift.data(), 2, 3, {x.data(), 3});
  EXPECT_THAT(x, ElementsAre(1.5f, 20, 299, 4.5f, 50, 599));
}

TEST(ChannelsTest, RepeatsEachChannel) {
  std::vector<float> out(12);
  RepeatChannels(kPixels.data(), 2, 3, 2, out.data());
  EXPECT_THAT(out, ElementsAre(1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6));
}

TEST(ChannelsTest, MeanOverPixels) {
  std::vector<float> out(3, 99.0f);
  MeanOverPixels(kPixels.data(), 2, 3, out.data());
  EXPECT_THAT(out, ElementsAre(2.5f, 3.5f, 4.5f));
}

}  // namespace
}  // namespace edgenext::ops
