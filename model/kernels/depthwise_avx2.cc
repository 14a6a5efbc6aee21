#include "model/kernels/depthwise_vector.h"
#include "model/kernels/implementations.h"
#include "model/kernels/vector_avx2.h"

namespace edgenext::kernels {

void DepthwiseAvx2(const DepthwiseArguments& arguments) { VectorDepthwise<Avx2>(arguments).Run(); }

}  // namespace edgenext::kernels
