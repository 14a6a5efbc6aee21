// What holds for the whole process, so in a process of its own: the order of these tests matters.

#include "model/ops/process.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/ops/linear.h"
#include "model/ops/packer.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::ops {
namespace {

using edgenext::testing::IsOk;
using edgenext::testing::IsOkAndHolds;
using edgenext::testing::StatusIs;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

TEST(ProcessTest, CapsOneDnnOnceAndForAll) {
  EXPECT_THAT(CapIsa(kernels::Isa::kScalar), IsOk());
  EXPECT_THAT(CapIsa(kernels::Isa::kScalar), IsOk());
  EXPECT_THAT(CapIsa(kernels::Isa::kAvx2),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("capped at scalar")));

  Packer packer(kernels::Isa::kScalar);
  LinearSpec spec;
  spec.rows = 4;
  spec.inputs = 16;
  spec.outputs = 16;
  ASSERT_OK_AND_ASSIGN(const Linear linear, Linear::Make(packer, spec, Tensor({16, 16}), Tensor({16})));
  EXPECT_EQ(packer.implementations().size(), 1u);
  EXPECT_THAT(packer.implementations(), Each(Not(HasSubstr("avx"))));
}

TEST(SupportedIsaTest, TakesWhatThisProcessorHas) {
  for (const kernels::Isa isa : kernels::kAllIsas) {
    const absl::StatusOr<kernels::Isa> read = SupportedIsa(kernels::IsaName(isa));
    if (kernels::CpuSupports(isa)) {
      EXPECT_THAT(read, IsOkAndHolds(isa));
    } else {
      EXPECT_THAT(read, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(kernels::IsaName(isa))));
    }
  }
  EXPECT_THAT(SupportedIsa("best"), IsOkAndHolds(kernels::BestIsa()));
}

TEST(SupportedIsaTest, NamesTheWordAndWhatWasExpected) {
  EXPECT_THAT(SupportedIsa("mmx"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "unknown instruction set 'mmx', expected one of best, scalar, avx2, avx512"));
  EXPECT_THAT(SupportedIsa(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("''")));
}

TEST(ProcessTest, KnowsTheLibrarysVersion) {
  EXPECT_THAT(OneDnnVersion(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(PackerTest, RefusesReferenceImplementationsUnlessScalar) {
  Packer best(kernels::Isa::kAvx2);
  EXPECT_THAT(best.CheckImplementation("linear", "brgemm:avx512_core"), IsOk());
  EXPECT_THAT(best.CheckImplementation("linear 1x2x3", "ref:any"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("'ref:any' for linear 1x2x3")));
  Packer scalar(kernels::Isa::kScalar);
  EXPECT_THAT(scalar.CheckImplementation("linear", "ref:any"), IsOk());
}

TEST(PackerTest, RemembersTheLargestScratch) {
  Packer packer(kernels::Isa::kAvx2);
  packer.NeedScratch(100);
  packer.NeedScratch(50);
  EXPECT_EQ(packer.scratch_bytes(), 100u);
}

}  // namespace
}  // namespace edgenext::ops
