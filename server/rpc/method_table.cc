#include "server/rpc/method_table.h"

#include "absl/strings/str_cat.h"
#include "server/rpc/call_record.h"
#include "server/rpc/unary_call.h"

namespace edgenext::serving {
namespace {

// Ends the call on its headers. The method's name is the client's own, so it is cut before it goes back.
class UnknownMethodCall final : public CallHandler {
 public:
  UnknownMethodCall(RpcCall& call, const ServiceContext& services)
      : call_(call), record_(services, Method::kUnknown) {}

  void OnHeaders() override {
    const absl::Status error =
        absl::UnimplementedError(absl::StrCat("no method '", call_.method().substr(0, 128), "'"));
    record_.End(error);
    call_.Finish(error);
  }
  void OnRead(bool /*ok*/, grpc::ByteBuffer /*message*/) override {}
  void OnDone(bool /*cancelled*/) override {}
  void OnDrain() override {}
  bool OnAbort(const absl::Status& /*why*/) override { return false; }

 private:
  RpcCall& call_;
  CallRecord record_;
};

}  // namespace

void MethodTable::AddUnary(const std::string& path, std::shared_ptr<const UnaryMethod> method) {
  Add(path, [&services = services_, method = std::move(method)](RpcCall& call) {
    return std::make_unique<UnaryCall>(call, *method, services);
  });
}

std::unique_ptr<CallHandler> MethodTable::MakeHandler(RpcCall& call) const {
  const auto found = factories_.find(call.method());
  if (found == factories_.end()) return std::make_unique<UnknownMethodCall>(call, services_);
  return found->second(call);
}

}  // namespace edgenext::serving
