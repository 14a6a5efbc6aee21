#include "model/kernels/implementations.h"
#include "model/kernels/vector_avx2.h"
#include "model/kernels/xca_vector.h"

namespace edgenext::kernels {

void XcaAvx2(const XcaArguments& arguments) { VectorXca<Avx2>(arguments).Run(); }

}  // namespace edgenext::kernels
