#ifndef SERVER_RPC_UTF8_H_
#define SERVER_RPC_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace edgenext::serving {

// `text` with every byte that is not part of valid UTF-8 replaced by '?', cut between two characters so that
// it has at most `max_bytes` bytes. Protobuf's strings and the messages of statuses must be valid UTF-8.
std::string ToValidUtf8(absl::string_view text, size_t max_bytes);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_UTF8_H_
