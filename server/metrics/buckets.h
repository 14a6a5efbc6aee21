#ifndef SERVER_METRICS_BUCKETS_H_
#define SERVER_METRICS_BUCKETS_H_

#include <vector>

#include "absl/time/time.h"

namespace edgenext::serving {

// Upper edges of the duration histograms in seconds, rising: 0.5 ms to 10 s, closest where answers are usual,
// and `latency_objective` among them.
std::vector<double> DurationEdges(absl::Duration latency_objective);

// Upper edges of the histogram of refusals in seconds, rising: 20 us to 50 ms.
std::vector<double> RefusalEdges();

// Upper edges of the batch-size histogram, in images.
std::vector<double> BatchSizeEdges();

}  // namespace edgenext::serving

#endif  // SERVER_METRICS_BUCKETS_H_
