#include "model/fused/program.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/executor/own_threads.h"
#include "model/fused/barrier.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::fused {
namespace {

using ::testing::Each;

class ProgramTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(team_, OwnThreads::Make(GetParam())); }

  size_t threads() const { return static_cast<size_t>(GetParam()); }

  std::unique_ptr<OwnThreads> team_;
};

// Every thread writes what its neighbour wrote in the round before: one that ran ahead or lagged behind would
// read another round's value.
TEST_P(ProgramTest, ThreadsMeetBetweenRounds) {
  constexpr int kRounds = 500;
  std::vector<int> values[2] = {std::vector<int>(threads()), std::vector<int>(threads())};
  Barrier barrier;
  team_->Run(GetParam(), [&](int thread, int threads_in_all) {
    const auto own = static_cast<size_t>(thread);
    for (int round = 0; round < kRounds; ++round) {
      if (round > 0) barrier.Await(threads_in_all);
      const std::vector<int>& before = values[round % 2];
      values[(round + 1) % 2][own] = before[(own + 1) % threads()] + 1;
    }
  });
  EXPECT_THAT(values[kRounds % 2], Each(kRounds));
}

TEST_P(ProgramTest, EveryRowOfAStepIsInOneBandOfOneThread) {
  for (const auto& [rows, band_rows] :
       std::vector<std::pair<int, int>>{{1, 1}, {4, 4}, {7, 3}, {64, 1}, {65, 16}}) {
    const Program::Step step = {rows, band_rows, {}};
    std::vector<int> row_threads;
    int most = 0, fewest = rows;
    for (int thread = 0; thread < GetParam(); ++thread) {
      const size_t before = row_threads.size();
      step.ForEachBand(thread, GetParam(), [&, most_rows = band_rows](Band band) {
        EXPECT_EQ(band.first, static_cast<int>(row_threads.size()));
        EXPECT_GE(band.count, 1);
        EXPECT_LE(band.count, most_rows);
        row_threads.insert(row_threads.end(), static_cast<size_t>(band.count), thread);
      });
      const int share = static_cast<int>(row_threads.size() - before);
      most = std::max(most, share);
      fewest = std::min(fewest, share);
    }
    EXPECT_EQ(row_threads.size(), static_cast<size_t>(rows));
    EXPECT_EQ(row_threads[0], 0) << "a step that cannot be shared is the caller's";
    EXPECT_LE(most - fewest, 1) << rows << " rows";
  }
}

TEST_P(ProgramTest, AProgramRunsItsStepsInOrderEachThreadWithItsOwnScratch) {
  Program program;
  constexpr int kRows = 5;
  std::vector<float> first(kRows), second(kRows);
  std::atomic<int> calls = 0;
  program.Append(
      {kRows,
       1,
       {{OpKind::kGather,
         [&](Band band, const BandScratch& scratch) { scratch.rows[0] = static_cast<float>(band.first); }},
        {OpKind::kLinear, [&](Band band, const BandScratch& scratch) {
           first[static_cast<size_t>(band.first)] = 10 * scratch.rows[0];
         }}}});
  program.Append({kRows, kRows, {{OpKind::kLinear, [&](Band band, const BandScratch&) {
                                    ++calls;
                                    for (int row = band.first; row < band.first + band.count; ++row) {
                                      second[static_cast<size_t>(row)] =
                                          first[static_cast<size_t>(kRows - 1 - row)];
                                    }
                                  }}}});
  std::vector<float> rows(threads());
  std::vector<BandScratch> scratch;
  for (float& row : rows) scratch.push_back({&row, nullptr, nullptr});
  program.Run(0, program.size(), *team_, scratch);
  EXPECT_EQ(second, (std::vector<float>{40, 30, 20, 10, 0}));
  EXPECT_EQ(calls, std::min(kRows, GetParam()));
  program.Run(1, 1, *team_, scratch);
  EXPECT_EQ(calls, std::min(kRows, GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Threads, ProgramTest, ::testing::Values(1, 2, 3, 5, 8));

}  // namespace
}  // namespace edgenext::fused
