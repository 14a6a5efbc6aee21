#include "server/rpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "edgenext/v1/classifier.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "inference/grpc_service.pb.h"
#include "server/rpc/ending_call.h"
#include "server/rpc/message_codec.h"
#include "server/rpc/rpc_call.h"

namespace edgenext::serving {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

// The files of every service that is served.
std::vector<const FileDescriptor*> ServedFiles() {
  return {v1::ClassifyRequest::descriptor()->file(),
          grpc::health::v1::HealthCheckRequest::descriptor()->file(),
          grpc::reflection::v1::ServerReflectionRequest::descriptor()->file(),
          grpc::reflection::v1alpha::ServerReflectionRequest::descriptor()->file(),
          inference::ModelInferRequest::descriptor()->file()};
}

// A file and all it imports, each once, imports last.
void Collect(const FileDescriptor* file, std::set<const FileDescriptor*>& seen,
             std::vector<const FileDescriptor*>& files) {
  if (!seen.insert(file).second) return;
  files.push_back(file);
  for (int i = 0; i < file->dependency_count(); ++i) Collect(file->dependency(i), seen, files);
}

template <typename Response>
void SetFile(const FileDescriptor* file, const std::string& asked, Response& response) {
  if (file == nullptr) {
    response.mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
    response.mutable_error_response()->set_error_message("not found: " + asked.substr(0, 256));
    return;
  }
  std::set<const FileDescriptor*> seen;
  std::vector<const FileDescriptor*> files;
  Collect(file, seen, files);
  for (const FileDescriptor* each : files) {
    google::protobuf::FileDescriptorProto proto;
    each->CopyTo(&proto);
    response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  }
}

template <typename Request, typename Response>
Response Answer(const Request& request) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kListServices:
      for (const FileDescriptor* file : ServedFiles()) {
        for (int i = 0; i < file->service_count(); ++i) {
          response.mutable_list_services_response()->add_service()->set_name(file->service(i)->full_name());
        }
      }
      break;
    case Request::kFileByFilename:
      SetFile(pool.FindFileByName(request.file_by_filename()), request.file_by_filename(), response);
      break;
    case Request::kFileContainingSymbol:
      SetFile(pool.FindFileContainingSymbol(request.file_containing_symbol()),
              request.file_containing_symbol(), response);
      break;
    case Request::kFileContainingExtension:
    case Request::kAllExtensionNumbersOfType:
    case Request::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(grpc::StatusCode::UNIMPLEMENTED);
      response.mutable_error_response()->set_error_message("the protocols served here have no extensions");
      break;
  }
  return response;
}

// One stream: a question, its answer, and so on.
template <typename Request, typename Response>
class ReflectionCall final : public EndingCall {
 public:
  explicit ReflectionCall(RpcCall& call) : EndingCall(call) {}

  void OnHeaders() override { call_.Read(); }
  void OnRead(bool ok, grpc::ByteBuffer message) override {
    Request request;
    const absl::Status parsed = ok ? ParseMessage(std::move(message), request) : absl::OkStatus();
    if (!ok || !parsed.ok()) {
      EndWith(parsed);
      return;
    }
    std::lock_guard<std::mutex> lock(mu_);
    if (!ending()) Write(SerializeMessage(Answer<Request, Response>(request)));
  }
  void OnWritten(bool ok) override {
    EndingCall::OnWritten(ok);
    if (ok) call_.Read();
  }
};

template <typename Request, typename Response>
void Add(const std::string& path, MethodTable& methods) {
  methods.Add(path, [](RpcCall& call) { return std::make_unique<ReflectionCall<Request, Response>>(call); });
}

}  // namespace

void AddReflectionMethods(MethodTable& methods) {
  namespace v1 = grpc::reflection::v1;
  namespace v1alpha = grpc::reflection::v1alpha;
  Add<v1::ServerReflectionRequest, v1::ServerReflectionResponse>(
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", methods);
  Add<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", methods);
}

}  // namespace edgenext::serving
