#include "server/http/http_server.h"

#include <civetweb.h>

#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/log.h"

namespace edgenext::serving {
namespace {

std::string HostPort(const std::string& host, int port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

// In civetweb's notation; "+PORT" is every address, IPv6 and IPv4.
std::string ListeningPort(const HttpServer::Options& options) {
  return options.host == "::" ? absl::StrCat("+", options.port) : HostPort(options.host, options.port);
}

void Send(mg_connection* connection, const HttpResponse& response, bool with_body,
          absl::string_view more_headers) {
  const std::string head = absl::StrCat(
      "HTTP/1.1 ", response.status, " ", mg_get_response_code_text(connection, response.status), "\r\n",
      "Content-Type: ", response.content_type, "\r\n", "Content-Length: ", response.body.size(), "\r\n",
      "Cache-Control: no-store\r\n", more_headers, "Connection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  if (with_body) mg_write(connection, response.body.data(), response.body.size());
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const Options& options, std::map<std::string, HttpHandler> handlers)
      : options_(options), handlers_(std::move(handlers)) {
    mg_init_library(0);
  }

  ~Impl() {
    if (context_ != nullptr) mg_stop(context_);
    mg_exit_library();
  }

  absl::Status Start() {
    const std::string listening_port = ListeningPort(options_);
    const std::string threads = std::to_string(options_.threads);
    const std::string timeout = std::to_string(options_.request_timeout_ms);
    const char* const settings[] = {"listening_ports",
                                    listening_port.c_str(),  //
                                    "num_threads",
                                    threads.c_str(),  //
                                    "request_timeout_ms",
                                    timeout.c_str(),  //
                                    "enable_keep_alive",
                                    "no",  //
                                    "tcp_nodelay",
                                    "1",  //
                                    nullptr};
    mg_callbacks callbacks = {};
    callbacks.begin_request = &Impl::OnRequest;
    callbacks.log_message = &Impl::OnLogMessage;
    context_ = mg_start(&callbacks, this, const_cast<const char**>(settings));
    std::lock_guard<std::mutex> lock(mu_);
    if (context_ == nullptr) {
      return absl::UnavailableError(absl::StrCat("cannot listen for HTTP on ",
                                                 HostPort(options_.host, options_.port), ": ",
                                                 absl::StrJoin(start_messages_, "; ")));
    }
    started_ = true;
    mg_server_port port = {};
    if (mg_get_server_ports(context_, 1, &port) == 1) port_ = port.port;
    return absl::OkStatus();
  }

  int port() const { return port_; }
  std::string address() const { return HostPort(options_.host, port_); }

 private:
  static int OnRequest(mg_connection* connection) {
    static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)))->Answer(connection);
    return 1;  // answered
  }

  static int OnLogMessage(const mg_connection* connection, const char* message) {
    static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)))->TakeMessage(message);
    return 1;  // civetweb does not write it
  }

  void Answer(mg_connection* connection) const {
    const mg_request_info* request = mg_get_request_info(connection);
    const absl::string_view method = request->request_method;
    const char* path = request->local_uri;  // null for "OPTIONS *"
    const auto handler = handlers_.find(path != nullptr ? path : "");
    if (handler == handlers_.end()) {
      const std::string paths =
          absl::StrJoin(handlers_, " ", [](std::string* out, const auto& path_and_handler) {
            absl::StrAppend(out, path_and_handler.first);
          });
      Send(connection, {404, HttpResponse().content_type, absl::StrCat("not found; there is ", paths, "\n")},
           method != "HEAD", "");
    } else if (method != "GET" && method != "HEAD") {
      Send(connection, {405, HttpResponse().content_type, "only GET and HEAD\n"}, true,
           "Allow: GET, HEAD\r\n");
    } else {
      Send(connection, handler->second(), method == "GET", "");
    }
  }

  void TakeMessage(const char* message) {
    std::lock_guard<std::mutex> lock(mu_);
    if (started_) {
      Log(LogLevel::kDebug, "http server", {{"message", message}});
    } else {
      start_messages_.emplace_back(message);
    }
  }

  // Constant after construction.
  const Options options_;
  const std::map<std::string, HttpHandler> handlers_;
  // Constant after Start.
  mg_context* context_ = nullptr;
  int port_ = 0;

  std::mutex mu_;
  bool started_ = false;                     // guarded by mu_
  std::vector<std::string> start_messages_;  // guarded by mu_
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const Options& options,
                                                              std::map<std::string, HttpHandler> handlers) {
  auto impl = std::make_unique<Impl>(options, std::move(handlers));
  if (const absl::Status started = impl->Start(); !started.ok()) return started;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

int HttpServer::port() const { return impl_->port(); }
std::string HttpServer::address() const { return impl_->address(); }

}  // namespace edgenext::serving
