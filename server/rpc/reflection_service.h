#ifndef SERVER_RPC_REFLECTION_SERVICE_H_
#define SERVER_RPC_REFLECTION_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <vector>

namespace edgenext::serving {

// gRPC server reflection, v1 and v1alpha, for tools such as grpcurl. Ours, because the library's knows
// v1alpha only and leaves out services that are served through the generic service; do not link the library's
// beside it: both register the same messages. Lists both inference services, health and reflection itself.
std::vector<std::unique_ptr<grpc::Service>> MakeReflectionServices();

}  // namespace edgenext::serving

#endif  // SERVER_RPC_REFLECTION_SERVICE_H_
