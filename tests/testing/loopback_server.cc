#include "tests/testing/loopback_server.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "model/executor/executor.h"
#include "model/kernels/kernels.h"

namespace edgenext::testing {
namespace {

using serving::ServedModel;

class ColourExecutor final : public Executor {
 public:
  explicit ColourExecutor(Gate* gate) : gate_(gate) {}

  absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                       ThreadTeam& /*team*/) override {
    gate_->Pass();
    for (size_t i = 0; i < batch.size(); ++i) {
      const NetworkInput& input = batch[i];
      float* out = logits.data() + i * LoopbackServer::kClasses;
      if (input.rgb == nullptr) {
        std::copy(input.normalised, input.normalised + LoopbackServer::kClasses, out);
        continue;
      }
      if (input.rgb[0] == LoopbackServer::kFaultyRed && input.rgb[1] == 0 && input.rgb[2] == 0) {
        return absl::InternalError(LoopbackServer::kFaultMessage);
      }
      for (int c = 0; c < 3; ++c) out[c] = static_cast<float>(input.rgb[c]) / 64;
      out[3] = 1.0f;
    }
    return absl::OkStatus();
  }
  int height() const override { return LoopbackServer::kSide; }
  int width() const override { return LoopbackServer::kSide; }
  int classes() const override { return LoopbackServer::kClasses; }

 private:
  Gate* const gate_;
};

void AppendLittleEndian(uint32_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

}  // namespace

std::string SolidBmp(uint8_t red, uint8_t green, uint8_t blue) {
  constexpr uint32_t kWidth = 40, kHeight = 40, kPixelBytes = kWidth * kHeight * 3, kHeaderBytes = 54;
  std::string file = "BM";
  AppendLittleEndian(kHeaderBytes + kPixelBytes, 4, file);
  AppendLittleEndian(0, 4, file);
  AppendLittleEndian(kHeaderBytes, 4, file);
  AppendLittleEndian(40, 4, file);  // BITMAPINFOHEADER
  AppendLittleEndian(kWidth, 4, file);
  AppendLittleEndian(kHeight, 4, file);
  AppendLittleEndian(1, 2, file);   // planes
  AppendLittleEndian(24, 2, file);  // bits a pixel
  AppendLittleEndian(0, 4, file);   // not compressed
  AppendLittleEndian(kPixelBytes, 4, file);
  for (int i = 0; i < 4; ++i) AppendLittleEndian(0, 4, file);
  for (uint32_t i = 0; i < kWidth * kHeight; ++i) {
    for (const uint8_t channel : {blue, green, red}) file.push_back(static_cast<char>(channel));
  }
  return file;
}

LoopbackServer::Options::Options() {
  pipeline.worker_nice = 0;
  pipeline.max_batch_size = 1;  // the network takes no time, so that which batch pays would be left to chance
  pipeline.admission.queue_capacity = 8;
  pipeline.admission.max_inflight_bytes = size_t{64} << 20;
  rpc.polling_threads = 2;  // so that calls of different queues meet
  services.max_image_bytes = size_t{1} << 20;
  services.max_receive_bytes = size_t{4} << 20;
  pipeline.image_limits.max_bytes = services.max_image_bytes;
}

LoopbackServer::LoopbackServer(Options options) : health_(options.max_watches) {
  options.pipeline.metrics = &metrics_;
  pipeline_ = std::make_unique<serving::ClassifyPipeline>(options.pipeline);
  lifecycle_.Observe([this](serving::ServerState state) { health_.SetServerState(state); });
  options.services.pipeline = pipeline_.get();
  options.services.lifecycle = &lifecycle_;
  options.services.metrics = &metrics_;
  options.services.health = &health_;
  auto listener = serving::Listener::Bind(options.listener);
  if (!listener.ok()) {
    ADD_FAILURE() << listener.status();
    return;
  }
  auto rpc = serving::RpcServer::Start(options.rpc, options.services, *std::move(listener));
  if (!rpc.ok()) {
    ADD_FAILURE() << rpc.status();
    return;
  }
  rpc_ = *std::move(rpc);
  if (options.serve) Serve();
}

LoopbackServer::~LoopbackServer() {
  gate_.Open();
  Stop(Clock::Real().Now());
}

void LoopbackServer::Serve() {
  auto model = std::make_shared<ServedModel>();
  model->name = "colours";
  model->version = "7";
  model->variant = "edgenext_xx_small";
  model->precision = "bf16";
  model->labels = {"red", "green", "blue", "grey"};
  model->preprocess.height = kSide;
  model->preprocess.width = kSide;
  model->make_executor = [gate = &gate_]() -> absl::StatusOr<std::unique_ptr<Executor>> {
    return std::make_unique<ColourExecutor>(gate);
  };
  model->kernels = kernels::FindKernelTable(kernels::Isa::kScalar);
  const absl::Status served = pipeline_->Serve(model);
  if (!served.ok()) ADD_FAILURE() << served;
  warm_ups_ = gate_.arrivals();
  health_.AddModel(model->name);
  lifecycle_.MoveTo(serving::ServerState::kReady);
}

int LoopbackServer::Stop(MonotonicTime deadline) {
  lifecycle_.MoveTo(serving::ServerState::kDraining);
  health_.Close();
  int cut_off = rpc_->Shutdown(deadline);
  cut_off += pipeline_->Stop(Clock::Real().Now());
  lifecycle_.MoveTo(serving::ServerState::kStopped);
  return cut_off;
}

std::shared_ptr<grpc::Channel> LoopbackServer::Connect(grpc::ChannelArguments arguments) const {
  // Channels with equal arguments would share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace edgenext::testing
