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

void FairShare::BeginWait(absl::string_view client) {
  if (++clients_[std::string(client)].waiting == 1) ++waiting_;
}

void FairShare::EndWait(absl::string_view client) {
  const auto found = clients_.find(std::string(client));
  assert(found != clients_.end() && found->second.waiting > 0);
  if (--found->second.waiting == 0) --waiting_;
  ForgetIfIdle(found);
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
  const auto found = clients_.find(std::string(client));
  const bool is_known = found != clients_.end();
  const bool is_expected = is_known && found->second.expected_until != MonotonicTime();
  const bool is_waiting = is_known && found->second.waiting > 0;
  const bool another_wants =
      expected_.size() > (is_expected ? 1 : 0) || waiting_ > static_cast<int>(is_waiting);
  return another_wants ? static_cast<int>(clients_.size()) + (is_known ? 0 : 1) : 1;
}

void FairShare::StopExpectingFirst() {
  const auto found = clients_.find(expected_.begin()->second);
  expected_.erase(expected_.begin());
  found->second.expected_until = MonotonicTime();
  ForgetIfIdle(found);
}

void FairShare::ForgetIfIdle(Clients::iterator client) {
  const Client& idle = client->second;
  if (idle.held == 0 && idle.waiting == 0 && idle.expected_until == MonotonicTime()) clients_.erase(client);
}

}  // namespace edgenext::serving
