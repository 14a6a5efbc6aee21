#include "model/kernels/depthwise_vector.h"
#include "model/kernels/implementations.h"
#include "model/kernels/vector_avx512.h"

namespace edgenext::kernels {

void DepthwiseAvx512(const DepthwiseArguments& arguments) { VectorDepthwise<Avx512>(arguments).Run(); }

}  // namespace edgenext::kernels
