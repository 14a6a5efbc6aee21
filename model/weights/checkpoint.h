#ifndef MODEL_WEIGHTS_CHECKPOINT_H_
#define MODEL_WEIGHTS_CHECKPOINT_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/base/file_reader.h"
#include "model/tensor/tensor.h"

namespace edgenext {

// Element types of a checkpoint. Weights are in the first four and become float32 when they are read;
// integers are counters, which nothing reads.
enum class DataType { kF32, kF16, kBF16, kF64, kInteger };

// "F32", "F16", "BF16", "F64", "integer"
absl::string_view DataTypeName(DataType type);

struct TensorInfo {
  DataType type;
  Shape shape;
};

// A file of named tensors. Made by a reader for each format (OpenCheckpoint), which has checked the whole
// structure; keeps one descriptor open and reads tensor by tensor. Thread-safe.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  // By name.
  virtual const std::map<std::string, TensorInfo>& tensors() const = 0;

  // The values as float32. NOT_FOUND for an unknown name, INVALID_ARGUMENT for an integer tensor, DATA_LOSS
  // where the file has been cut since it was opened.
  virtual absl::StatusOr<Tensor> Read(absl::string_view name) const = 0;
};

// Opens a checkpoint file of any supported format, told apart by content. INVALID_ARGUMENT says what is wrong
// with the file and where.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(const std::string& path);
// The same with a file that is already open.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(FileReader file);

}  // namespace edgenext

#endif  // MODEL_WEIGHTS_CHECKPOINT_H_
