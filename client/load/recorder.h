#ifndef CLIENT_LOAD_RECORDER_H_
#define CLIENT_LOAD_RECORDER_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace edgenext {

// What became of a request, told apart no further than a user wants to see at a glance.
enum class Fate : uint8_t {
  kGood,       // answered OK within the deadline, from the intended time
  kLate,       // answered OK after it
  kRefused,    // RESOURCE_EXHAUSTED or UNAVAILABLE
  kExpired,    // DEADLINE_EXCEEDED
  kCancelled,  // by the generator, as it was told to
  kFailed,     // any other status
  kNotSent,    // by the generator itself: too many were under way
};
inline constexpr int kFates = 7;
const char* FateName(Fate fate);

// One request, whatever the number of its attempts. Times are microseconds.
struct Sample {
  uint32_t intended = 0;  // from the start of the run
  uint32_t latency = 0;   // from the intended time to the answer
  uint32_t send_lag = 0;  // from the intended time to the first attempt
  uint8_t outcome = 0;    // index into Recorder::outcomes
  Fate fate = Fate::kGood;
  uint8_t attempts = 0;
};

// Microseconds for a sample: rounded down, within 32 bits, never negative.
uint32_t SampleTime(absl::Duration duration);

// The canonical name of a status and the server's reason for it, if it gave one.
struct Outcome {
  std::string code;
  std::string reason;
};

// Keeps every sample. Thread-safe.
class Recorder {
 public:
  // `sample.outcome` is filled in here. Of a server that gives ever new reasons only the first are told
  // apart.
  void Add(Sample sample, absl::string_view code, absl::string_view reason);

  // The samples that came since the last call, of more than kMostRecent the latest.
  std::vector<Sample> TakeRecent();

  // When nothing is added any more.
  const std::deque<Sample>& samples() const { return samples_; }
  const std::vector<Outcome>& outcomes() const { return outcomes_; }

  static constexpr size_t kMostRecent = 200'000;
  static constexpr size_t kMostOutcomes = 100;

 private:
  uint8_t OutcomeOf(absl::string_view code, absl::string_view reason);

  std::mutex mu_;
  std::deque<Sample> samples_;     // guarded by mu_
  std::vector<Outcome> outcomes_;  // guarded by mu_
  size_t taken_ = 0;               // guarded by mu_
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_RECORDER_H_
