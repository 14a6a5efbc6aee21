#include "server/http/http_server.h"

#include <civetweb.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/log.h"
#include "model/base/status_macros.h"
#include "server/http/relay.h"
#include "server/net/socket_address.h"
#include "server/net/unique_fd.h"

namespace edgenext::serving {
namespace {

constexpr int kMaxRelayedConnections = 64;

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
    relay_.reset();
    if (context_ != nullptr) StopCivetweb();
    mg_exit_library();
  }

  absl::Status Start() {
    EDGENEXT_ASSIGN_OR_RETURN(address_, ResolveAddress(options_.host, options_.port));
    const bool ipv4 = address_.family() == AF_INET;
    civetweb_address_ = address_;
    if (!ipv4) {
      EDGENEXT_ASSIGN_OR_RETURN(civetweb_address_, ResolveAddress("127.0.0.1", 0));
    }
    EDGENEXT_RETURN_IF_ERROR(StartCivetweb());
    if (ipv4) {
      address_ = civetweb_address_;
      return absl::OkStatus();
    }
    Relay::Options relay;
    relay.listener.host = options_.host;
    relay.listener.port = options_.port;
    relay.listener.limits.max_connections = kMaxRelayedConnections;
    relay.target_port = civetweb_address_.port();
    relay.threads = options_.threads;
    relay.timeout_ms = options_.request_timeout_ms;
    EDGENEXT_ASSIGN_OR_RETURN(relay_, Relay::Start(relay));
    EDGENEXT_ASSIGN_OR_RETURN(address_, ResolveAddress(options_.host, relay_->port()));
    return absl::OkStatus();
  }

  const SocketAddress& address() const { return address_; }

 private:
  absl::Status StartCivetweb() {
    const std::string listening_port = civetweb_address_.ToString();
    const std::string threads = std::to_string(options_.threads);
    const std::string timeout = std::to_string(options_.request_timeout_ms);
    const char* settings[] = {"listening_ports",
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
    context_ = mg_start(&callbacks, this, settings);
    std::lock_guard<std::mutex> lock(mu_);
    started_ = true;
    if (context_ == nullptr) {
      const std::string why = absl::StrJoin(start_messages_, "; ");
      if (absl::StrContains(why, "Address already in use")) {
        return absl::AlreadyExistsError(absl::StrCat(listening_port, " is in use"));
      }
      return absl::UnavailableError(absl::StrCat("cannot listen for HTTP on ", listening_port, ": ", why));
    }
    mg_server_port port = {};
    mg_get_server_ports(context_, 1, &port);
    EDGENEXT_ASSIGN_OR_RETURN(civetweb_address_,
                              ResolveAddress(listening_port.substr(0, listening_port.find(':')), port.port));
    return absl::OkStatus();
  }

  // Civetweb looks whether it shall stop only between waits of 2 s for a connection: so it gets some.
  void StopCivetweb() {
    std::atomic<bool> stopped{false};
    std::thread stopping([&] {
      mg_stop(context_);
      stopped = true;
    });
    while (!stopped) {
      const UniqueFd connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(connect(connection.get(), civetweb_address_.get(), civetweb_address_.length));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    stopping.join();
  }

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
  SocketAddress address_;           // that clients use
  SocketAddress civetweb_address_;  // the same for IPv4
  mg_context* context_ = nullptr;
  std::unique_ptr<Relay> relay_;  // for IPv6

  std::mutex mu_;
  bool started_ = false;                     // guarded by mu_
  std::vector<std::string> start_messages_;  // guarded by mu_
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const Options& options,
                                                              std::map<std::string, HttpHandler> handlers) {
  auto impl = std::make_unique<Impl>(options, std::move(handlers));
  EDGENEXT_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

int HttpServer::port() const { return impl_->address().port(); }
std::string HttpServer::address() const { return impl_->address().ToString(); }

}  // namespace edgenext::serving
