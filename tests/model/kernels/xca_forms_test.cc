#include <gtest/gtest.h>

#include "model/kernels/xca.h"

namespace edgenext::kernels {
namespace {

struct Case {
  XcaShape shape;
  bool gram_scores;
  bool folded_values;
};

// The stages of published variants, at 256 x 256 but for the last three.
TEST(ShortestXcaForms, FollowsTheShape) {
  for (const Case& c :
       {Case{{1024, 4, 12}, true, true}, Case{{256, 4, 22}, true, true}, Case{{64, 4, 42}, false, false},
        Case{{1024, 8, 12}, true, true}, Case{{256, 8, 20}, true, true}, Case{{64, 8, 38}, false, false},
        Case{{1024, 8, 20}, true, true}, Case{{256, 8, 36}, false, false}, Case{{64, 8, 73}, false, false},
        Case{{196, 8, 20}, true, true}, Case{{176, 8, 20}, false, true}, Case{{160, 8, 20}, false, false}}) {
    const XcaForms forms = ShortestXcaForms(c.shape);
    EXPECT_EQ(forms.gram_scores, c.gram_scores) << c.shape.tokens << " x " << c.shape.channels();
    EXPECT_EQ(forms.folded_values, c.folded_values) << c.shape.tokens << " x " << c.shape.channels();
  }
}

}  // namespace
}  // namespace edgenext::kernels
