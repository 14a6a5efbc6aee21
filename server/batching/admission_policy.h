#ifndef SERVER_BATCHING_ADMISSION_POLICY_H_
#define SERVER_BATCHING_ADMISSION_POLICY_H_

#include <string>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// What admission sees of the server when a request asks. An image that was admitted waits, in one place of
// the queue, until a worker takes it.
struct AdmissionSnapshot {
  int waiting = 0;                // images that hold a place
  int ahead = 0;                  // of these, the ones that run before the request's images
  int executing = 0;              // images that workers have taken and not finished
  absl::Duration time_per_image;  // of one worker, from taking an image to its answer; zero: not known yet
  int contenders = 1;             // clients that want places at this time, the request's own included
  int held_by_client = 0;         // places of the request's client
  bool expires_another = false;  // an image that was admitted, and runs later, would miss its deadline for it
};

// What the request wants, and for whom. A value type.
struct AdmissionAsk {
  int images = 1;
  MonotonicTime deadline = MonotonicTime::InfiniteFuture();
  TaskClass task_class = TaskClass::kInteractive;
  MonotonicTime came = MonotonicTime::InfiniteFuture();  // of one that was admitted: when
  std::string client;                                    // who it is, for fair shares
};

struct AdmissionDecision {
  enum class Kind {
    kAdmit,
    kNoPlace,              // the queue is full
    kWaitTooLong,          // longer than the longest wait
    kNotItsShare,          // its client has its part of the places, which others want too
    kOthersDeadline,       // it would go before an image that could not be answered in time then
    kDeadlineUnreachable,  // its own deadline passes before the answer would be there
  };
  Kind kind = Kind::kAdmit;
  absl::Duration wait;   // predicted: until a worker takes its last image
  absl::Duration drain;  // predicted: until all that was admitted before is done; never zero
};

// What a refused client is told to wait: the drain time, spread so that those who were refused together do
// not come back together. `random` is from [0, 1): the delay is 0.5 to kLongestRetryFactor times the drain
// time.
inline constexpr double kLongestRetryFactor = 1.5;
inline absl::Duration RetryDelay(absl::Duration drain, double random) {
  return drain * (kLongestRetryFactor - 1 + random);
}

// Decides whether a request is admitted. Pure: its answers depend on the arguments and on the options alone,
// so a simulator can ask it as well as a server. Immutable.
//
// The prediction takes every worker for busy all the time, which it is when it matters: w workers finish an
// image each time_per_image / w, and those under way are half done.
class AdmissionPolicy {
 public:
  struct Options {
    int workers = 1;
    int queue_capacity = 256;  // images that may wait
    absl::Duration max_queue_wait = absl::Seconds(10);
  };

  explicit AdmissionPolicy(const Options& options) : options_(options) {}

  AdmissionDecision Decide(const AdmissionSnapshot& server, const AdmissionAsk& ask, MonotonicTime now) const;

  // How long an image waits that has `ahead` images to run before it and `executing` under way.
  absl::Duration PredictWait(int ahead, int executing, absl::Duration time_per_image) const;

  const Options& options() const { return options_; }

 private:
  // How many images may wait, all of them ahead of the last one, for that one to wait no longer than `wait`.
  double Reach(absl::Duration wait, const AdmissionSnapshot& server) const;
  // The places that a client may hold where others want some too: an equal part of those that help it, of
  // which there are fewer than places if a wait or a deadline binds before.
  double Share(const AdmissionSnapshot& server, absl::Duration longest_wait) const;

  const Options options_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_ADMISSION_POLICY_H_
