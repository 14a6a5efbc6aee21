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

// Which clients want places of the queue: those that hold some, and those that were refused and are expected
// back. Knows every client that holds a place and a bounded number of others. Thread-compatible.
class FairShare {
 public:
  static constexpr size_t kMostExpected = 1024;

  void Hold(absl::string_view client, int places);
  // As many must be held.
  void Release(absl::string_view client, int places);
  int held(absl::string_view client) const;

  // The client was refused and counts as wanting places until then. When too many are expected, those whose
  // time ends first are forgotten.
  void Expect(absl::string_view client, MonotonicTime until);

  // The clients that want places now, `client` counted whether it is among them or not.
  int CountContenders(absl::string_view client, MonotonicTime now);

  // Clients that are remembered.
  size_t size() const { return clients_.size(); }

 private:
  struct Client {
    int held = 0;
    MonotonicTime expected_until;  // in the past: not expected
  };
  using Clients = std::unordered_map<std::string, Client>;

  void StopExpectingFirst();
  void ForgetIfIdle(Clients::iterator client);

  Clients clients_;
  std::set<std::pair<MonotonicTime, std::string>> expected_;  // by their time
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_FAIR_SHARE_H_
