#include "server/net/connection_table.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/net/socket_address.h"

namespace edgenext::serving {
namespace {

// gRPC's name of a peer as SocketAddress::ToString has it.
std::string PeerAddress(absl::string_view peer) {
  if (!absl::ConsumePrefix(&peer, "ipv4:") && !absl::ConsumePrefix(&peer, "ipv6:")) return "";
  std::string address = absl::StrReplaceAll(peer, {{"%5B", "["}, {"%5D", "]"}});
  // The interface of a link-local address, which ours does not have.
  if (const size_t zone = address.find('%'); zone != std::string::npos) {
    address.erase(zone, address.find(']') - zone);
  }
  return address;
}

}  // namespace

absl::optional<absl::Duration> SocketIdleTime(int fd) {
  tcp_info info = {};
  socklen_t length = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return absl::nullopt;
  return absl::Milliseconds(std::min(info.tcpi_last_data_sent, info.tcpi_last_data_recv));
}

ConnectionTable::ConnectionTable(IdleTime idle_time, Clock* clock)
    : idle_time_(std::move(idle_time)), clock_(*clock) {}

void ConnectionTable::Add(int fd, bool in_reserve) {
  std::shared_ptr<Connection> connection(
      new Connection{fd, SocketInode(fd), PeerOf(fd), clock_.Now(), {in_reserve}});
  std::lock_guard<std::mutex> lock(mu_);
  ids_[connection->peer] = next_id_;
  connections_.emplace(next_id_++, std::move(connection));
  in_reserve_ += in_reserve ? 1 : 0;
}

ConnectionTable::Connections::iterator ConnectionTable::Forget(Connections::iterator connection) {
  // The peer's next connection may have been accepted before this one was missed.
  if (const auto id = ids_.find(connection->second->peer);
      id != ids_.end() && id->second == connection->first) {
    ids_.erase(id);
  }
  in_reserve_ -= connection->second->in_reserve ? 1 : 0;
  return connections_.erase(connection);
}

int ConnectionTable::Count() {
  std::lock_guard<std::mutex> lock(mu_);
  for (auto connection = connections_.begin(); connection != connections_.end();) {
    const bool is_open = SocketInode(connection->second->fd) == connection->second->inode;
    connection = is_open ? std::next(connection) : Forget(connection);
  }
  return static_cast<int>(connections_.size());
}

ConnectionTable::Counts ConnectionTable::CountAtMost() const {
  std::lock_guard<std::mutex> lock(mu_);
  return {static_cast<int>(connections_.size()) - in_reserve_, in_reserve_};
}

std::shared_ptr<const Connection> ConnectionTable::Find(absl::string_view peer) const {
  const std::string address = PeerAddress(peer);
  std::lock_guard<std::mutex> lock(mu_);
  const auto id = ids_.find(address);
  return id == ids_.end() || address.empty() ? nullptr : connections_.at(id->second);
}

void ConnectionTable::HalfCloseAll() { ShutDownEvery(SHUT_WR); }

void ConnectionTable::ShutDownAll() { ShutDownEvery(SHUT_RDWR); }

void ConnectionTable::ShutDownEvery(int how) {
  std::lock_guard<std::mutex> lock(mu_);
  for (const auto& [id, connection] : connections_) ShutDown(*connection, how);
}

void ConnectionTable::ShutDown(const Connection& connection, int how) {
  if (const int copy = copy_.Take(connection.fd, connection.inode); copy >= 0) shutdown(copy, how);
  copy_.Drop();
}

absl::optional<ConnectionTable::State> ConnectionTable::StateOf(const Connections::value_type& connection) {
  const auto& [id, shared] = connection;
  if (SocketInode(shared->fd) != shared->inode) return absl::nullopt;
  State state = {id, shared->in_reserve, shared.use_count() > 1, absl::nullopt};
  if (const int copy = copy_.Take(shared->fd, shared->inode); copy >= 0) state.idle_time = idle_time_(copy);
  copy_.Drop();
  return state;
}

std::vector<ConnectionTable::State> ConnectionTable::Look() {
  std::vector<State> states;
  std::lock_guard<std::mutex> lock(mu_);
  states.reserve(connections_.size());
  for (auto connection = connections_.begin(); connection != connections_.end();) {
    if (const auto state = StateOf(*connection)) {
      states.push_back(*state);
      ++connection;
    } else {
      connection = Forget(connection);
    }
  }
  return states;
}

absl::optional<ConnectionTable::State> ConnectionTable::LookAt(int64_t id) {
  std::lock_guard<std::mutex> lock(mu_);
  const auto connection = connections_.find(id);
  return connection == connections_.end() ? absl::nullopt : StateOf(*connection);
}

void ConnectionTable::ShutDown(int64_t id) {
  std::lock_guard<std::mutex> lock(mu_);
  const auto connection = connections_.find(id);
  if (connection == connections_.end()) return;
  ShutDown(*connection->second, SHUT_RDWR);
  Forget(connection);
}

void ConnectionTable::TakeOutOfReserve(int64_t id) {
  std::lock_guard<std::mutex> lock(mu_);
  const auto connection = connections_.find(id);
  if (connection != connections_.end() && connection->second->in_reserve.exchange(false)) --in_reserve_;
}

}  // namespace edgenext::serving
