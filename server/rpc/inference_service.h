#ifndef SERVER_RPC_INFERENCE_SERVICE_H_
#define SERVER_RPC_INFERENCE_SERVICE_H_

#include "server/rpc/method_table.h"
#include "server/rpc/service_context.h"

namespace edgenext::serving {

// Adds the six methods of inference.GRPCInferenceService. `services` outlives the table.
void AddInferenceMethods(const ServiceContext& services, MethodTable& methods);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_INFERENCE_SERVICE_H_
