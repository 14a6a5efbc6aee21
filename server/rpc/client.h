#ifndef SERVER_RPC_CLIENT_H_
#define SERVER_RPC_CLIENT_H_

#include "server/batching/task.h"
#include "server/rpc/rpc_call.h"
#include "server/rpc/service_context.h"

namespace edgenext::serving {

// What the headers say of the images that come with `call`: its deadline, and whose they are. The client is
// what its metadata names where the operator has said which key to look at, else its connection; one that is
// capped to bulk has that class. A client's name is at most kMostClientKeyBytes, however long the metadata
// is.
TaskAttributes AttributesOf(const RpcCall& call, const ServiceContext& services);

inline constexpr size_t kMostClientKeyBytes = 128;

}  // namespace edgenext::serving

#endif  // SERVER_RPC_CLIENT_H_
