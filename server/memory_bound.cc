#include "server/memory_bound.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace edgenext::serving {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
// Code, libraries, threads and metrics.
constexpr size_t kProgramBytes = 64 * kMiB;
// What the model's files hold, beside the packed copies: as it is read and converted to float32.
constexpr size_t kUnpackedCopies = 2;
// What one worker computes in: the largest network's arena at 512 x 512.
constexpr size_t kWorkerBytes = 24 * kMiB;
constexpr size_t kConnectionBytes = size_t{32} << 10;
constexpr size_t kCallBytes = size_t{48} << 10;
// The pixels as they are stored and as they are turned upright, 3 bytes each, and the coefficients of a
// progressive JPEG, 2 bytes for each of 1.5 values. Few files take more: those whose colours are not halved,
// 3 bytes, and PNG with 16 bits, 6.
constexpr size_t kDecodeBytesPerPixel = 9;

// Of the memory, what the limits that are chosen here leave alone.
constexpr size_t kUnusedPart = 16;

constexpr int kCallsPerPlace = 4;
constexpr int kLeastOpenCalls = 64;
constexpr int64_t kMostPixels = 64'000'000;
constexpr int64_t kLeastPixels = 12'000'000;  // a telephone's picture

constexpr size_t CeilMiB(size_t bytes) { return (bytes + kMiB - 1) / kMiB; }

// The most of the budget that leaves room within `room` for the copies that are parsed.
size_t LargestBudget(size_t room, const MemoryNeeds& needs) {
  const auto threads = static_cast<size_t>(needs.polling_threads);
  const size_t copies = threads * needs.max_receive_bytes;
  // A message is no larger than the budget.
  return room >= copies + needs.max_receive_bytes ? room - copies : room / (1 + threads);
}

}  // namespace

std::string MemoryBound::ToString() const {
  return absl::StrCat("process ", CeilMiB(process), " MiB, connections ", CeilMiB(connections),
                      " MiB, open calls ", CeilMiB(open_calls), " MiB, budget ", CeilMiB(inflight),
                      " MiB, parsing ", CeilMiB(parsing), " MiB, decoding ", CeilMiB(decoding),
                      " MiB, cache ", CeilMiB(cache), " MiB");
}

absl::StatusOr<MemoryPlan> PlanMemory(const ServerOptions& options, const MemoryNeeds& needs,
                                      size_t limit_bytes) {
  const auto workers = static_cast<size_t>(needs.workers);
  MemoryPlan plan;
  MemoryBound& bound = plan.bound;
  const size_t copies = kUnpackedCopies + static_cast<size_t>(needs.model_copies);
  bound.process = kProgramBytes + copies * needs.model_bytes + workers * kWorkerBytes;
  bound.connections = static_cast<size_t>(options.max_connections) * kConnectionBytes;
  bound.cache = options.cache_bytes;

  // Where little memory is, images get at most a third of it and unread calls an eighth.
  const size_t bytes_per_pixel = workers * kDecodeBytesPerPixel;
  plan.max_image_pixels = options.max_image_pixels.value_or(
      std::clamp(static_cast<int64_t>(limit_bytes / 3 / bytes_per_pixel), kLeastPixels, kMostPixels));
  bound.decoding = static_cast<size_t>(plan.max_image_pixels) * bytes_per_pixel;
  const size_t call_bytes = needs.stream_window_bytes + kCallBytes;
  const int most_calls = kCallsPerPlace * options.queue_capacity;
  plan.max_open_calls = options.max_open_calls.value_or(
      std::min(most_calls, std::max(kLeastOpenCalls, static_cast<int>(limit_bytes / 8 / call_bytes))));
  bound.open_calls = static_cast<size_t>(plan.max_open_calls) * call_bytes;

  const size_t taken = bound.total();
  const size_t usable = limit_bytes - limit_bytes / kUnusedPart;
  const size_t room = usable > taken ? usable - taken : 0;
  plan.max_inflight_bytes = options.max_inflight_bytes.value_or(
      std::max(LeastInflightBytes(options), std::min(limit_bytes / 4, LargestBudget(room, needs))));
  bound.inflight = plan.max_inflight_bytes;
  bound.parsing =
      static_cast<size_t>(needs.polling_threads) * std::min(needs.max_receive_bytes, plan.max_inflight_bytes);
  if (bound.total() > limit_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the server may take ", CeilMiB(bound.total()), " MiB, the memory limit is ", limit_bytes / kMiB,
        " MiB (", bound.ToString(), "); lower --max-open-calls (", plan.max_open_calls,
        "), --max-inflight-bytes (", plan.max_inflight_bytes, "), --max-image-pixels (",
        plan.max_image_pixels, "), --cpus (", needs.workers, "), --max-connections (",
        options.max_connections, ") or --cache-bytes (", options.cache_bytes, ")"));
  }
  return plan;
}

}  // namespace edgenext::serving
