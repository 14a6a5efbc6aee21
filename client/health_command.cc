#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/base/grpc_time.h"
#include "client/base/report_error.h"
#include "client/base/server_address.h"
#include "client/base/server_error.h"
#include "client/commands.h"
#include "client/json.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace edgenext {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

ExitCode Health(const HealthOptions& options) {
  const auto stub = grpc::health::v1::Health::NewStub(OpenChannel(options.server.target));
  grpc::ClientContext context;
  context.set_deadline(ToGrpcTime(SteadyNow() + options.server.timeout));
  HealthCheckRequest request;
  request.set_service(options.service);
  HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, request, &response);
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
    return ReportError(options.server.target, absl::NotFoundError(absl::StrCat(
                                                  "the server knows no service '", options.service, "'")));
  }
  if (!status.ok()) return ReportError(options.server.target, ErrorFromCall(status, context).status);

  const std::string& name = HealthCheckResponse::ServingStatus_Name(response.status());
  if (options.json) {
    WriteJsonLine(std::cout, Json{{"service", options.service}, {"status", name}});
  } else {
    std::cout << name << '\n';
  }
  return response.status() == HealthCheckResponse::SERVING ? kExitOk : kExitFailed;
}

}  // namespace edgenext
