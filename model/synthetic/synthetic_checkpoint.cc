#include "model/synthetic/synthetic_checkpoint.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace edgenext {
namespace {

constexpr int kCellSide = 32;

// Fowler, Noll and Vo's hash, variant 1a.
uint64_t Fnv1a64(absl::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

// The output function of Steele, Lea and Flood's SplitMix64.
uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// Elements of one key's sequence, by index.
class UniformSequence {
 public:
  UniformSequence(absl::string_view key, uint64_t seed) : start_(Fnv1a64(key) + seed) {}

  float At(uint64_t i) const {
    const auto top24 = static_cast<int32_t>(Mix(start_ + (i + 1) * 0x9E3779B97F4A7C15) >> 40);
    return static_cast<float>(top24 - (1 << 23)) * 0x1p-23f;
  }

 private:
  uint64_t start_;
};

// A tensor's values are offset + scale * u.
struct ValueRule {
  float offset;
  float scale;
};

ValueRule RuleFor(absl::string_view official_name, const Shape& shape) {
  if (absl::EndsWith(official_name, ".gamma") || absl::EndsWith(official_name, ".gamma_xca"))
    return {0.5f, 0.25f};
  if (absl::EndsWith(official_name, ".temperature")) return {4.0f, 2.0f};
  if (absl::EndsWith(official_name, ".running_var")) return {1.0f, 0.5f};
  if (absl::EndsWith(official_name, ".running_mean")) return {0.0f, 0.1f};
  if (absl::EndsWith(official_name, ".bias")) return {0.0f, 0.1f};
  if (shape.size() == 1) return {1.0f, 0.2f};
  const auto fan_in = ElementCount(shape) / shape[0];
  return {0.0f, static_cast<float>(std::sqrt(3.0 / static_cast<double>(fan_in)))};
}

class SyntheticCheckpoint final : public Checkpoint {
 public:
  SyntheticCheckpoint(const EdgeNextConfig& config, Naming naming, uint64_t seed) : seed_(seed) {
    for (TensorSpec& spec : TensorSpecs(config)) {
      const std::string& name = naming == Naming::kOfficial ? spec.official_name : spec.timm_name;
      tensors_[name] = {DataType::kF32, spec.shape};
      official_names_[name] = spec.official_name;
    }
  }

  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }

  absl::StatusOr<Tensor> Read(absl::string_view name) const override {
    const auto found = official_names_.find(std::string(name));
    if (found == official_names_.end()) return absl::NotFoundError(absl::StrCat("no tensor '", name, "'"));
    Tensor tensor(tensors_.at(found->first).shape);
    const UniformSequence uniform(found->second, seed_);
    const ValueRule rule = RuleFor(found->second, tensor.shape);
    for (size_t i = 0; i < tensor.values.size(); ++i)
      tensor.values[i] = rule.offset + rule.scale * uniform.At(i);
    return tensor;
  }

 private:
  const uint64_t seed_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> official_names_;
};

}  // namespace

std::unique_ptr<Checkpoint> MakeSyntheticCheckpoint(const EdgeNextConfig& config, Naming naming,
                                                    uint64_t seed) {
  return std::make_unique<SyntheticCheckpoint>(config, naming, seed);
}

Tensor SyntheticInput(uint64_t seed, int batch, int height, int width) {
  const UniformSequence coarse(absl::StrCat("input/", seed, "/coarse"), 0);
  const UniformSequence fine(absl::StrCat("input/", seed, "/fine"), 0);
  const int cell_rows = (height + kCellSide - 1) / kCellSide;
  const int cell_columns = (width + kCellSide - 1) / kCellSide;
  Tensor input({batch, 3, height, width});
  uint64_t i = 0;
  for (int plane = 0; plane < batch * 3; ++plane) {
    for (int y = 0; y < height; ++y) {
      const int row = (plane * cell_rows + y / kCellSide) * cell_columns;
      for (int x = 0; x < width; ++x, ++i) {
        const int cell = row + x / kCellSide;
        input.values[i] = 1.5f * coarse.At(static_cast<uint64_t>(cell)) + 0.5f * fine.At(i);
      }
    }
  }
  return input;
}

}  // namespace edgenext
