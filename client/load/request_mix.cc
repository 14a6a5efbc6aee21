#include "client/load/request_mix.h"

namespace edgenext {
namespace {

// So that requests do not follow the arrivals, which are drawn with the seed itself.
constexpr uint64_t kSeedOffset = 0x9E3779B97F4A7C15U;

}  // namespace

RequestMix::RequestMix(const LoadOptions& options, size_t payloads)
    : deadlines_(options.deadlines),
      bulk_share_(options.bulk_share),
      cancel_share_(options.cancel_after.has_value() ? options.cancel_share : 0),
      payloads_(payloads),
      random_(options.seed + kSeedOffset) {
  for (const LoadOptions::WeightedDeadline& entry : deadlines_) total_weight_ += entry.weight;
}

RequestSpec RequestMix::Draw(const Arrival& arrival) {
  RequestSpec spec;
  spec.payload = next_payload_;
  next_payload_ = (next_payload_ + 1) % payloads_;
  // Each is drawn whether it is used or not, so that a trace changes nothing else.
  const absl::Duration deadline = DrawDeadline();
  const bool is_bulk = random_.Uniform() < bulk_share_;
  spec.is_cancelled = random_.Uniform() < cancel_share_;
  spec.deadline = arrival.deadline.value_or(deadline);
  spec.is_bulk = arrival.is_bulk.value_or(is_bulk);
  return spec;
}

absl::Duration RequestMix::DrawDeadline() {
  double left = random_.Uniform() * total_weight_;
  for (const LoadOptions::WeightedDeadline& entry : deadlines_) {
    left -= entry.weight;
    if (left < 0) return entry.deadline;
  }
  return deadlines_.back().deadline;
}

}  // namespace edgenext
