#include "model/verify/golden.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/network/pack_network.h"
#include "model/synthetic/synthetic_checkpoint.h"
#include "model/weights/checkpoint.h"

namespace edgenext {
namespace {

// The largest absolute difference; not a number wins over every number.
double LargestDifference(absl::Span<const float> a, absl::Span<const float> b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(double{a[i]} - double{b[i]});
    if (std::isnan(difference)) return difference;
    largest = std::max(largest, difference);
  }
  return largest;
}

// The recorded tensors, compared one image after the other.
class Comparison {
 public:
  explicit Comparison(const Checkpoint& recorded, int batch) : recorded_(recorded), batch_(batch) {}

  // Compares image `index` of the recorded tensor `name`, if there is one, with `values`.
  absl::Status Add(const std::string& name, int index, absl::Span<const float> values) {
    if (recorded_.tensors().count(name) == 0) return absl::OkStatus();
    EDGENEXT_ASSIGN_OR_RETURN(const Tensor expected, recorded_.Read(name));
    if (expected.values.size() != values.size() * static_cast<size_t>(batch_)) {
      return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' is ", ShapeText(expected.shape),
                                                     ", expected ", batch_, " images of ", values.size(),
                                                     " values"));
    }
    const auto first = static_cast<size_t>(index) * values.size();
    const double difference =
        LargestDifference(absl::MakeConstSpan(expected.values).subspan(first, values.size()), values);
    if (name == "logits") {
      AddLogits(absl::MakeConstSpan(expected.values).subspan(first, values.size()), values);
    }
    if (std::isnan(difference_.largest)) return absl::OkStatus();  // nothing is worse
    if (difference_.where.empty() || !(difference <= difference_.largest)) {
      difference_.largest = difference;
      difference_.where = name;
    }
    return absl::OkStatus();
  }

  const GoldenDifference& difference() const { return difference_; }

 private:
  void AddLogits(absl::Span<const float> expected, absl::Span<const float> values) {
    const auto count = static_cast<double>(values.size());
    double mean = 0, variance = 0, error = 0;
    for (const float value : expected) mean += double{value} / count;
    for (size_t i = 0; i < values.size(); ++i) {
      const double centred = double{expected[i]} - mean, difference = double{values[i]} - double{expected[i]};
      variance += centred * centred / count;
      error += difference * difference / count;
    }
    const double deviation = std::sqrt(variance);
    // Written so that what is not a number stays.
    const auto raise = [](double* worst, double value) {
      if (!(value <= *worst)) *worst = value;
    };
    raise(&difference_.logits_rms, std::sqrt(error) / deviation);
    raise(&difference_.logits_largest, LargestDifference(expected, values) / deviation);
    const auto top_1 = [](absl::Span<const float> logits) {
      return std::max_element(logits.begin(), logits.end()) - logits.begin();
    };
    difference_.same_top_1 = difference_.same_top_1 && top_1(expected) == top_1(values);
  }

  const Checkpoint& recorded_;
  const int batch_;
  GoldenDifference difference_;
};

}  // namespace

absl::StatusOr<GoldenName> ParseGoldenName(absl::string_view file_name) {
  static const std::regex form(
      "(\\w+)-(official|timm)-seed(\\d{1,9})-(\\d{1,4})x(\\d{1,4})x(\\d{1,4})-c(\\d{1,6})\\.safetensors");
  const std::string text(file_name);
  std::smatch part;
  if (!std::regex_match(text, part, form)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text,
                     "' is not of the form VARIANT-NAMING-seedS-NxHxW-cCLASSES.safetensors, with NAMING "
                     "official or timm"));
  }
  const EdgeNextConfig* config = FindConfig(part[1].str());
  if (config == nullptr)
    return absl::InvalidArgumentError(
        absl::StrCat("unknown variant '", part[1].str(), "', expected one of ", VariantWords()));
  GoldenName name;
  name.config = *config;
  name.config.classes = std::stoi(part[7]);
  name.naming = part[2] == "timm" ? Naming::kTimm : Naming::kOfficial;
  name.seed = std::stoull(part[3]);
  name.batch = std::stoi(part[4]);
  name.height = std::stoi(part[5]);
  name.width = std::stoi(part[6]);
  if (name.batch == 0 || name.config.classes == 0) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' has no images or no classes"));
  }
  return name;
}

absl::StatusOr<GoldenDifference> CompareGolden(const std::string& path, NetworkOptions options) {
  const std::string file_name = path.substr(path.find_last_of('/') + 1);
  EDGENEXT_ASSIGN_OR_RETURN(const GoldenName name, ParseGoldenName(file_name));
  EDGENEXT_ASSIGN_OR_RETURN(const auto recorded, OpenCheckpoint(path));
  if (recorded->tensors().count("logits") == 0) {
    return absl::InvalidArgumentError(absl::StrCat("'", file_name, "' has no tensor 'logits'"));
  }

  const auto checkpoint = MakeSyntheticCheckpoint(name.config, name.naming, name.seed);
  EDGENEXT_ASSIGN_OR_RETURN(const LoadedWeights loaded, LoadWeights(*checkpoint));
  options.height = name.height;
  options.width = name.width;
  EDGENEXT_ASSIGN_OR_RETURN(const auto network, PackNetwork(loaded.weights, options));

  const Tensor images = SyntheticInput(name.seed, name.batch, name.height, name.width);
  const size_t image_floats = images.values.size() / static_cast<size_t>(name.batch);
  std::vector<NetworkInput> batch(static_cast<size_t>(name.batch));
  for (size_t i = 0; i < batch.size(); ++i) batch[i].normalised = &images.values[i * image_floats];

  const auto classes = static_cast<size_t>(name.config.classes);
  std::vector<float> logits(batch.size() * classes);
  EDGENEXT_ASSIGN_OR_RETURN(const auto executor, network->MakeExecutor());
  EDGENEXT_RETURN_IF_ERROR(executor->Execute(batch, absl::MakeSpan(logits)));

  Comparison comparison(*recorded, name.batch);
  std::vector<float> traced_logits(classes);
  for (int i = 0; i < name.batch; ++i) {
    const auto index = static_cast<size_t>(i);
    ActivationTrace trace;
    EDGENEXT_RETURN_IF_ERROR(network->Trace(batch[index], absl::MakeSpan(traced_logits), &trace));
    EDGENEXT_RETURN_IF_ERROR(
        comparison.Add("logits", i, absl::MakeConstSpan(logits).subspan(index * classes, classes)));
    EDGENEXT_RETURN_IF_ERROR(comparison.Add("logits", i, traced_logits));
    EDGENEXT_RETURN_IF_ERROR(comparison.Add("features", i, trace.features.values));
    for (size_t stage = 0; stage < kStages; ++stage) {
      EDGENEXT_RETURN_IF_ERROR(comparison.Add(absl::StrCat("stage", stage), i, trace.stages[stage].values));
    }
  }
  return comparison.difference();
}

}  // namespace edgenext
