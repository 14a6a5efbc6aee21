#ifndef MODEL_VERIFY_GOLDEN_H_
#define MODEL_VERIFY_GOLDEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/edgenext/config.h"
#include "model/edgenext/network.h"
#include "model/edgenext/weights.h"

namespace edgenext {

// What the name of a file of recorded results says: VARIANT-NAMING-seedS-NxHxW-cCLASSES.safetensors. The seed
// makes both the synthetic checkpoint and the input.
struct GoldenName {
  EdgeNextConfig config;
  Naming naming;
  uint64_t seed;
  int batch;
  int height;
  int width;
};

// `file_name` without its folder. INVALID_ARGUMENT says which part is wrong.
absl::StatusOr<GoldenName> ParseGoldenName(absl::string_view file_name);

struct GoldenDifference {
  double largest = 0;  // absolute; not a number if any value is not
  std::string where;   // the tensor that has it, "logits"

  // Of logits, the worst of all images: relative to the standard deviation of an image's recorded logits.
  double logits_rms = 0;
  double logits_largest = 0;
  bool same_top_1 = true;  // of every image
};

// Makes the synthetic network of a file with `options`, whose height and width are not read, runs it on the
// file's input, and compares every tensor that was recorded: logits [N, classes], features [N, channels],
// stage0 to stage3 [N, C, H, W]. Logits come from an executor, as served, and from a trace, and both are
// compared.
absl::StatusOr<GoldenDifference> CompareGolden(const std::string& path, NetworkOptions options);

}  // namespace edgenext

#endif  // MODEL_VERIFY_GOLDEN_H_
