#include "model/kernels/implementations.h"
#include "model/kernels/vector_avx2.h"
#include "model/kernels/xca_gram_vector.h"
#include "model/kernels/xca_scores_vector.h"
#include "model/kernels/xca_values_vector.h"

namespace edgenext::kernels {
namespace {

void Scores(const XcaScoresArguments& arguments) { VectorXcaScores<Avx2>(arguments).Run(); }
void GramScores(const XcaGramScoresArguments& arguments) { VectorXcaGramScores<Avx2>(arguments).Run(); }
void Apply(const XcaApplyArguments& arguments) { VectorXcaApply<Avx2>(arguments); }
void Fold(const XcaFoldArguments& arguments) { VectorXcaFold<Avx2>(arguments).Run(); }

}  // namespace

extern const XcaKernels kXcaAvx2 = {&Scores, &GramScores, &Apply, &Fold};

}  // namespace edgenext::kernels
