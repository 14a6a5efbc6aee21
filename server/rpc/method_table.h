#ifndef SERVER_RPC_METHOD_TABLE_H_
#define SERVER_RPC_METHOD_TABLE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/rpc/rpc_call.h"
#include "server/rpc/service_context.h"
#include "server/rpc/unary_method.h"

namespace edgenext::serving {

// Which handler answers which method, by its path ("/edgenext.v1.Classifier/Classify"). Thread-compatible:
// filled before the server starts, then only read.
class MethodTable {
 public:
  using HandlerFactory = std::function<std::unique_ptr<CallHandler>(RpcCall& call)>;

  explicit MethodTable(const ServiceContext& services) : services_(services) {}

  void Add(const std::string& path, HandlerFactory factory) { factories_[path] = std::move(factory); }
  void AddUnary(const std::string& path, std::shared_ptr<const UnaryMethod> method);

  // A handler for the call; for a method that nobody has added, one that answers UNIMPLEMENTED.
  std::unique_ptr<CallHandler> MakeHandler(RpcCall& call) const;

 private:
  const ServiceContext& services_;
  std::map<std::string, HandlerFactory> factories_;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_METHOD_TABLE_H_
