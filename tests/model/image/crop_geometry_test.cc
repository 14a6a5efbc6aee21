#include "model/image/crop_geometry.h"

#include <gtest/gtest.h>

#include "tests/model/image/image_matchers.h"

namespace edgenext {
namespace {

// Worked out with Python's integers, floats and round().
struct Case {
  int width, height;                  // of the image
  int network_height, network_width;  // of the network's input
  double crop_pct;
  int64_t resized_width, resized_height, left, top;
};

constexpr Case kCases[] = {
    {500, 375, 256, 256, 0.875, 389, 292, 66, 18},
    {500, 375, 256, 256, 0.95, 358, 269, 51, 6},  // 13 / 2 rounds to even, down
    {375, 500, 256, 256, 0.95, 269, 358, 6, 51},
    {256, 256, 256, 256, 1.0, 256, 256, 0, 0},
    {256, 256, 256, 256, 0.95, 269, 269, 6, 6},
    {640, 480, 224, 224, 0.9, 330, 248, 53, 12},
    {97, 61, 320, 320, 1.0, 508, 320, 94, 0},
    {1280, 720, 288, 288, 1.0, 512, 288, 112, 0},
    {1, 1, 256, 256, 0.875, 292, 292, 18, 18},
    {1, 16384, 256, 256, 0.95, 269, 4407296, 6, 2203520},
    {16384, 1, 256, 256, 0.95, 4407296, 269, 2203520, 6},
    {2, 300, 128, 128, 0.95, 134, 20100, 3, 9986},
    // Networks that are not square.
    {160, 150, 96, 160, 0.9, 177, 166, 8, 35},  // 17 / 2 rounds to even, down
    {150, 160, 160, 96, 1.0, 150, 160, 27, 0},
    {100, 50, 64, 96, 0.875, 146, 73, 25, 4},
    {333, 280, 192, 352, 0.875, 402, 338, 25, 73},
    {3, 2, 64, 128, 1.0, 128, 85, 0, 10},
    {5, 2, 64, 128, 0.95, 168, 67, 20, 2},  // 167.5 and 1.5 round to even, up
};

TEST(CropGeometryTest, FollowsTheRule) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c.width << "x" << c.height << " to " << c.network_width << "x"
                                      << c.network_height << " at " << c.crop_pct);
    PreprocessSpec spec;
    spec.height = c.network_height;
    spec.width = c.network_width;
    spec.crop_pct = c.crop_pct;
    ASSERT_OK_AND_ASSIGN(const CropGeometry geometry, PlanCrop(c.width, c.height, spec));
    EXPECT_EQ(geometry.x.input, c.width);
    EXPECT_EQ(geometry.x.resized, c.resized_width);
    EXPECT_EQ(geometry.x.offset, c.left);
    EXPECT_EQ(geometry.x.kept, c.network_width);
    EXPECT_EQ(geometry.y.input, c.height);
    EXPECT_EQ(geometry.y.resized, c.resized_height);
    EXPECT_EQ(geometry.y.offset, c.top);
    EXPECT_EQ(geometry.y.kept, c.network_height);
  }
}

TEST(CropGeometryTest, TheCropLiesWithinTheResizedImage) {
  for (int width = 1; width < 600; width += 7) {
    for (int height = 1; height < 600; height += 11) {
      for (const auto& [h, w] : {std::pair{256, 256}, {96, 160}, {160, 96}, {64, 512}}) {
        PreprocessSpec spec;
        spec.height = h;
        spec.width = w;
        spec.crop_pct = 1.0;
        ASSERT_OK_AND_ASSIGN(const CropGeometry geometry, PlanCrop(width, height, spec));
        for (const AxisCrop& axis : {geometry.x, geometry.y}) {
          ASSERT_GE(axis.offset, 0) << width << "x" << height;
          ASSERT_LE(axis.offset + axis.kept, axis.resized) << width << "x" << height;
        }
      }
    }
  }
}

TEST(CropGeometryTest, RefusesWhatCannotBeResized) {
  EXPECT_THAT(PlanCrop(0, 5, PreprocessSpec{}), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(PlanCrop(5, 0, PreprocessSpec{}), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(PlanCrop(1 << 30, 1, PreprocessSpec{}), IsRefusedAs(kReasonImageUnsupported));
}

}  // namespace
}  // namespace edgenext
