#include "model/bundle/bundle.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/bundle/manifest.h"

namespace edgenext {
namespace {

// What the operator asks for, else what the model asks for, else f32.
absl::StatusOr<std::string> ChoosePrecision(const std::string& asked, const std::string& of_model) {
  const std::string fault = PrecisionFault(asked);
  if (!fault.empty()) return absl::InvalidArgumentError(fault);
  const std::string& precision = asked == "auto" ? of_model : asked;
  if (precision == "bf16")
    return absl::UnimplementedError("precision bf16: networks are computed in f32 only");
  return std::string("f32");
}

}  // namespace

absl::StatusOr<ModelBundle> LoadModelBundle(const std::string& path, const BundleOptions& options) {
  EDGENEXT_ASSIGN_OR_RETURN(ModelFiles files, ReadModelFiles(path, options.overrides));
  ModelBundle bundle;
  EDGENEXT_ASSIGN_OR_RETURN(bundle.precision, ChoosePrecision(options.precision, files.precision));

  NetworkOptions network_options;
  network_options.height = files.preprocess.height;
  network_options.width = files.preprocess.width;
  network_options.mean = files.preprocess.mean;
  network_options.std = files.preprocess.std;
  network_options.isa = options.isa;
  EDGENEXT_ASSIGN_OR_RETURN(bundle.network, Network::Pack(files.weights.weights, network_options));

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
