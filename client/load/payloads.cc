#include "client/load/payloads.h"

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/base/input_files.h"
#include "client/load/load_limits.h"
#include "client/load/random.h"
#include "edgenext/v1/classifier.pb.h"
#include "inference/grpc_service.pb.h"

namespace edgenext {
namespace {

// So many that no cache of the processor or the server holds the work of one for the next.
constexpr int kTensorPayloads = 8;

// Beside the program, as the server finds the model that ships.
std::string SamplesFolder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share" / "edgenext" / "model" / "samples").string();
}

absl::Status TooLarge() {
  return absl::InvalidArgumentError(
      absl::StrCat("the messages are more than ", kMostPayloadBytes >> 20U, " MiB together"));
}

absl::StatusOr<std::vector<std::string>> ReadImages(const std::vector<std::string>& inputs) {
  std::vector<std::string> images;
  size_t total = 0;
  const std::vector<std::string> arguments =
      inputs.empty() ? std::vector<std::string>{SamplesFolder()} : inputs;
  for (const InputFile& file : ExpandInputs(arguments)) {
    absl::StatusOr<std::string> image = ReadInput(file);
    if (!image.ok()) {
      return absl::Status(image.status().code(), absl::StrCat(file.name, ": ", image.status().message()));
    }
    total += image->size();
    if (total > kMostPayloadBytes) return TooLarge();
    images.push_back(*std::move(image));
  }
  return images;
}

std::string LittleEndian32(size_t value) {
  std::string bytes(4, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xFFU);
    value >>= 8U;
  }
  return bytes;
}

std::string ClassifyMessage(const LoadOptions& options, const std::string& image, bool is_bulk) {
  v1::ClassifyRequest request;
  request.set_image(image);
  request.set_model(options.model);
  request.set_model_version(options.model_version);
  request.set_priority(is_bulk ? v1::BULK : v1::INTERACTIVE);
  return request.SerializeAsString();
}

std::string InferMessage(const LoadOptions& options, const std::string& datatype,
                         const std::vector<int64_t>& shape, std::string raw, bool is_bulk) {
  inference::ModelInferRequest request;
  request.set_model_name(options.model);
  request.set_model_version(options.model_version);
  // Triton's: 1 is the highest, which this server takes for interactive.
  if (is_bulk) (*request.mutable_parameters())["priority"].set_int64_param(2);
  auto* input = request.add_inputs();
  input->set_name("image");
  input->set_datatype(datatype);
  for (const int64_t size : shape) input->add_shape(size);
  request.add_raw_input_contents(std::move(raw));
  return request.SerializeAsString();
}

std::string RandomBytes(size_t size, Random& random) {
  std::string bytes;
  bytes.reserve(size + sizeof(uint64_t));
  while (bytes.size() < size) {
    const uint64_t bits = random.Bits();
    for (unsigned shift = 0; shift < 64; shift += 8)
      bytes.push_back(static_cast<char>(bits >> shift & 0xFFU));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

absl::StatusOr<Payloads> Payloads::Make(const LoadOptions& options) {
  Payloads payloads;
  payloads.images_per_request_ = options.images_per_request;
  const bool is_infer = options.method == LoadOptions::Method::kInfer;
  payloads.method_ =
      is_infer ? "/inference.GRPCInferenceService/ModelInfer" : "/edgenext.v1.Classifier/Classify";
  const absl::Status status = options.tensors ? payloads.AddTensors(options) : payloads.AddImages(options);
  if (!status.ok()) return status;
  return payloads;
}

absl::Status Payloads::AddImages(const LoadOptions& options) {
  absl::StatusOr<std::vector<std::string>> images = ReadImages(options.inputs);
  if (!images.ok()) return images.status();
  description_ = absl::StrCat(images->size(), images->size() == 1 ? " image" : " images");
  const auto per_request = static_cast<size_t>(images_per_request_);
  for (size_t first = 0; first < images->size(); ++first) {
    if (options.method == LoadOptions::Method::kClassify) {
      Add([&](bool is_bulk) { return ClassifyMessage(options, (*images)[first], is_bulk); });
      continue;
    }
    std::string raw;
    for (size_t i = 0; i < per_request; ++i) {
      const std::string& image = (*images)[(first + i) % images->size()];
      absl::StrAppend(&raw, LittleEndian32(image.size()), image);
      if (raw.size() * (first + 1) > kMostPayloadBytes) return TooLarge();
    }
    Add([&](bool is_bulk) {
      return InferMessage(options, "BYTES", {options.images_per_request}, raw, is_bulk);
    });
  }
  return absl::OkStatus();
}

absl::Status Payloads::AddTensors(const LoadOptions& options) {
  Random random(options.seed);
  description_ = absl::StrCat("tensors of ", options.tensor_height, "x", options.tensor_width);
  const std::vector<int64_t> shape = {options.images_per_request, options.tensor_height, options.tensor_width,
                                      3};
  size_t size = 1;
  for (const int64_t extent : shape) size *= static_cast<size_t>(extent);
  if (size * kTensorPayloads > kMostPayloadBytes) return TooLarge();
  for (int i = 0; i < kTensorPayloads; ++i) {
    const std::string pixels = RandomBytes(size, random);
    Add([&](bool is_bulk) { return InferMessage(options, "UINT8", shape, pixels, is_bulk); });
  }
  return absl::OkStatus();
}

template <typename Serialize>
void Payloads::Add(const Serialize& serialize) {
  interactive_.push_back(Keep(serialize(false)));
  bulk_.push_back(Keep(serialize(true)));
}

grpc::ByteBuffer Payloads::Keep(std::string message) {
  bytes_.push_back(std::move(message));
  const grpc::Slice slice(bytes_.back().data(), bytes_.back().size(), grpc::Slice::STATIC_SLICE);
  return grpc::ByteBuffer(&slice, 1);
}

double Payloads::mean_bytes() const {
  double total = 0;
  for (const std::string& message : bytes_) total += static_cast<double>(message.size());
  return total / static_cast<double>(bytes_.size());
}

}  // namespace edgenext
