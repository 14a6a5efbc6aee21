#ifndef MODEL_OPS_PRIMITIVE_H_
#define MODEL_OPS_PRIMITIVE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "model/ops/packer.h"
#include "model/ops/program.h"
#include "oneapi/dnnl/dnnl.hpp"

// The room's own header over oneDNN's types: only sources of model/ops include it.
namespace edgenext::ops {

// The CPU engine that all primitives share. Never destroyed.
const dnnl::engine& CpuEngine();

// Where a program's primitives run: on the calling thread, one after the other.
struct Stream {
  dnnl::stream stream{CpuEngine()};
};

// Weights or a bias: `values` in the layout `from`, which the primitive wants in the layout `to`.
struct ConstantArgument {
  int kind;  // DNNL_ARG_…
  dnnl::memory::desc from, to;
  const float* values;
};

// What a primitive is made of.
struct PrimitiveParts {
  dnnl::primitive primitive;
  std::string implementation;  // oneDNN's name for the one it chose
  dnnl::memory::desc source, destination, scratchpad;
  std::vector<ConstantArgument> constants;
};

// A primitive with its weights packed. Immutable and thread-safe: shared by the programs of all threads.
class PackedPrimitive {
 public:
  // `name` is for errors and logs: "linear 4096x48x192". Throws dnnl::error.
  static absl::StatusOr<std::shared_ptr<const PackedPrimitive>> Make(Packer& packer, std::string name,
                                                                     PrimitiveParts parts);

  // Appends the step that reads `source` and writes `destination`, of so many multiply-accumulates; if oneDNN
  // fails, the program does.
  static void AppendTo(Program& program, OpKind kind, double macs,
                       std::shared_ptr<const PackedPrimitive> packed, const float* source,
                       float* destination);

 private:
  PackedPrimitive() = default;

  std::string name_;
  dnnl::primitive primitive_;
  dnnl::memory::desc source_, destination_, scratchpad_;
  std::vector<std::pair<int, dnnl::memory>> constants_;
  std::shared_ptr<PackedMemory> memory_;
};

// Attributes of every primitive: its scratchpad is an argument, so that it allocates none and may run on many
// threads at once.
dnnl::primitive_attr CommonAttributes();

// Calls `make`, which returns a Status or a StatusOr, and turns what oneDNN throws into INTERNAL.
template <typename Make>
auto CatchOneDnn(const std::string& name, Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    return absl::InternalError(absl::StrCat("oneDNN cannot make ", name, ": ", error.what()));
  }
}

}  // namespace edgenext::ops

#endif  // MODEL_OPS_PRIMITIVE_H_
