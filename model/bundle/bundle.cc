#include "model/bundle/bundle.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/bundle/manifest.h"
#include "model/kernels/kernels.h"
#include "model/network/pack_network.h"

namespace edgenext {

absl::StatusOr<kernels::Precision> ChoosePrecision(const std::string& asked, const std::string& of_model,
                                                   kernels::Isa isa) {
  const std::string fault = PrecisionFault(asked);
  if (!fault.empty()) return absl::InvalidArgumentError(fault);
  if (asked == "f32") return kernels::Precision::kF32;
  if (asked == "bf16") return kernels::Precision::kBf16;
  const bool bf16 = of_model != "f32" && kernels::FindBf16Kernels(isa) != nullptr;
  return bf16 ? kernels::Precision::kBf16 : kernels::Precision::kF32;
}

absl::StatusOr<ModelBundle> LoadModelBundle(const std::string& path, const BundleOptions& options) {
  EDGENEXT_ASSIGN_OR_RETURN(ModelFiles files, ReadModelFiles(path, options.overrides));
  ModelBundle bundle;
  NetworkOptions network_options;
  EDGENEXT_ASSIGN_OR_RETURN(network_options.precision,
                            ChoosePrecision(options.precision, files.precision, options.isa));
  network_options.height = files.preprocess.height;
  network_options.width = files.preprocess.width;
  network_options.mean = files.preprocess.mean;
  network_options.std = files.preprocess.std;
  network_options.isa = options.isa;
  const PackFunction pack = [&] { return PackNetwork(files.weights.weights, network_options); };
  EDGENEXT_ASSIGN_OR_RETURN(bundle.network, options.pack_copies ? options.pack_copies(pack) : pack());

  bundle.precision = kernels::PrecisionName(network_options.precision);
  bundle.name = std::move(files.name);
  bundle.version = std::move(files.version);
  bundle.variant = files.weights.weights.config.variant;
  bundle.naming = files.weights.naming;
  bundle.labels = std::move(files.labels);
  bundle.preprocess = files.preprocess;
  bundle.weights_dtype = std::move(files.weights_dtype);
  bundle.weights_file_bytes = files.weights_file_bytes;
  bundle.assumptions = std::move(files.assumptions);
  return bundle;
}

}  // namespace edgenext
