#ifndef CLIENT_RETRY_BUDGET_H_
#define CLIENT_RETRY_BUDGET_H_

#include <functional>

#include "absl/time/time.h"

namespace edgenext {

// How much a client may add to a server's load by trying again: a token bucket as in gRFC A6
// (https://github.com/grpc/proposal/blob/master/A6-client-retries.md, "Throttling Retry Attempts"). Every
// failure takes a token, every success gives a fraction back, and while half the bucket or less is left
// nothing is retried. Thread-compatible.
class RetryBudget {
 public:
  static constexpr int kMaxTokens = 20;
  static constexpr double kTokensPerSuccess = 0.1;

  explicit RetryBudget(int max_tokens = kMaxTokens)
      : max_millitokens_(1000 * max_tokens), millitokens_(max_millitokens_) {}

  void RecordSuccess();
  // Notes a failure whose status allows a retry. True if the budget allows one too.
  bool RecordFailure();

  double tokens() const { return millitokens_ / 1000.0; }

 private:
  const int max_millitokens_;
  int millitokens_;
};

// The waits between tries: each twice as long as the one before, up to a limit, and each spread by `random`
// within ± 20 %, so that clients cut off together do not come back together. Thread-compatible.
class Backoff {
 public:
  struct Options {
    absl::Duration first = absl::Milliseconds(200);
    absl::Duration longest = absl::Seconds(5);
  };

  // `random` returns numbers spread evenly over [0, 1).
  Backoff(Options options, std::function<double()> random);

  absl::Duration Next();
  // After a success: the next wait is the first again.
  void Reset() { next_ = options_.first; }

 private:
  const Options options_;
  const std::function<double()> random_;
  absl::Duration next_;
};

}  // namespace edgenext

#endif  // CLIENT_RETRY_BUDGET_H_
