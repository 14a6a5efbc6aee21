#include "model/kernels/implementations.h"
#include "model/kernels/layer_norm_vector.h"
#include "model/kernels/vector_avx2.h"

namespace edgenext::kernels {

void LayerNormAvx2(const LayerNormArguments& arguments) { VectorLayerNorm<Avx2>(arguments).Run(); }

}  // namespace edgenext::kernels
