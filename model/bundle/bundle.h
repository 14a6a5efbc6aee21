#ifndef MODEL_BUNDLE_BUNDLE_H_
#define MODEL_BUNDLE_BUNDLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/bundle/model_files.h"
#include "model/edgenext/network.h"
#include "model/image/image.h"
#include "model/kernels/isa.h"
#include "model/kernels/linear.h"

namespace edgenext {

// Packs a copy of the network into memory that the calling thread touches first.
using PackFunction = std::function<absl::StatusOr<std::shared_ptr<const Network>>()>;

struct BundleOptions {
  ModelOverrides overrides;
  kernels::Isa isa = kernels::BestIsa();
  std::string precision = "auto";  // "f32", "bf16", or "auto": bf16 where processor and model allow
  // Packs as often and on such threads as it likes, and returns the copy that the bundle holds. Null: packs
  // one on the thread that loads.
  std::function<absl::StatusOr<std::shared_ptr<const Network>>(const PackFunction& pack)> pack_copies;
};

// A model, ready to serve. A value type; copies share the network.
struct ModelBundle {
  std::string name;
  std::string version;
  std::string variant;
  Naming naming;
  std::vector<std::string> labels;  // labels[i] names class i
  PreprocessSpec preprocess;
  std::string precision;  // what the network computes in: "f32" or "bf16"
  std::shared_ptr<const Network> network;

  // For the start log.
  std::string weights_dtype;  // as stored: "F16"
  uint64_t weights_file_bytes;
  std::vector<std::string> assumptions;  // what the files do not say and was assumed
};

// What a network is to compute in. `asked` by the operator and `of_model` by its manifest are each "f32",
// "bf16" or "auto"; what is asked for wins, then f32 of a model, then bf16 where `isa` has it.
// INVALID_ARGUMENT for another word.
absl::StatusOr<kernels::Precision> ChoosePrecision(const std::string& asked, const std::string& of_model,
                                                   kernels::Isa isa);

// Reads a model's files (model_files.h: `path` is a model folder, a weights file or a folder with one) and
// packs its network. Errors name the file and everything that is wrong with it; FAILED_PRECONDITION for a
// precision that this processor cannot compute in.
absl::StatusOr<ModelBundle> LoadModelBundle(const std::string& path, const BundleOptions& options);

}  // namespace edgenext

#endif  // MODEL_BUNDLE_BUNDLE_H_
