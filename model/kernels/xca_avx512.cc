#include "model/kernels/implementations.h"
#include "model/kernels/vector_avx512.h"
#include "model/kernels/xca_vector.h"

namespace edgenext::kernels {

void XcaAvx512(const XcaArguments& arguments) { VectorXca<Avx512>(arguments).Run(); }

}  // namespace edgenext::kernels
