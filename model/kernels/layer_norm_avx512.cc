#include "model/kernels/implementations.h"
#include "model/kernels/layer_norm_vector.h"
#include "model/kernels/vector_avx512.h"

namespace edgenext::kernels {

void LayerNormAvx512(const LayerNormArguments& arguments) { VectorLayerNorm<Avx512>(arguments).Run(); }

}  // namespace edgenext::kernels
