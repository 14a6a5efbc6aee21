#ifndef SERVER_BATCHING_COST_TABLE_H_
#define SERVER_BATCHING_COST_TABLE_H_

#include <vector>

#include "absl/time/time.h"

namespace edgenext::serving {

// T(b): how long one worker takes to execute a batch of b images, as measured at a few sizes. A value type.
class CostTable {
 public:
  struct Entry {
    int batch_size;
    absl::Duration duration;
  };

  // Nothing is known: everything takes no time, and one image is the best batch.
  CostTable() = default;
  // T(b) = b * per_image, so that one image is the best batch.
  static CostTable Constant(absl::Duration per_image) { return CostTable({{1, per_image}}); }
  // Entries by rising batch size; the first is for one image.
  explicit CostTable(std::vector<Entry> entries);

  // The mean of tables, at least one, whose sizes are the same as far as they go: how long a batch takes if
  // each of their workers takes the next one as soon as it is free. It ends where the shortest ends.
  static CostTable MeanOf(const std::vector<CostTable>& tables);

  const std::vector<Entry>& entries() const { return entries_; }

  // T(images): linear between entries, and proportional after the last.
  absl::Duration Predict(int images) const;

  // b*: the smallest measured b <= max_batch_size whose time per image, T(b) / b, is within 3 % of the best
  // of those sizes.
  int BestBatchSize(int max_batch_size) const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_COST_TABLE_H_
