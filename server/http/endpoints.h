#ifndef SERVER_HTTP_ENDPOINTS_H_
#define SERVER_HTTP_ENDPOINTS_H_

#include <map>
#include <string>

#include "server/http/http_server.h"
#include "server/lifecycle/lifecycle.h"
#include "server/metrics/metrics.h"

namespace edgenext::serving {

// What operators and probes ask for:
//   /livez    200 while the process can answer, whatever its state: a restart would help nobody who is
//   loading or
//             draining
//   /readyz   200 while the server is ready, else 503; the body names the state
//   /metrics  Prometheus' text format 0.0.4
//   /version  {"version": …, "revision": …}
// `lifecycle` and `metrics` outlive the handlers.
std::map<std::string, HttpHandler> OperatorEndpoints(const Lifecycle* lifecycle, Metrics* metrics);

}  // namespace edgenext::serving

#endif  // SERVER_HTTP_ENDPOINTS_H_
