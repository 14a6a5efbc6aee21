#include "client/result_order.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::ElementsAre;

ImageResult Named(const std::string& file) {
  ImageResult result;
  result.file = file;
  return result;
}

TEST(ResultOrder, HoldsResultsUntilAllBeforeThemAreThere) {
  std::vector<std::string> files;
  ResultOrder order([&](const ImageResult& result) { files.push_back(result.file); });
  order.Add(2, Named("c"));
  order.Add(1, Named("b"));
  EXPECT_THAT(files, ElementsAre());
  order.Add(0, Named("a"));
  EXPECT_THAT(files, ElementsAre("a", "b", "c"));
  EXPECT_EQ(order.next(), 3U);
  order.Add(3, Named("d"));
  EXPECT_THAT(files, ElementsAre("a", "b", "c", "d"));
}

TEST(ResultOrderDeathTest, ASecondResultForAFileAborts) {
  ResultOrder order([](const ImageResult&) {});
  order.Add(0, Named("a"));
  order.Add(2, Named("c"));
  EXPECT_DEATH(order.Add(0, Named("a")), "");
  EXPECT_DEATH(order.Add(2, Named("c")), "");
}

}  // namespace
}  // namespace edgenext
