#ifndef SERVER_RPC_MESSAGE_SCAN_H_
#define SERVER_RPC_MESSAGE_SCAN_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <cstddef>

#include "absl/status/status.h"

namespace edgenext::serving {

// A parsed message may take many times the memory of its bytes: an empty submessage of two bytes becomes an
// object of 200, a value of one byte an integer of 8, an unknown field of two bytes an entry of 16. So what
// is no image data is bounded before anything is parsed:
inline constexpr int kMaxScannedFields = 512;  // names, inputs, outputs, parameters with their parts, unknown

// Looks at the wire format of a `type`, but for its image data, which is skipped by length: the `image` of
// Classify and ClassifyStream; raw_input_contents, uint_contents, fp32_contents and bytes_contents of
// ModelInfer. INVALID_ARGUMENT, as soon as it is known, if there are more than kMaxScannedFields fields or
// kMessageOverheadBytes bytes beside it, or more than `max_integers` values in uint_contents, which take four
// bytes each in memory and maybe one in the message: BAD_TENSOR in ModelInfer, IMAGE_TOO_LARGE in the others
// with images. Also for what is no message (MalformedMessage); groups, which these protocols do not have, are
// none.
absl::Status ScanMessage(google::protobuf::io::ZeroCopyInputStream& bytes,
                         const google::protobuf::Descriptor& type, size_t max_integers);

// INVALID_ARGUMENT: the bytes are no `type`.
absl::Status MalformedMessage(const google::protobuf::Descriptor& type);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_MESSAGE_SCAN_H_
