#ifndef MODEL_OPS_ONEDNN_COMPAT_H_
#define MODEL_OPS_ONEDNN_COMPAT_H_

#include "oneapi/dnnl/dnnl.hpp"

// What differs between oneDNN 2.6 (operation descriptors) and 3.x (none). Everything throws dnnl::error.
namespace edgenext::ops::onednn {

using dnnl::algorithm;
using dnnl::memory;

#if DNNL_VERSION_MAJOR >= 3

// Every instruction set that the processor has.
inline constexpr dnnl_cpu_isa_t kNoCap = dnnl_cpu_isa_default;

inline void AppendEltwise(dnnl::post_ops& ops, algorithm kind, float alpha, float beta) {
  ops.append_eltwise(kind, alpha, beta);
}

inline dnnl::convolution_forward::primitive_desc ConvolutionDesc(
    const dnnl::engine& engine, const memory::desc& source, const memory::desc& weights,
    const memory::desc& bias, const memory::desc& destination, const memory::dims& strides,
    const memory::dims& padding, const dnnl::primitive_attr& attributes) {
  return {engine,
          dnnl::prop_kind::forward_inference,
          algorithm::convolution_direct,
          source,
          weights,
          bias,
          destination,
          strides,
          padding,
          padding,
          attributes};
}

#else

inline constexpr dnnl_cpu_isa_t kNoCap = dnnl_cpu_isa_all;

inline void AppendEltwise(dnnl::post_ops& ops, algorithm kind, float alpha, float beta) {
  ops.append_eltwise(1.0f, kind, alpha, beta);
}

inline dnnl::convolution_forward::primitive_desc ConvolutionDesc(
    const dnnl::engine& engine, const memory::desc& source, const memory::desc& weights,
    const memory::desc& bias, const memory::desc& destination, const memory::dims& strides,
    const memory::dims& padding, const dnnl::primitive_attr& attributes) {
  return {dnnl::convolution_forward::desc(dnnl::prop_kind::forward_inference, algorithm::convolution_direct,
                                          source, weights, bias, destination, strides, padding, padding),
          attributes, engine};
}

#endif

}  // namespace edgenext::ops::onednn

#endif  // MODEL_OPS_ONEDNN_COMPAT_H_
