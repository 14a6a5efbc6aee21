#include "server/batching/cost_table.h"

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using absl::Milliseconds;

TEST(CostTableTest, KnowsNothingAtFirst) {
  const CostTable cost;
  EXPECT_EQ(cost.Predict(7), absl::ZeroDuration());
  EXPECT_EQ(cost.BestBatchSize(8), 1);
}

TEST(CostTableTest, ConstantTimePerImageMakesOneImageTheBestBatch) {
  const CostTable cost = CostTable::Constant(Milliseconds(20));
  EXPECT_EQ(cost.Predict(0), absl::ZeroDuration());
  EXPECT_EQ(cost.Predict(1), Milliseconds(20));
  EXPECT_EQ(cost.Predict(5), Milliseconds(100));
  EXPECT_EQ(cost.BestBatchSize(8), 1);
}

TEST(CostTableTest, PredictsLinearlyBetweenEntriesAndProportionallyAfterThem) {
  const CostTable cost({{1, Milliseconds(10)}, {2, Milliseconds(18)}, {4, Milliseconds(32)}});
  EXPECT_EQ(cost.Predict(1), Milliseconds(10));
  EXPECT_EQ(cost.Predict(2), Milliseconds(18));
  EXPECT_EQ(cost.Predict(3), Milliseconds(25));
  EXPECT_EQ(cost.Predict(4), Milliseconds(32));
  EXPECT_EQ(cost.Predict(8), Milliseconds(64));
}

TEST(CostTableTest, BestBatchIsTheSmallestWithinThreePercentOfTheBestTimePerImage) {
  // Per image 10, 8.2, 8.1 and 8 ms: 8.2 is 2.5 % above the best.
  const CostTable cost(
      {{1, Milliseconds(10)}, {2, Milliseconds(16.4)}, {4, Milliseconds(32.4)}, {8, Milliseconds(64)}});
  EXPECT_EQ(cost.BestBatchSize(8), 2);
  // 8.3 is 3.75 % above it.
  const CostTable steeper(
      {{1, Milliseconds(10)}, {2, Milliseconds(16.6)}, {4, Milliseconds(32.4)}, {8, Milliseconds(64)}});
  EXPECT_EQ(steeper.BestBatchSize(8), 4);
}

TEST(CostTableTest, SizesOverTheLimitCountForNothing) {
  const CostTable cost({{1, Milliseconds(10)}, {2, Milliseconds(19.9)}, {8, Milliseconds(40)}});
  EXPECT_EQ(cost.BestBatchSize(8), 8);
  EXPECT_EQ(cost.BestBatchSize(7), 1);
  EXPECT_EQ(cost.BestBatchSize(1), 1);
}

TEST(CostTableTest, LargerBatchesThatCostMoreAreNotTaken) {
  const CostTable cost({{1, Milliseconds(10)}, {2, Milliseconds(22)}, {4, Milliseconds(50)}});
  EXPECT_EQ(cost.BestBatchSize(4), 1);
}

TEST(CostTableTest, TheMeanIsTakenSizeBySize) {
  const CostTable mean = CostTable::MeanOf({CostTable({{1, Milliseconds(10)}, {4, Milliseconds(30)}}),
                                            CostTable({{1, Milliseconds(20)}, {4, Milliseconds(50)}}),
                                            CostTable({{1, Milliseconds(12)}, {4, Milliseconds(40)}})});
  ASSERT_EQ(mean.entries().size(), 2u);
  EXPECT_EQ(mean.entries()[1].batch_size, 4);
  EXPECT_EQ(mean.Predict(1), Milliseconds(14));
  EXPECT_EQ(mean.Predict(4), Milliseconds(40));
}

// A worker that is slower than the others stops earlier to time larger batches.
TEST(CostTableTest, TheMeanEndsWithTheShortestTable) {
  const CostTable longer({{1, Milliseconds(10)}, {2, Milliseconds(16)}, {4, Milliseconds(30)}});
  const CostTable shorter({{1, Milliseconds(20)}, {2, Milliseconds(40)}});
  for (const CostTable& mean : {CostTable::MeanOf({longer, shorter}), CostTable::MeanOf({shorter, longer})}) {
    ASSERT_EQ(mean.entries().size(), 2u);
    EXPECT_EQ(mean.Predict(1), Milliseconds(15));
    EXPECT_EQ(mean.Predict(2), Milliseconds(28));
  }
}

}  // namespace
}  // namespace edgenext::serving
