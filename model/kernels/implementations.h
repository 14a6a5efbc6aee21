#ifndef MODEL_KERNELS_IMPLEMENTATIONS_H_
#define MODEL_KERNELS_IMPLEMENTATIONS_H_

#include "model/kernels/kernels.h"

// What the files of one instruction set export: one symbol each, and nothing else
// (tests/lint/kernel_symbols.sh), because a function that leaks out of them could replace its namesake in
// code that runs on every processor.
namespace edgenext::kernels {

extern const XcaKernels kXcaScalar;
extern const XcaKernels kXcaAvx2;
extern const XcaKernels kXcaAvx512;

void DepthwiseScalar(const DepthwiseArguments& arguments);
void DepthwiseAvx2(const DepthwiseArguments& arguments);
void DepthwiseAvx512(const DepthwiseArguments& arguments);

extern const LinearKernels kLinearScalar;
extern const LinearKernels kLinearAvx2;
extern const LinearKernels kLinearAvx512;
extern const LinearKernels kLinearAvx512Bf16;

extern const ResampleKernels kResampleScalar;
extern const ResampleKernels kResampleAvx2;
extern const ResampleKernels kResampleAvx512;

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_IMPLEMENTATIONS_H_
