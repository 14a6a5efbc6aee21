#include <gtest/gtest.h>

#include "model/kernels/xca.h"

namespace edgenext::kernels {
namespace {

struct Case {
  XcaShape shape;
  XcaForms f32;
  XcaForms bf16;
};

// The stages of published variants, at 256 x 256 but for the last three.
TEST(ShortestXcaForms, FollowsShapeAndPrecision) {
  constexpr XcaForms kByTokens = {false, false}, kGram = {true, false}, kFolded = {false, true},
                     kBoth = {true, true};
  for (const Case& c : {Case{{1024, 4, 12}, kBoth, kBoth}, Case{{256, 4, 22}, kBoth, kGram},
                        Case{{64, 4, 42}, kByTokens, kByTokens}, Case{{1024, 8, 12}, kBoth, kBoth},
                        Case{{256, 8, 20}, kBoth, kByTokens}, Case{{64, 8, 38}, kByTokens, kByTokens},
                        Case{{1024, 8, 20}, kBoth, kGram}, Case{{256, 8, 36}, kByTokens, kByTokens},
                        Case{{64, 8, 73}, kByTokens, kByTokens}, Case{{196, 8, 20}, kBoth, kByTokens},
                        Case{{176, 8, 20}, kFolded, kByTokens}, Case{{160, 8, 20}, kByTokens, kByTokens}}) {
    for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
      const XcaForms expected = precision == Precision::kF32 ? c.f32 : c.bf16;
      const XcaForms forms = ShortestXcaForms(c.shape, precision);
      EXPECT_EQ(forms.gram_scores, expected.gram_scores)
          << PrecisionName(precision) << " " << c.shape.tokens << " x " << c.shape.channels();
      EXPECT_EQ(forms.folded_values, expected.folded_values)
          << PrecisionName(precision) << " " << c.shape.tokens << " x " << c.shape.channels();
    }
  }
}

}  // namespace
}  // namespace edgenext::kernels
