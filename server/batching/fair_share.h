#ifndef SERVER_BATCHING_FAIR_SHARE_H_
#define SERVER_BATCHING_FAIR_SHARE_H_

#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/string_view.h"
#include "model/base/clock.h"

namespace edgenext::serving {

// Which clients want places of the queue: those that hold some or wait for some, and those that were refused
// and are expected back, of which it knows a bounded number. Thread-compatible.
class FairShare {
 public:
  static constexpr size_t kMostExpected = 1024;

  void Hold(absl::string_view client, int places);
  // As many must be held.
  void Release(absl::string_view client, int places);
  int held(absl::string_view client) const;

  // One more request of the client waits for places, or one less.
  void BeginWait(absl::string_view client);
  void EndWait(absl::string_view client);

  // The client was refused and counts as wanting places until then. When too many are expected, those whose
  // time ends first are forgotten.
  void Expect(absl::string_view client, MonotonicTime until);

  // Among how many clients the places are to be divided when `client` asks: those that hold some, want some
  // or ask. 1 as long as no other wants some that it has not got: then nobody gains by a division.
  int CountContenders(absl::string_view client, MonotonicTime now);

  // Clients that are remembered.
  size_t size() const { return clients_.size(); }

 private:
  struct Client {
    int held = 0;
    int waiting = 0;
    MonotonicTime expected_until;  // in the past: not expected
  };
  using Clients = std::unordered_map<std::string, Client>;

  void StopExpectingFirst();
  void ForgetIfIdle(Clients::iterator client);

  Clients clients_;
  std::set<std::pair<MonotonicTime, std::string>> expected_;  // by their time
  int waiting_ = 0;                                           // clients
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_FAIR_SHARE_H_
