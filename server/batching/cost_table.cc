#include "server/batching/cost_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace edgenext::serving {
namespace {

constexpr double kGoodEnough = 1.03;

}  // namespace

CostTable::CostTable(std::vector<Entry> entries) : entries_(std::move(entries)) {}

CostTable CostTable::MeanOf(const std::vector<CostTable>& tables) {
  CostTable mean = *std::min_element(
      tables.begin(), tables.end(),
      [](const CostTable& a, const CostTable& b) { return a.entries_.size() < b.entries_.size(); });
  for (size_t i = 0; i < mean.entries_.size(); ++i) {
    absl::Duration sum;
    for (const CostTable& table : tables) sum += table.entries_[i].duration;
    mean.entries_[i].duration = sum / static_cast<int64_t>(tables.size());
  }
  return mean;
}

absl::Duration CostTable::Predict(int images) const {
  if (entries_.empty() || images <= 0) return absl::ZeroDuration();
  const auto above = std::find_if(entries_.begin(), entries_.end(),
                                  [images](const Entry& entry) { return entry.batch_size >= images; });
  if (above == entries_.end()) return entries_.back().duration * images / entries_.back().batch_size;
  if (above == entries_.begin()) return above->duration * images / above->batch_size;
  const Entry& below = *(above - 1);
  return below.duration + (above->duration - below.duration) * (images - below.batch_size) /
                              (above->batch_size - below.batch_size);
}

int CostTable::BestBatchSize(int max_batch_size) const {
  absl::Duration best_per_image = absl::InfiniteDuration();
  for (const Entry& entry : entries_) {
    if (entry.batch_size > max_batch_size) break;
    best_per_image = std::min(best_per_image, entry.duration / entry.batch_size);
  }
  for (const Entry& entry : entries_) {
    if (entry.batch_size > max_batch_size) break;
    if (entry.duration / entry.batch_size <= best_per_image * kGoodEnough) return entry.batch_size;
  }
  return 1;
}

}  // namespace edgenext::serving
