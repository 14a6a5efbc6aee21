#include "server/batching/fair_share.h"

#include <cassert>

namespace edgenext::serving {

void FairShare::Hold(absl::string_view client, int places) {
  if (places > 0) clients_[std::string(client)].held += places;
}

void FairShare::Release(absl::string_view client, int places) {
  if (places == 0) return;
  const auto found = clients_.find(std::string(client));
  assert(found != clients_.end() && found->second.held >= places);
  found->second.held -= places;
  ForgetIfIdle(found);
}

int FairShare::held(absl::string_view client) const {
  const auto found = clients_.find(std::string(client));
  return found == clients_.end() ? 0 : found->second.held;
}

void FairShare::Expect(absl::string_view client, MonotonicTime until) {
  const std::string key(client);
  Client& wanting = clients_[key];
  if (until <= wanting.expected_until) return;
  expected_.erase({wanting.expected_until, key});
  wanting.expected_until = until;
  expected_.insert({until, key});
  if (expected_.size() > kMostExpected) StopExpectingFirst();
}

int FairShare::CountContenders(absl::string_view client, MonotonicTime now) {
  while (!expected_.empty() && expected_.begin()->first <= now) StopExpectingFirst();
  const bool is_known = clients_.count(std::string(client)) > 0;
  return static_cast<int>(clients_.size()) + (is_known ? 0 : 1);
}

void FairShare::StopExpectingFirst() {
  const auto found = clients_.find(expected_.begin()->second);
  expected_.erase(expected_.begin());
  found->second.expected_until = MonotonicTime();
  ForgetIfIdle(found);
}

void FairShare::ForgetIfIdle(Clients::iterator client) {
  if (client->second.held == 0 && client->second.expected_until == MonotonicTime()) clients_.erase(client);
}

}  // namespace edgenext::serving
