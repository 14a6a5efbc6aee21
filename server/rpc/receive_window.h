#ifndef SERVER_RPC_RECEIVE_WINDOW_H_
#define SERVER_RPC_RECEIVE_WINDOW_H_

#include <grpcpp/grpcpp.h>

namespace edgenext::serving {

// How many bytes a client may send ahead of what is read, on each stream.
inline constexpr int kStreamWindowBytes = 256 << 10;

// Gives the connections of the server that is built fixed windows: a stream has kStreamWindowBytes, and so
// has a connection, whose window is filled up as its bytes arrive. Of the two ways that gRPC offers,
//   - probing the path announces 4 MB a stream, which is no bound for memory;
//   - not probing leaves the connection at HTTP/2's 64 KB: what is larger takes a round trip more, and the
//     server a write more.
// So where gRPC is the version whose source was read (1.51), it probes, and its hook for tests puts the
// window in the place of what it has found. Elsewhere it does not probe.
void SetReceiveWindow(grpc::ServerBuilder& builder);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_RECEIVE_WINDOW_H_
