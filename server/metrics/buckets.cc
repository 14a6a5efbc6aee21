#include "server/metrics/buckets.h"

#include <algorithm>

namespace edgenext::serving {

std::vector<double> DurationEdges(absl::Duration latency_objective) {
  std::vector<double> edges = {.0005, .001, .002, .003, .004, .006, .008, .012, .016, .024, .032,
                               .05,   .075, .1,   .15,  .25,  .5,   1,    2.5,  5,    10};
  const double objective = absl::ToDoubleSeconds(latency_objective);
  const auto at = std::lower_bound(edges.begin(), edges.end(), objective);
  if (at == edges.end() || *at != objective) edges.insert(at, objective);
  return edges;
}

std::vector<double> RefusalEdges() {
  return {.00002, .00005, .0001, .0002, .0005, .001, .002, .005, .01, .02, .05};
}

std::vector<double> BatchSizeEdges() { return {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64}; }

}  // namespace edgenext::serving
