#include "server/rpc/receive_window.h"

#include <grpcpp/version_info.h>

#if GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR == 51
// As src/core/ext/transport/chttp2/transport/flow_control.h declares them, which is not installed. Weak: a
// library that hides the hook is no reason not to start.
namespace grpc_core::chttp2 {
class TestOnlyTransportTargetWindowEstimatesMocker {
 public:
  virtual ~TestOnlyTransportTargetWindowEstimatesMocker() = default;
  virtual double ComputeNextTargetInitialWindowSizeFromPeriodicUpdate(double current_target) = 0;
};
extern __attribute__((weak))
TestOnlyTransportTargetWindowEstimatesMocker* g_test_only_transport_target_window_estimates_mocker;
}  // namespace grpc_core::chttp2

namespace edgenext::serving {
namespace {

class FixedWindow final : public grpc_core::chttp2::TestOnlyTransportTargetWindowEstimatesMocker {
 public:
  double ComputeNextTargetInitialWindowSizeFromPeriodicUpdate(double /*current_target*/) override {
    return kStreamWindowBytes;
  }
};

// Whether gRPC takes its windows from us: for all connections of the process, and until it ends.
bool FixWindows() {
  auto** const hook = &grpc_core::chttp2::g_test_only_transport_target_window_estimates_mocker;
  if (hook == nullptr) return false;
  static FixedWindow* const window = new FixedWindow;  // connections may outlive static objects
  *hook = window;
  return true;
}

}  // namespace
}  // namespace edgenext::serving
#else
namespace edgenext::serving {
namespace {

bool FixWindows() { return false; }

}  // namespace
}  // namespace edgenext::serving
#endif

namespace edgenext::serving {

void SetReceiveWindow(grpc::ServerBuilder& builder) {
  if (FixWindows()) return;
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
}

}  // namespace edgenext::serving
