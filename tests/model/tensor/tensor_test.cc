#include "model/tensor/tensor.h"

#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(ShapeTest, CountsElements) {
  EXPECT_EQ(ElementCount({}), 1);
  EXPECT_EQ(ElementCount({5}), 5);
  EXPECT_EQ(ElementCount({2, 3, 4}), 24);
  EXPECT_EQ(ElementCount({2, 0, 4}), 0);
  EXPECT_EQ(ElementCount({int64_t{1} << 31, 2}), int64_t{1} << 32);
}

TEST(ShapeTest, ReadsLikeAList) {
  EXPECT_EQ(ShapeText({}), "[]");
  EXPECT_EQ(ShapeText({7}), "[7]");
  EXPECT_EQ(ShapeText({48, 3, 4, 4}), "[48, 3, 4, 4]");
}

TEST(TensorTest, BeginsAsZeros) {
  const Tensor tensor({2, 3});
  EXPECT_THAT(tensor.shape, ElementsAre(2, 3));
  EXPECT_THAT(tensor.values, SizeIs(6));
  EXPECT_THAT(tensor.values, Each(0.0f));
  EXPECT_FALSE(tensor.empty());
}

TEST(TensorTest, NoneIsEmptyAndAScalarIsNot) {
  EXPECT_TRUE(Tensor().empty());
  EXPECT_TRUE(Tensor({3, 0}).empty());
  EXPECT_FALSE(Tensor(Shape{}).empty());
}

TEST(TensorViewTest, SeesTheTensorsOwnValues) {
  Tensor tensor({2, 2});
  const TensorView view = tensor;
  tensor.values[3] = 7;
  EXPECT_THAT(view.shape, ElementsAre(2, 2));
  EXPECT_EQ(view.values.data(), tensor.values.data());
  EXPECT_EQ(view.values[3], 7);
}

}  // namespace
}  // namespace edgenext
