#include "model/edgenext/network.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/edgenext/packed_network.h"

namespace edgenext {
namespace {

constexpr int kSizeStep = 32;
constexpr int kMinSize = 64;
constexpr int kMaxSize = 512;

absl::Status CheckSize(const char* what, int size) {
  if (IsInputSide(size)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("input ", what, " is ", size, ", expected a multiple of ",
                                                 kSizeStep, " from ", kMinSize, " to ", kMaxSize));
}

// `before` is the map of the stage before.
absl::StatusOr<PackedStage> PackStage(PackContext& context, int index, const MapSize& before,
                                      const StageWeights& weights) {
  PackedStage stage;
  stage.map = before;
  auto encoders = absl::MakeConstSpan(weights.conv_encoders);
  if (index > 0) {
    stage.map = {before.height / 2, before.width / 2, context.config.dims[static_cast<size_t>(index)]};
    if (weights.downsample.has_value()) {
      EDGENEXT_ASSIGN_OR_RETURN(stage.downsample,
                                Downsample::Pack(context, before, stage.map.channels, *weights.downsample));
    } else {
      EDGENEXT_ASSIGN_OR_RETURN(stage.strided_encoder,
                                StridedConvEncoder::Pack(context, index, before, encoders.front()));
      encoders.remove_prefix(1);
    }
  }
  for (const ConvEncoderWeights& encoder : encoders) {
    EDGENEXT_ASSIGN_OR_RETURN(ConvEncoder packed, ConvEncoder::Pack(context, index, stage.map, encoder));
    stage.conv_encoders.push_back(std::move(packed));
  }
  if (weights.sdta.has_value()) {
    EDGENEXT_ASSIGN_OR_RETURN(stage.sdta_encoder,
                              SdtaEncoder::Pack(context, index, stage.map, *weights.sdta));
  }
  return stage;
}

}  // namespace

bool IsInputSide(int64_t pixels) {
  return pixels % kSizeStep == 0 && pixels >= kMinSize && pixels <= kMaxSize;
}

absl::StatusOr<std::shared_ptr<const Network>> Network::Pack(const EdgeNextWeights& weights,
                                                             const NetworkOptions& options) {
  EDGENEXT_RETURN_IF_ERROR(CheckSize("height", options.height));
  EDGENEXT_RETURN_IF_ERROR(CheckSize("width", options.width));
  const kernels::KernelTable* kernels = kernels::FindKernelTable(options.isa);
  if (kernels == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("this processor does not support ", kernels::IsaName(options.isa)));
  }

  PackContext context{weights.config, *kernels, ops::Packer(options.isa), {}};
  EDGENEXT_ASSIGN_OR_RETURN(Stem stem, Stem::Pack(context, options, weights.stem, weights.stem_norm));
  std::array<PackedStage, kStages> stages;
  MapSize map = stem.map();
  for (int i = 0; i < kStages; ++i) {
    const auto index = static_cast<size_t>(i);
    EDGENEXT_ASSIGN_OR_RETURN(stages[index], PackStage(context, i, map, weights.stages[index]));
    map = stages[index].map;
  }
  EDGENEXT_ASSIGN_OR_RETURN(Head head, Head::Pack(context, map, weights.head_norm, weights.head));
  context.sizes.op_scratch_bytes = context.packer.scratch_bytes();
  return std::make_shared<const PackedNetwork>(weights.config, options, std::move(context), std::move(stem),
                                               std::move(stages), std::move(head));
}

}  // namespace edgenext
