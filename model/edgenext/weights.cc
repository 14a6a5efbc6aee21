#include "model/edgenext/weights.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/status_macros.h"
#include "model/edgenext/parameters.h"

namespace edgenext {
namespace {

// More is taken for a damaged file: it decides how much memory is asked for.
constexpr int64_t kMaxClasses = 1 << 17;

using TensorInfos = std::map<std::string, TensorInfo>;

const std::string& NameOf(const TensorSpec& spec, Naming naming) {
  return naming == Naming::kOfficial ? spec.official_name : spec.timm_name;
}

bool HasNaming(const EdgeNextConfig& config, Naming naming) {
  return naming == Naming::kOfficial ? !config.downsample_in_block : !config.batch_norm_hardswish;
}

bool IsCounter(const std::string& name, const TensorInfo& info) {
  return info.type == DataType::kInteger && absl::EndsWith(name, ".num_batches_tracked");
}

// The rows of the head's weight, or else of its bias; 1000 where neither tells.
int FindClassCount(const TensorInfos& tensors, const EdgeNextConfig& config, Naming naming) {
  EdgeNextWeights weights;
  for (const Parameter& parameter : MakeParameters(config, weights)) {
    if (parameter.tensor != &weights.head.weight && parameter.tensor != &weights.head.bias) continue;
    const auto found = tensors.find(NameOf(parameter.spec, naming));
    if (found == tensors.end() || found->second.shape.size() != parameter.spec.shape.size()) continue;
    const int64_t rows = found->second.shape[0];
    if (rows > 0 && rows <= kMaxClasses) return static_cast<int>(rows);
  }
  return config.classes;
}

// "" if the tensor is what is expected.
std::string FormFault(const TensorInfos& tensors, const std::string& name, const Shape& expected) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    return absl::StrCat("tensor '", name, "' is missing, expected ", ShapeText(expected));
  }
  if (found->second.shape != expected) {
    return absl::StrCat("tensor '", name, "' is ", ShapeText(found->second.shape), ", expected ",
                        ShapeText(expected));
  }
  if (found->second.type == DataType::kInteger) {
    return absl::StrCat("tensor '", name, "' holds integers, expected floating point numbers");
  }
  return "";
}

// Every tensor that is missing, misshapen or unexpected.
std::vector<std::string> FormFaults(const TensorInfos& tensors, const std::vector<TensorSpec>& specs,
                                    Naming naming) {
  std::vector<std::string> faults;
  std::set<std::string> expected;
  for (const TensorSpec& spec : specs) {
    const std::string& name = NameOf(spec, naming);
    expected.insert(name);
    std::string fault = FormFault(tensors, name, spec.shape);
    if (!fault.empty()) faults.push_back(std::move(fault));
  }
  for (const auto& [name, info] : tensors) {
    if (expected.count(name) == 0 && !IsCounter(name, info)) {
      faults.push_back(absl::StrCat("tensor '", name, "' ", ShapeText(info.shape), " is unexpected"));
    }
  }
  return faults;
}

struct Match {
  EdgeNextConfig config;
  Naming naming;
  std::vector<std::string> faults;
};

// The variant and naming with the fewest faults: for a damaged checkpoint, what it was most likely meant to
// be.
Match FindClosestVariant(const TensorInfos& tensors) {
  absl::optional<Match> best;
  for (EdgeNextConfig config : AllConfigs()) {
    for (const Naming naming : {Naming::kOfficial, Naming::kTimm}) {
      if (!HasNaming(config, naming)) continue;
      config.classes = FindClassCount(tensors, config, naming);
      std::vector<std::string> faults = FormFaults(tensors, TensorSpecs(config), naming);
      if (!best || faults.size() < best->faults.size()) best = Match{config, naming, std::move(faults)};
    }
  }
  return *std::move(best);
}

// "" if every value can be computed with: finite, and not below zero where it is a variance.
std::string ValueFault(const std::string& name, const Tensor& tensor) {
  const bool is_variance = absl::EndsWith(name, ".running_var");
  const auto is_bad = [=](float value) { return !std::isfinite(value) || (is_variance && value < 0.0f); };
  const auto first = std::find_if(tensor.values.begin(), tensor.values.end(), is_bad);
  if (first == tensor.values.end()) return "";
  return absl::StrCat("tensor '", name, "' has ", std::count_if(first, tensor.values.end(), is_bad),
                      " values that are ", is_variance ? "negative or " : "",
                      "not finite, the first at index ", first - tensor.values.begin());
}

}  // namespace

absl::string_view NamingText(Naming naming) { return naming == Naming::kOfficial ? "official" : "timm"; }

absl::StatusOr<LoadedWeights> LoadWeights(const Checkpoint& checkpoint) {
  const TensorInfos& tensors = checkpoint.tensors();
  Match match = FindClosestVariant(tensors);
  LoadedWeights loaded;
  loaded.naming = match.naming;
  for (const Parameter& parameter : MakeParameters(match.config, loaded.weights)) {
    const std::string& name = NameOf(parameter.spec, match.naming);
    if (!FormFault(tensors, name, parameter.spec.shape).empty()) continue;
    EDGENEXT_ASSIGN_OR_RETURN(*parameter.tensor, checkpoint.Read(name));
    std::string fault = ValueFault(name, *parameter.tensor);
    if (!fault.empty()) match.faults.push_back(std::move(fault));
  }
  if (!match.faults.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the checkpoint is closest to ", match.config.variant, " with ", NamingText(match.naming),
        " names and ", match.config.classes, " classes, but has ", match.faults.size(),
        match.faults.size() == 1 ? " fault:\n  " : " faults:\n  ", absl::StrJoin(match.faults, "\n  ")));
  }
  return loaded;
}

}  // namespace edgenext
