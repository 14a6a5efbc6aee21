#include "model/bundle/manifest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "model/edgenext/network.h"
#include "nlohmann/json.hpp"

namespace edgenext {
namespace {

using nlohmann::json;

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxVersionDigits = 18;
constexpr size_t kSha256Digits = 64;

constexpr absl::string_view kRequiredKeys[] = {"name",     "variant",       "weights", "labels", "input_size",
                                               "crop_pct", "interpolation", "mean",    "std"};
constexpr absl::string_view kOptionalKeys[] = {"version", "precision", "source", "license", "sha256"};

bool IsIn(absl::Span<const absl::string_view> keys, absl::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// A file of the folder itself or below it: what model.json names cannot lead out of its folder.
bool StaysInside(absl::string_view file_name) {
  if (file_name.empty() || absl::StartsWith(file_name, "/") || absl::StrContains(file_name, '\0'))
    return false;
  for (const absl::string_view part : absl::StrSplit(file_name, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

// Takes the values of the manifest's keys one by one and gathers what is wrong with them.
class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {
    for (const absl::string_view key : kRequiredKeys) {
      if (!object_.contains(std::string(key))) Fault(absl::StrCat("'", key, "' is missing"));
    }
    for (const auto& [key, value] : object_.items()) {
      if (!IsIn(kRequiredKeys, key) && !IsIn(kOptionalKeys, key))
        Fault(absl::StrCat("unknown key '", key, "'"));
    }
  }

  void Fault(std::string text) {
    if (!text.empty()) faults_.push_back(std::move(text));
  }
  const std::vector<std::string>& faults() const { return faults_; }

  // Calls `use` with the string under `key`, if there is one.
  template <typename Use>
  void String(const char* key, Use use) {
    const json* value = Find(key);
    if (value == nullptr) return;
    if (!value->is_string()) return Wrong(key, *value, "a string");
    use(value->get<std::string>());
  }

  void FileName(const char* key, std::string& out) {
    String(key, [&](std::string value) {
      if (!StaysInside(value)) return Wrong(key, value, "a file name that stays inside the folder");
      out = std::move(value);
    });
  }

  void InputSize(const char* key, PreprocessSpec& spec) {
    const json* value = Find(key);
    if (value == nullptr) return;
    const json& height = value->is_array() && value->size() == 2 ? (*value)[0] : *value;
    const json& width = value->is_array() && value->size() == 2 ? (*value)[1] : *value;
    if (!height.is_number_unsigned() || !width.is_number_unsigned()) {
      return Wrong(key, *value, "S or [H, W] in pixels");
    }
    const auto bounded = [](const json& side) {
      return static_cast<int>(std::min<uint64_t>(side.get<uint64_t>(), 1'000'000));
    };
    spec.height = bounded(height);
    spec.width = bounded(width);
    Fault(InputSizeFault(spec.height, spec.width));
  }

  void CropPct(const char* key, double& out) {
    const json* value = Find(key);
    if (value == nullptr) return;
    if (!value->is_number()) return Wrong(key, *value, "a number");
    out = value->get<double>();
    Fault(CropPctFault(out));
  }

  void Rgb(const char* key, const char* expected, bool (*accepts)(float), std::array<float, 3>& out) {
    const json* value = Find(key);
    if (value == nullptr) return;
    if (!value->is_array() || value->size() != out.size()) return Wrong(key, *value, expected);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!(*value)[i].is_number()) return Wrong(key, *value, expected);
      out[i] = (*value)[i].get<float>();
      if (!accepts(out[i])) return Wrong(key, *value, expected);
    }
  }

  void Wrong(const char* key, const json& value, absl::string_view expected) {
    Fault(absl::StrCat("'", key, "' is ", value.dump(-1, ' ', true, json::error_handler_t::replace),
                       ", expected ", expected));
  }

 private:
  const json* Find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  const json& object_;
  std::vector<std::string> faults_;
};

bool IsVersion(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxVersionDigits && (text == "0" || text[0] != '0') &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool IsSha256(absl::string_view text) {
  return text.size() == kSha256Digits && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

// The document, and the keys that come more than once in its outermost object.
absl::StatusOr<json> ParseObject(absl::string_view text, std::set<std::string>& repeated) {
  std::set<std::string> seen;
  const auto note_keys = [&](int depth, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::key && depth == 1) {
      const std::string key = value.get<std::string>();
      if (!seen.insert(key).second) repeated.insert(key);
    }
    return true;
  };
  try {
    json document = json::parse(text.begin(), text.end(), note_keys);
    if (!document.is_object()) return absl::InvalidArgumentError("it is not a JSON object");
    return document;
  } catch (const json::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("it is not valid JSON at byte ", error.byte));
  } catch (const json::exception&) {
    return absl::InvalidArgumentError("it is not valid JSON: a number is out of range");
  }
}

}  // namespace

std::string ModelNameFault(absl::string_view name) {
  const auto is_allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  };
  if (!name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), is_allowed))
    return "";
  return absl::StrCat("name '", name, "' is not 1 to ", kMaxNameBytes,
                      " of the characters A-Z a-z 0-9 _ . -");
}

std::string InputSizeFault(int64_t height, int64_t width) {
  if (IsInputSide(height) && IsInputSide(width)) return "";
  return absl::StrCat("input size ", height, " x ", width, " is not of multiples of 32 from 64 to 512");
}

std::string CropPctFault(double crop_pct) {
  if (crop_pct > 0.0 && crop_pct <= 1.0) return "";
  return absl::StrCat("crop_pct ", crop_pct, " is not above 0 and at most 1");
}

std::string PrecisionFault(absl::string_view precision) {
  if (precision == "f32" || precision == "bf16" || precision == "auto") return "";
  return absl::StrCat("precision '", precision, "' is not f32, bf16 or auto");
}

absl::StatusOr<Manifest> ParseManifest(absl::string_view json_text) {
  std::set<std::string> repeated;
  const absl::StatusOr<json> document = ParseObject(json_text, repeated);
  if (!document.ok()) return document.status();

  Manifest manifest;
  Reader reader(*document);
  for (const std::string& key : repeated) reader.Fault(absl::StrCat("'", key, "' comes twice"));
  reader.String("name", [&](std::string value) {
    reader.Fault(ModelNameFault(value));
    manifest.name = std::move(value);
  });
  reader.String("version", [&](std::string value) {
    if (!IsVersion(value)) reader.Wrong("version", value, "a whole number as a string");
    manifest.version = std::move(value);
  });
  reader.String("variant", [&](std::string value) { manifest.variant = std::move(value); });
  reader.FileName("weights", manifest.weights);
  reader.FileName("labels", manifest.labels);
  reader.InputSize("input_size", manifest.preprocess);
  reader.CropPct("crop_pct", manifest.preprocess.crop_pct);
  reader.String("interpolation", [&](const std::string& value) {
    if (value != "bicubic") reader.Wrong("interpolation", value, "\"bicubic\"");
  });
  reader.Rgb(
      "mean", "three finite numbers", [](float x) { return std::isfinite(x); }, manifest.preprocess.mean);
  reader.Rgb(
      "std", "three numbers above 0", [](float x) { return std::isnormal(x) && x > 0; },
      manifest.preprocess.std);
  reader.String("precision", [&](std::string value) {
    reader.Fault(PrecisionFault(value));
    manifest.precision = std::move(value);
  });
  reader.String("source", [](const std::string&) {});
  reader.String("license", [](const std::string&) {});
  reader.String("sha256", [&](const std::string& value) {
    if (!IsSha256(value)) reader.Wrong("sha256", value, "64 hexadecimal digits");
    manifest.sha256 = absl::AsciiStrToLower(value);
  });

  if (reader.faults().empty()) return manifest;
  return absl::InvalidArgumentError(absl::StrCat("it has ", reader.faults().size(), " faults:\n  ",
                                                 absl::StrJoin(reader.faults(), "\n  ")));
}

}  // namespace edgenext
