#ifndef SERVER_RPC_REFLECTION_H_
#define SERVER_RPC_REFLECTION_H_

#include "server/rpc/method_table.h"

namespace edgenext::serving {

// gRPC server reflection, v1 and v1alpha, for tools such as grpcurl. Ours, because the library's knows
// v1alpha only and leaves out services that are served through the generic service; do not link the library's
// beside it: both register the same messages. Lists both inference services, health and reflection itself.
// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
void AddReflectionMethods(MethodTable& methods);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_REFLECTION_H_
