#ifndef TESTS_TESTING_LOOPBACK_SERVER_H_
#define TESTS_TESTING_LOOPBACK_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "model/base/clock.h"
#include "server/health/health_state.h"
#include "server/lifecycle/lifecycle.h"
#include "server/net/listener.h"
#include "server/pipeline/classify_pipeline.h"
#include "server/rpc/rpc_server.h"
#include "server/rpc/service_context.h"
#include "tests/testing/gate.h"
#include "tests/testing/recording_metrics.h"

namespace edgenext::testing {

// A BMP file of one colour.
std::string SolidBmp(uint8_t red, uint8_t green, uint8_t blue);

// The whole serving path on a loopback port, with real gRPC, batching, decoding and preprocessing; only the
// network is fake. Its model "colours", version "7", reads kSide x kSide pixels and has the classes red,
// green, blue and grey:
//   logits = first pixel's red, green and blue, each / 64, and 1.0      of 8-bit pixels
//   logits = the first four values                                      of normalised pixels
// An image whose first pixel is kFaultyRed, 0, 0 makes it fail, with a message that no client may see.
class LoopbackServer {
 public:
  static constexpr int kSide = 32;
  static constexpr int kClasses = 4;
  static constexpr uint8_t kFaultyRed = 13;
  static constexpr char kFaultMessage[] = "primitive failed in /secret/path.cc";

  struct Options {
    Options();  // one worker, small windows, sizes of 1 MiB
    serving::ClassifyPipeline::Options pipeline;
    serving::RpcServer::Options rpc;
    serving::ServiceContext services;  // its pointers are filled in
    serving::Listener::Options listener;
    int max_watches = 256;
    bool serve = true;  // else the model stays unloaded until Serve
  };

  explicit LoopbackServer(Options options = Options());
  ~LoopbackServer();  // as Stop(now), with the gate open

  // Loads the model and becomes ready.
  void Serve();
  // The server's own way down: readiness off, drain, stop. Returns how many images and calls were cut off.
  int Stop(MonotonicTime deadline);

  // A new connection at each call.
  std::shared_ptr<grpc::Channel> Connect(grpc::ChannelArguments arguments = {}) const;
  std::string address() const { return rpc_->address(); }

  // Every execution passes it, those of the warm-up too.
  Gate& gate() { return gate_; }
  // Blocks until so many executions have come to the gate since the model is served.
  void AwaitExecutions(int executions) { gate_.AwaitArrivals(warm_ups_ + executions); }
  serving::ClassifyPipeline& pipeline() { return *pipeline_; }
  serving::Lifecycle& lifecycle() { return lifecycle_; }
  serving::HealthState& health() { return health_; }
  serving::RpcServer& rpc() { return *rpc_; }
  RecordingMetrics& metrics() { return metrics_; }

 private:
  Gate gate_;
  int warm_ups_ = 0;  // executions before serving
  RecordingMetrics metrics_;
  serving::HealthState health_;
  serving::Lifecycle lifecycle_;
  std::unique_ptr<serving::ClassifyPipeline> pipeline_;
  std::unique_ptr<serving::RpcServer> rpc_;
};

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_LOOPBACK_SERVER_H_
