// edgenext-server with another network: its executor burns 20 ms of CPU an image, which no processor, cache
// or change of a kernel alters. So what the serving path makes of a known capacity can be counted.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "model/base/cpu_clock.h"
#include "model/executor/executor.h"
#include "server/run_server.h"

namespace edgenext::serving {
namespace {

constexpr absl::Duration kBurn = absl::Milliseconds(20);

class BurningExecutor final : public Executor {
 public:
  BurningExecutor(int height, int width, int classes) : height_(height), width_(width), classes_(classes) {}

  absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                       ThreadTeam& /*team*/) override {
    for (size_t image = 0; image < batch.size(); ++image) {
      const absl::Duration began = ThreadCpuTime();
      while (ThreadCpuTime() - began < kBurn) {
      }
    }
    std::fill(logits.begin(), logits.end(), 0.0f);
    return absl::OkStatus();
  }

  int height() const override { return height_; }
  int width() const override { return width_; }
  int classes() const override { return classes_; }

 private:
  const int height_, width_, classes_;
};

void Burn(ServedModel& model) {
  model.make_executor = [height = model.preprocess.height, width = model.preprocess.width,
                         classes = model.classes()]() -> absl::StatusOr<std::unique_ptr<Executor>> {
    return std::make_unique<BurningExecutor>(height, width, classes);
  };
}

}  // namespace
}  // namespace edgenext::serving

int main(int argc, char** argv) {
  return static_cast<int>(
      edgenext::serving::RunServer(std::vector<std::string>(argv + 1, argv + argc), edgenext::serving::Burn));
}
