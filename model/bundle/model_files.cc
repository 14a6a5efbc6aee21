#include "model/bundle/model_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/file_reader.h"
#include "model/base/status_macros.h"
#include "model/bundle/labels.h"
#include "model/bundle/manifest.h"
#include "model/bundle/sha256.h"
#include "model/weights/checkpoint.h"

namespace edgenext {
namespace {

namespace fs = std::filesystem;

constexpr char kManifestFile[] = "model.json";
constexpr char kWeightsExtension[] = ".safetensors";
constexpr uint64_t kMaxManifestBytes = uint64_t{64} << 10;
constexpr uint64_t kMaxLabelsBytes = uint64_t{16} << 20;

// The same error about a file that its message does not name.
absl::Status About(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("'", path, "': ", status.message()));
}

absl::Status CheckOverrides(const ModelOverrides& overrides) {
  std::vector<std::string> faults;
  if (overrides.name) faults.push_back(ModelNameFault(*overrides.name));
  if (overrides.input_size) {
    faults.push_back(InputSizeFault(overrides.input_size->height, overrides.input_size->width));
  }
  if (overrides.crop_pct) faults.push_back(CropPctFault(*overrides.crop_pct));
  faults.erase(std::remove(faults.begin(), faults.end(), ""), faults.end());
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
}

absl::StatusOr<std::string> FindOnlyWeightsFile(const std::string& folder) {
  std::set<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code not_a_file;
    if (it->path().extension() == kWeightsExtension && it->is_regular_file(not_a_file)) {
      found.insert(it->path().filename().string());
    }
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list '", folder, "'"));
  if (found.size() == 1) return (fs::path(folder) / *found.begin()).string();
  return absl::InvalidArgumentError(absl::StrCat("'", folder, "' has no ", kManifestFile, " and ",
                                                 found.size(), " files *", kWeightsExtension, " (",
                                                 absl::StrJoin(found, ", "), "), expected one"));
}

// timm's and the authors' evaluation differ in how much of the image they show.
double DefaultCropPct(const std::string& variant, Naming naming) {
  if (variant == "edgenext_base") return 0.95;
  if (naming == Naming::kOfficial) return 0.875;
  return variant == "edgenext_small" ? 0.95 : 0.9;
}

std::string DtypeText(const Checkpoint& checkpoint) {
  std::set<absl::string_view> names;
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (info.type != DataType::kInteger) names.insert(DataTypeName(info.type));
  }
  return absl::StrJoin(names, "+");
}

absl::Status ReadWeights(const std::string& path, const std::string& sha256, ModelFiles& files) {
  // One descriptor for all: what is hashed is what is loaded.
  EDGENEXT_ASSIGN_OR_RETURN(FileReader file, FileReader::Open(path));
  if (!sha256.empty()) {
    EDGENEXT_ASSIGN_OR_RETURN(const std::string actual, Sha256(file));
    if (actual != sha256) {
      return absl::DataLossError(
          absl::StrCat("'", path, "' has sha256 ", actual, ", ", kManifestFile, " says ", sha256));
    }
  }
  files.weights_file_bytes = file.size_bytes();
  EDGENEXT_ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> checkpoint, OpenCheckpoint(std::move(file)));
  files.weights_dtype = DtypeText(*checkpoint);
  absl::StatusOr<LoadedWeights> weights = LoadWeights(*checkpoint);
  if (!weights.ok()) return About(path, weights.status());
  files.weights = *std::move(weights);
  return absl::OkStatus();
}

absl::Status ReadLabels(const std::string& path, ModelFiles& files) {
  EDGENEXT_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxLabelsBytes));
  absl::StatusOr<std::vector<std::string>> labels = ParseLabels(text, files.weights.weights.config.classes);
  if (!labels.ok()) return About(path, labels.status());
  files.labels = *std::move(labels);
  return absl::OkStatus();
}

absl::StatusOr<ModelFiles> ReadFolder(const std::string& folder, const ModelOverrides& overrides) {
  const std::string manifest_path = (fs::path(folder) / kManifestFile).string();
  EDGENEXT_ASSIGN_OR_RETURN(const std::string text, ReadFile(manifest_path, kMaxManifestBytes));
  const absl::StatusOr<Manifest> manifest = ParseManifest(text);
  if (!manifest.ok()) return About(manifest_path, manifest.status());

  ModelFiles files;
  files.name = manifest->name;
  files.version = manifest->version;
  files.preprocess = manifest->preprocess;
  files.precision = manifest->precision;
  EDGENEXT_RETURN_IF_ERROR(
      ReadWeights((fs::path(folder) / manifest->weights).string(), manifest->sha256, files));
  const std::string& variant = files.weights.weights.config.variant;
  if (variant != manifest->variant) {
    return absl::InvalidArgumentError(absl::StrCat("'", manifest_path, "' says variant '", manifest->variant,
                                                   "', the weights are those of ", variant));
  }
  EDGENEXT_RETURN_IF_ERROR(
      ReadLabels(overrides.labels.value_or((fs::path(folder) / manifest->labels).string()), files));
  return files;
}

absl::StatusOr<ModelFiles> ReadBareWeights(const std::string& path, const ModelOverrides& overrides) {
  ModelFiles files;
  files.version = "1";
  files.precision = "auto";
  EDGENEXT_RETURN_IF_ERROR(ReadWeights(path, "", files));
  const EdgeNextConfig& config = files.weights.weights.config;

  const auto assume = [&](auto... text) { files.assumptions.push_back(absl::StrCat(text...)); };
  if (!overrides.name) {
    files.name = fs::path(path).stem().string();
    const std::string fault = ModelNameFault(files.name);
    if (!fault.empty()) return About(path, absl::InvalidArgumentError(absl::StrCat("the file's ", fault)));
    assume("name ", files.name, ": the file's");
  }
  assume("version ", files.version);
  if (!overrides.input_size) assume("input size ", files.preprocess.height, " x ", files.preprocess.width);
  if (!overrides.crop_pct) {
    files.preprocess.crop_pct = DefaultCropPct(config.variant, files.weights.naming);
    assume("crop_pct ", files.preprocess.crop_pct, ": ", config.variant, " with ",
           NamingText(files.weights.naming), " names");
  }
  assume("mean and std of ImageNet");
  if (overrides.labels) {
    EDGENEXT_RETURN_IF_ERROR(ReadLabels(*overrides.labels, files));
  } else {
    files.labels = DefaultLabels(config.classes);
    assume("labels '", files.labels.front(), "' to '", files.labels.back(), "'");
  }
  return files;
}

}  // namespace

absl::StatusOr<ModelFiles> ReadModelFiles(const std::string& path, const ModelOverrides& overrides) {
  EDGENEXT_RETURN_IF_ERROR(CheckOverrides(overrides));
  std::error_code ignored;  // what cannot be looked at cannot be opened either
  const bool is_folder = fs::is_directory(path, ignored);
  const bool has_manifest = is_folder && fs::exists(fs::path(path) / kManifestFile, ignored);
  std::string weights_path = path;
  if (is_folder && !has_manifest) {
    EDGENEXT_ASSIGN_OR_RETURN(weights_path, FindOnlyWeightsFile(path));
  }
  EDGENEXT_ASSIGN_OR_RETURN(ModelFiles files, has_manifest ? ReadFolder(path, overrides)
                                                           : ReadBareWeights(weights_path, overrides));
  if (overrides.name) files.name = *overrides.name;
  if (overrides.input_size) {
    files.preprocess.height = overrides.input_size->height;
    files.preprocess.width = overrides.input_size->width;
  }
  if (overrides.crop_pct) files.preprocess.crop_pct = *overrides.crop_pct;
  return files;
}

}  // namespace edgenext
