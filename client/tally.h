#ifndef CLIENT_TALLY_H_
#define CLIENT_TALLY_H_

#include <cstddef>
#include <string>

#include "client/base/exit_code.h"
#include "client/base/steady_time.h"
#include "client/image_result.h"

namespace edgenext {

// Counts results for the line at the end, the line of progress and the exit code. Thread-compatible.
class Tally {
 public:
  explicit Tally(SteadyTime started) : started_(started) {}

  void Count(const ImageResult& result);

  size_t images() const { return images_; }
  size_t failures() const { return failures_; }

  // "474 images, 2 failed, 88.1 images/s (5.4 s)".
  std::string Summary(SteadyTime now) const;
  // "123/474 images, 0 failed, 88.1 images/s".
  std::string Progress(size_t of, SteadyTime now) const;

  // Of the images alone: kExitDeadline if one ran out of time, else kExitFailed if one failed.
  ExitCode exit_code() const;

 private:
  double ImagesPerSecond(SteadyTime now) const;

  const SteadyTime started_;
  size_t images_ = 0;
  size_t failures_ = 0;
  size_t late_ = 0;
};

}  // namespace edgenext

#endif  // CLIENT_TALLY_H_
