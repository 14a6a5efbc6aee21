#include "server/http/endpoints.h"

#include "absl/strings/str_cat.h"
#include "model/base/version.h"

namespace edgenext::serving {
namespace {

constexpr char kPlainText[] = "text/plain; charset=utf-8";

HttpResponse State(const Lifecycle& lifecycle, bool fail_unless_ready) {
  const ServerState state = lifecycle.state();
  const int status = fail_unless_ready && state != ServerState::kReady ? 503 : 200;
  return {status, kPlainText, absl::StrCat(ServerStateName(state), "\n")};
}

}  // namespace

std::map<std::string, HttpHandler> OperatorEndpoints(const Lifecycle* lifecycle, Metrics* metrics) {
  return {
      {"/livez", [lifecycle] { return State(*lifecycle, false); }},
      {"/readyz", [lifecycle] { return State(*lifecycle, true); }},
      {"/metrics",
       [metrics] {
         return HttpResponse{200, "text/plain; version=0.0.4; charset=utf-8", metrics->Export()};
       }},
      {"/version",
       [] {
         return HttpResponse{
             200, "application/json",
             absl::StrCat("{\"version\": \"", kVersion, "\", \"revision\": \"", kRevision, "\"}\n")};
       }},
  };
}

}  // namespace edgenext::serving
