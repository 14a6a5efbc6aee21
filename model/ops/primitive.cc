#include "model/ops/primitive.h"

#include "model/base/status_macros.h"

namespace edgenext::ops {
namespace {

// A primitive with all its arguments, as the C interface takes them: the C++ one would copy them for each
// call.
struct BoundPrimitive {
  std::shared_ptr<const void> packed;  // keeps primitive and weights
  dnnl_primitive_t primitive;
  dnnl_stream_t stream;
  const std::string* name;
  std::vector<dnnl::memory> memories;
  std::vector<dnnl_exec_arg_t> arguments;

  void Add(int kind, dnnl::memory memory) {
    memories.push_back(std::move(memory));
    arguments.push_back({kind, memories.back().get()});
  }

  absl::Status Run() const {
    const dnnl_status_t status =
        dnnl_primitive_execute(primitive, stream, static_cast<int>(arguments.size()), arguments.data());
    if (status != dnnl_success) {
      return absl::InternalError(
          absl::StrCat(*name, ": oneDNN failed with status ", static_cast<int>(status)));
    }
    return absl::OkStatus();
  }
};

dnnl::memory Pack(const ConstantArgument& constant, void* packed) {
  const dnnl::engine& engine = CpuEngine();
  dnnl::memory from(constant.from, engine, const_cast<float*>(constant.values));  // only read
  dnnl::memory to(constant.to, engine, packed);
  dnnl::stream stream(engine);
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return to;
}

}  // namespace

const dnnl::engine& CpuEngine() {
  static const auto* engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

dnnl::primitive_attr CommonAttributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

absl::StatusOr<std::shared_ptr<const PackedPrimitive>> PackedPrimitive::Make(Packer& packer, std::string name,
                                                                             PrimitiveParts parts) {
  EDGENEXT_RETURN_IF_ERROR(packer.CheckImplementation(name, parts.implementation));
  packer.NeedScratch(parts.scratchpad.get_size());
  std::shared_ptr<PackedPrimitive> packed(new PackedPrimitive);
  packed->name_ = std::move(name);
  packed->primitive_ = std::move(parts.primitive);
  packed->source_ = parts.source;
  packed->destination_ = parts.destination;
  packed->scratchpad_ = parts.scratchpad;
  packed->memory_ = packer.memory();
  for (const ConstantArgument& constant : parts.constants) {
    void* memory = packer.memory()->Allocate(constant.to.get_size());
    packed->constants_.emplace_back(constant.kind, Pack(constant, memory));
  }
  return packed;
}

void PackedPrimitive::AppendTo(Program& program, OpKind kind, double macs,
                               std::shared_ptr<const PackedPrimitive> packed, const float* source,
                               float* destination) {
  if (!program.status().ok()) return;
  program.Fail(CatchOneDnn(packed->name_, [&] {
    const dnnl::engine& engine = CpuEngine();
    auto bound = std::make_shared<BoundPrimitive>();
    bound->primitive = packed->primitive_.get();
    bound->stream = program.stream().stream.get();
    bound->name = &packed->name_;
    bound->Add(DNNL_ARG_SRC, dnnl::memory(packed->source_, engine, const_cast<float*>(source)));  // only read
    bound->Add(DNNL_ARG_DST, dnnl::memory(packed->destination_, engine, destination));
    bound->Add(DNNL_ARG_SCRATCHPAD, dnnl::memory(packed->scratchpad_, engine, program.scratch()));
    for (const auto& [argument, memory] : packed->constants_) bound->Add(argument, memory);
    bound->packed = packed;
    program.Append(
        kind, [bound] { return bound->Run(); }, macs);
    return absl::OkStatus();
  }));
}

}  // namespace edgenext::ops
