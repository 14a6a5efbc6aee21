#include "server/simulate/service_model.h"

namespace edgenext::serving {

double ServiceModel::Capacity(int max_batch_size) const {
  const int best = believed.BestBatchSize(max_batch_size);
  return 1 / absl::ToDoubleSeconds(overhead + decode + execution.Predict(best) / best);
}

}  // namespace edgenext::serving
