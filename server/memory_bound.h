#ifndef SERVER_MEMORY_BOUND_H_
#define SERVER_MEMORY_BOUND_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/server_options.h"

namespace edgenext::serving {

// The most memory that the server takes, in bytes, by what takes it.
struct MemoryBound {
  size_t process = 0;      // the program itself, the model and what its workers compute in
  size_t connections = 0;  // gRPC's and the kernel's state of each
  size_t open_calls = 0;   // a window of each, full of what is not read, and gRPC's own
  size_t inflight = 0;     // the byte budget
  size_t parsing = 0;      // each polling thread has one message twice while it parses it
  size_t decoding = 0;     // each worker has one decoded image
  size_t cache = 0;

  size_t total() const { return process + connections + open_calls + inflight + parsing + decoding + cache; }
  // "process 96 MiB, connections 33 MiB, …"
  std::string ToString() const;
};

// What the bound is computed from beside the options.
struct MemoryNeeds {
  int workers = 1;
  int polling_threads = 1;
  size_t stream_window_bytes = 0;  // of an open call
  size_t max_receive_bytes = 0;    // of one message
  size_t model_bytes = 0;          // of the model's files
  int model_copies = 1;            // packed for the workers, one for each NUMA node
};

// The limits that the memory allows, and the bound that follows from them. A value type.
struct MemoryPlan {
  int max_open_calls = 0;
  size_t max_inflight_bytes = 0;
  int64_t max_image_pixels = 0;
  MemoryBound bound;
};

// Chooses what the command line leaves open of the three limits: 4 calls for each place of the queue, a
// quarter of the memory, 64 million pixels; or less, where that would not fit into `limit_bytes`.
// INVALID_ARGUMENT, with the figures and the flags to lower, if the least does not fit, or what the command
// line says.
absl::StatusOr<MemoryPlan> PlanMemory(const ServerOptions& options, const MemoryNeeds& needs,
                                      size_t limit_bytes);

}  // namespace edgenext::serving

#endif  // SERVER_MEMORY_BOUND_H_
