#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/base/grpc_time.h"
#include "client/base/report_error.h"
#include "client/base/server_address.h"
#include "client/base/server_error.h"
#include "client/base/text_layout.h"
#include "client/commands.h"
#include "client/json.h"
#include "inference/grpc_service.grpc.pb.h"

namespace edgenext {
namespace {

using Service = inference::GRPCInferenceService::Stub;
using Tensors = google::protobuf::RepeatedPtrField<inference::ModelMetadataResponse::TensorMetadata>;

struct Facts {
  inference::ServerMetadataResponse server;
  inference::ServerReadyResponse server_ready;
  inference::ModelMetadataResponse model;
};

template <typename Request, typename Response>
absl::Status Ask(Service& stub,
                 grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Response*),
                 const Request& request, gpr_timespec deadline, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(deadline);
  return ErrorFromCall((stub.*method)(&context, request, &response), context).status;
}

absl::Status AskAll(const InfoOptions& options, Facts& facts) {
  Service stub(OpenChannel(options.server.target));
  const auto deadline = ToGrpcTime(SteadyNow() + options.server.timeout);
  absl::Status status = Ask(stub, &Service::ServerMetadata, {}, deadline, facts.server);
  if (status.ok()) status = Ask(stub, &Service::ServerReady, {}, deadline, facts.server_ready);
  inference::ModelMetadataRequest request;
  request.set_name(options.model);
  if (status.ok()) status = Ask(stub, &Service::ModelMetadata, request, deadline, facts.model);
  return status;
}

std::map<std::string, std::string> Properties(const Facts& facts) {
  return {facts.model.properties().begin(), facts.model.properties().end()};
}

Json TensorsToJson(const Tensors& tensors) {
  Json json = Json::array();
  for (const auto& tensor : tensors) {
    json.push_back({{"name", tensor.name()},
                    {"datatype", tensor.datatype()},
                    {"shape", std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end())}});
  }
  return json;
}

void WriteJson(const Facts& facts) {
  Json properties = Json::object();
  for (const auto& [key, value] : Properties(facts)) properties[key] = value;
  const std::vector<std::string> extensions(facts.server.extensions().begin(),
                                            facts.server.extensions().end());
  const std::vector<std::string> versions(facts.model.versions().begin(), facts.model.versions().end());
  WriteJsonLine(std::cout, Json{{"server",
                                 {{"name", facts.server.name()},
                                  {"version", facts.server.version()},
                                  {"ready", facts.server_ready.ready()},
                                  {"extensions", extensions}}},
                                {"model",
                                 {{"name", facts.model.name()},
                                  {"versions", versions},
                                  {"platform", facts.model.platform()},
                                  {"inputs", TensorsToJson(facts.model.inputs())},
                                  {"outputs", TensorsToJson(facts.model.outputs())},
                                  {"properties", properties}}}});
}

void WriteLine(const std::string& key, const std::string& value) {
  std::cout << PadRight(Printable(key), 12) << "  " << Printable(value) << '\n';
}

void WriteTensors(const std::string& key, const Tensors& tensors) {
  std::string title = key;
  for (const auto& tensor : tensors) {
    WriteLine(title, absl::StrCat(PadRight(tensor.name(), 14), PadRight(tensor.datatype(), 6), "[",
                                  absl::StrJoin(tensor.shape(), ", "), "]"));
    title.clear();
  }
}

void WriteText(const InfoOptions& options, const Facts& facts) {
  WriteLine("server",
            absl::StrCat(facts.server.name(), " ", facts.server.version(), " at ", options.server.target,
                         facts.server_ready.ready() ? ", ready" : ", not ready"));
  WriteLine("extensions", absl::StrJoin(facts.server.extensions(), ", "));
  WriteLine("model", facts.model.name());
  WriteLine("versions", absl::StrJoin(facts.model.versions(), ", "));
  WriteLine("platform", facts.model.platform());
  WriteTensors("inputs", facts.model.inputs());
  WriteTensors("outputs", facts.model.outputs());
  for (const auto& [key, value] : Properties(facts)) WriteLine(key, value);
}

}  // namespace

ExitCode Info(const InfoOptions& options) {
  Facts facts;
  if (const absl::Status status = AskAll(options, facts); !status.ok()) {
    return ReportError(options.server.target, status);
  }
  if (options.json) {
    WriteJson(facts);
  } else {
    WriteText(options, facts);
  }
  return kExitOk;
}

}  // namespace edgenext
