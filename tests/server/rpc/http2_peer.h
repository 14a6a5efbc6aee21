#ifndef TESTS_SERVER_RPC_HTTP2_PEER_H_
#define TESTS_SERVER_RPC_HTTP2_PEER_H_

#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"
#include "server/net/socket_address.h"
#include "server/net/unique_fd.h"

namespace edgenext::testing {

// One side of an HTTP/2 connection (RFC 9113), frame by frame, for what gRPC's own client hides. It says and
// answers nothing by itself.
class Http2Peer {
 public:
  enum FrameType : uint8_t {
    kData = 0,
    kHeaders = 1,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7,
    kWindowUpdate = 8
  };
  enum Setting { kMaxConcurrentStreams = 3, kInitialWindowSize = 4, kMaxHeaderListSize = 6 };
  struct Frame {
    uint8_t type = 0, flags = 0;
    uint32_t stream = 0;
    std::string payload;
  };

  // Connects and says nothing.
  explicit Http2Peer(int port) {
    const auto address = serving::ResolveAddress("127.0.0.1", port);
    fd_ = serving::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd_.get(), address->get(), address->length), 0);
  }

  // What a client begins with: the preface and its settings.
  void SayHello(absl::string_view settings = "") {
    Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    SendFrame(kSettings, 0, 0, settings);
  }
  // Takes no byte of any answer.
  void SayHelloWithoutWindow() { SayHello(BigEndian(kInitialWindowSize, 2) + BigEndian(0, 4)); }
  void SendFrame(uint8_t type, uint8_t flags, uint32_t stream, absl::string_view payload) {
    std::string frame = BigEndian(static_cast<uint32_t>(payload.size()), 3);
    frame += BigEndian(type, 1) + BigEndian(flags, 1) + BigEndian(stream, 4);
    Send(frame.append(payload.data(), payload.size()));
  }
  void SendPing() { SendFrame(kPing, 0, 0, std::string(8, '\0')); }
  // The headers of a gRPC call, none of them compressed.
  void SendCall(uint32_t stream, absl::string_view path) {
    std::string block;
    for (const auto& [name, value] : {std::pair<absl::string_view, absl::string_view>{":method", "POST"},
                                      {":scheme", "http"},
                                      {":path", path},
                                      {":authority", "test"},
                                      {"content-type", "application/grpc"},
                                      {"te", "trailers"}}) {
      block += '\0';  // literal, not to be indexed
      for (const absl::string_view text : {name, value}) {
        block += BigEndian(static_cast<uint32_t>(text.size()), 1);
        block.append(text.data(), text.size());
      }
    }
    SendFrame(kHeaders, 4 /* END_HEADERS */, stream, block);
  }

  // A message of the call, of at most 16 KiB; by default its last.
  void SendMessage(uint32_t stream, const std::string& message, bool last = true) {
    SendFrame(kData, last ? 1 /* END_STREAM */ : 0, stream,
              std::string(1, '\0') + BigEndian(static_cast<uint32_t>(message.size()), 4) + message);
  }

  // The next frame; nothing once the server has closed. Waits at most a minute, which is a failure.
  absl::optional<Frame> Read() {
    const absl::optional<std::string> header = ReadBytes(9);
    if (!header) return absl::nullopt;
    Frame frame;
    frame.type = static_cast<uint8_t>((*header)[3]);
    frame.flags = static_cast<uint8_t>((*header)[4]);
    frame.stream = Number(header->substr(5));
    absl::optional<std::string> payload = ReadBytes(Number(header->substr(0, 3)));
    if (!payload) return absl::nullopt;
    frame.payload = *std::move(payload);
    return frame;
  }
  // The next frame of the type, past others.
  absl::optional<Frame> ReadUntil(FrameType type) {
    absl::optional<Frame> frame = Read();
    while (frame && frame->type != type) frame = Read();
    return frame;
  }
  // What a frame of settings says, by their numbers.
  static std::map<int, uint32_t> ToSettings(const Frame& frame) {
    std::map<int, uint32_t> settings;
    for (size_t at = 0; at + 6 <= frame.payload.size(); at += 6) {
      settings[static_cast<int>(Number(frame.payload.substr(at, 2)))] =
          Number(frame.payload.substr(at + 2, 4));
    }
    return settings;
  }
  // The server's first ones.
  std::map<int, uint32_t> ReadSettings() {
    const absl::optional<Frame> frame = ReadUntil(kSettings);
    return frame ? ToSettings(*frame) : std::map<int, uint32_t>();
  }
  void Close() { fd_.Close(); }
  // Reads until the server closes.
  bool IsClosed() {
    while (Read()) {
    }
    return !timed_out_;
  }

  // A number of `bytes` bytes, as HTTP/2 writes it.
  static std::string BigEndian(uint32_t value, int bytes) {
    std::string text;
    while (bytes-- > 0) text.push_back(static_cast<char>(value >> (8 * bytes) & 0xFF));
    return text;
  }
  static uint32_t Number(absl::string_view bytes) {
    uint32_t number = 0;
    for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
    return number;
  }

 private:
  void Send(absl::string_view bytes) { send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  absl::optional<std::string> ReadBytes(size_t count) {
    std::string bytes(count, '\0');
    for (size_t got = 0; got < count;) {
      pollfd readable = {fd_.get(), POLLIN, 0};
      timed_out_ = poll(&readable, 1, 60'000) != 1;
      EXPECT_FALSE(timed_out_);
      const ssize_t length = timed_out_ ? 0 : recv(fd_.get(), &bytes[got], count - got, 0);
      if (length <= 0) return absl::nullopt;
      got += static_cast<size_t>(length);
    }
    return bytes;
  }

  serving::UniqueFd fd_;
  bool timed_out_ = false;
};

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_RPC_HTTP2_PEER_H_
