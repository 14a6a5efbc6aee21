#include "model/edgenext/parameters.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace edgenext {
namespace {

// Channels of the Fourier positional code: sine and cosine of 16 frequencies, for rows and columns.
constexpr int kPositionalChannels = 64;
constexpr int kCascadeKernel = 3;

// How the two codes name one place of the network.
struct Place {
  std::string official;
  std::string timm;
};

Place operator+(const Place& place, const Place& suffix) {
  return {place.official + suffix.official, place.timm + suffix.timm};
}
Place operator+(const Place& place, const std::string& suffix) { return place + Place{suffix, suffix}; }

class ParameterList {
 public:
  ParameterList(EdgeNextConfig config, EdgeNextWeights& weights)
      : config_(std::move(config)), weights_(weights) {}

  std::vector<Parameter> Make() {
    weights_ = EdgeNextWeights();
    weights_.config = config_;
    Stem();
    for (int stage = 1; stage < kStages && !config_.downsample_in_block; ++stage) Downsample(stage);
    for (int stage = 0; stage < kStages; ++stage) Stage(stage);
    const int features = Dim(kStages - 1);
    Norm({"norm", "head.norm"}, features, weights_.head_norm);
    Linear({"head", "head.fc"}, features, config_.classes, weights_.head);
    return std::move(parameters_);
  }

 private:
  int Dim(int stage) const { return config_.dims[static_cast<size_t>(stage)]; }
  StageWeights& StageAt(int stage) { return weights_.stages[static_cast<size_t>(stage)]; }
  // Of convolutions outside the SDTA cascade: BatchNorm and timm's small_rw leave it to the norm that
  // follows.
  bool HasConvolutionBias() const { return !config_.batch_norm_hardswish && !config_.downsample_in_block; }

  void Add(const Place& place, Shape shape, Tensor& tensor) {
    TensorSpec spec;
    spec.official_name = config_.downsample_in_block ? place.timm : place.official;
    if (!config_.batch_norm_hardswish) spec.timm_name = place.timm;
    spec.shape = std::move(shape);
    parameters_.push_back({std::move(spec), &tensor});
  }

  void Convolution(const Place& place, Shape shape, bool has_bias, ConvolutionWeights& convolution) {
    const int64_t outputs = shape[0];
    Add(place + ".weight", std::move(shape), convolution.weight);
    if (has_bias) Add(place + ".bias", {outputs}, convolution.bias);
  }

  void Linear(const Place& place, int inputs, int outputs, LinearWeights& linear) {
    Add(place + ".weight", {outputs, inputs}, linear.weight);
    Add(place + ".bias", {outputs}, linear.bias);
  }

  void Norm(const Place& place, int channels, NormWeights& norm) {
    Add(place + ".weight", {channels}, norm.weight);
    Add(place + ".bias", {channels}, norm.bias);
    if (!config_.batch_norm_hardswish) return;
    Add(place + ".running_mean", {channels}, norm.running_mean);
    Add(place + ".running_var", {channels}, norm.running_var);
  }

  void Mlp(const Place& block, int channels, LinearWeights& fc1, LinearWeights& fc2) {
    Linear(block + Place{".pwconv1", ".mlp.fc1"}, channels, kExpansion * channels, fc1);
    Linear(block + Place{".pwconv2", ".mlp.fc2"}, kExpansion * channels, channels, fc2);
  }

  void Stem() {
    const int kernel = config_.downsample_in_block ? 9 : 4;
    Convolution({"downsample_layers.0.0", "stem.0"}, {Dim(0), 3, kernel, kernel}, HasConvolutionBias(),
                weights_.stem);
    Norm({"downsample_layers.0.1", "stem.1"}, Dim(0), weights_.stem_norm);
  }

  void Downsample(int stage) {
    const Place place = {absl::StrCat("downsample_layers.", stage),
                         absl::StrCat("stages.", stage, ".downsample")};
    DownsampleWeights& downsample = StageAt(stage).downsample.emplace();
    Norm(place + ".0", Dim(stage - 1), downsample.norm);
    Convolution(place + ".1", {Dim(stage), Dim(stage - 1), 2, 2}, HasConvolutionBias(),
                downsample.convolution);
  }

  void Stage(int stage) {
    StageWeights& weights = StageAt(stage);
    const int depth = config_.depths[static_cast<size_t>(stage)];
    const int encoders = stage == 0 ? depth : depth - 1;
    weights.conv_encoders.resize(static_cast<size_t>(encoders));
    for (int block = 0; block < encoders; ++block) ConvEncoder(stage, block);
    if (stage > 0) SdtaEncoder(stage, encoders);
  }

  static Place Block(int stage, int block) {
    return {absl::StrCat("stages.", stage, ".", block), absl::StrCat("stages.", stage, ".blocks.", block)};
  }

  void ConvEncoder(int stage, int index) {
    ConvEncoderWeights& encoder = StageAt(stage).conv_encoders[static_cast<size_t>(index)];
    const Place block = Block(stage, index);
    const int channels = Dim(stage);
    const int kernel = kDepthwiseKernel[static_cast<size_t>(stage)];
    Add(block + ".gamma", {channels}, encoder.gamma);
    Convolution(block + Place{".dwconv", ".conv_dw"}, {channels, 1, kernel, kernel}, HasConvolutionBias(),
                encoder.depthwise);
    Norm(block + ".norm", channels, encoder.norm);
    Mlp(block, channels, encoder.fc1, encoder.fc2);
  }

  void SdtaEncoder(int stage, int index) {
    SdtaEncoderWeights& encoder = StageAt(stage).sdta.emplace();
    const Place block = Block(stage, index);
    const int channels = Dim(stage);
    Add(block + ".gamma_xca", {channels}, encoder.gamma_xca);
    Add(block + ".gamma", {channels}, encoder.gamma);
    encoder.cascade.resize(static_cast<size_t>(config_.scales[static_cast<size_t>(stage)] - 1));
    for (size_t i = 0; i < encoder.cascade.size(); ++i) {
      Convolution(block + absl::StrCat(".convs.", i),
                  {config_.ChunkWidth(stage), 1, kCascadeKernel, kCascadeKernel},
                  !config_.downsample_in_block, encoder.cascade[i]);
    }
    if (stage == 1) {
      Convolution(block + ".pos_embd.token_projection", {channels, kPositionalChannels, 1, 1}, true,
                  encoder.positional_projection.emplace());
    }
    Norm(block + ".norm_xca", channels, encoder.norm_xca);
    Add(block + ".xca.temperature", {config_.heads[static_cast<size_t>(stage)], 1, 1}, encoder.temperature);
    Linear(block + ".xca.qkv", channels, 3 * channels, encoder.qkv);
    Linear(block + ".xca.proj", channels, channels, encoder.proj);
    Norm(block + ".norm", channels, encoder.norm);
    Mlp(block, channels, encoder.fc1, encoder.fc2);
  }

  const EdgeNextConfig config_;  // a copy: the caller's may be weights.config
  EdgeNextWeights& weights_;
  std::vector<Parameter> parameters_;
};

}  // namespace

std::vector<Parameter> MakeParameters(const EdgeNextConfig& config, EdgeNextWeights& weights) {
  return ParameterList(config, weights).Make();
}

std::vector<TensorSpec> TensorSpecs(const EdgeNextConfig& config) {
  EdgeNextWeights form;
  std::vector<TensorSpec> specs;
  for (Parameter& parameter : MakeParameters(config, form)) specs.push_back(std::move(parameter.spec));
  return specs;
}

}  // namespace edgenext
