#ifndef SERVER_HTTP_HTTP_SERVER_H_
#define SERVER_HTTP_HTTP_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace edgenext::serving {

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Answers GET and HEAD of one path. Called from several threads at once.
using HttpHandler = std::function<HttpResponse()>;

// A small HTTP/1.1 server for what operators ask of the process. It answers GET and HEAD of the paths it was
// given, 405 for other methods there and 404 elsewhere. Each connection carries one request, and one that is
// not read or written within `request_timeout_ms` is closed, so that slow clients cannot blind the others.
// Thread-safe.
class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // an IPv4 or IPv6 address or a host name
    int port = 0;                    // 0 takes a free one
    int threads = 4;
    int request_timeout_ms = 2000;
  };

  // Listens and serves when it returns. ALREADY_EXISTS if the address is in use, INVALID_ARGUMENT if it makes
  // no sense here, UNAVAILABLE for other reasons not to listen.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const Options& options,
                                                           std::map<std::string, HttpHandler> handlers);

  // Waits for the handlers that run.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  // "127.0.0.1:8002" or "[::1]:8002"
  std::string address() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace edgenext::serving

#endif  // SERVER_HTTP_HTTP_SERVER_H_
