#ifndef MODEL_NETWORK_PACK_NETWORK_H_
#define MODEL_NETWORK_PACK_NETWORK_H_

#include <memory>

#include "absl/status/statusor.h"
#include "model/edgenext/network.h"
#include "model/edgenext/weights.h"

namespace edgenext {

// Packs the weights for the execution that the options name. INVALID_ARGUMENT for a size out of range, or a
// precision that this execution does not have; FAILED_PRECONDITION for an instruction set or a precision that
// this processor does not have; INTERNAL if oneDNN would run a reference implementation where it should not.
absl::StatusOr<std::shared_ptr<const Network>> PackNetwork(const EdgeNextWeights& weights,
                                                           const NetworkOptions& options);

}  // namespace edgenext

#endif  // MODEL_NETWORK_PACK_NETWORK_H_
