#include "server/rpc/client.h"

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace edgenext::serving {
namespace {

// Long names, as of tokens, may begin and end alike.
std::string Shortened(absl::string_view name) {
  if (name.size() < kMostClientKeyBytes) return std::string(name);
  return absl::StrCat(absl::Hex(std::hash<std::string>()(std::string(name)), absl::kZeroPad16));
}

}  // namespace

TaskAttributes AttributesOf(const RpcCall& call, const ServiceContext& services) {
  TaskAttributes attributes;
  attributes.deadline = call.deadline();
  absl::optional<absl::string_view> name;
  if (!services.client_key.empty()) name = call.Metadata(services.client_key);
  if (!name) {
    attributes.client_key = call.Peer();
    return attributes;
  }
  if (services.bulk_clients.count(std::string(*name)) > 0) attributes.task_class = TaskClass::kBulk;
  // Unlike every connection's name, whatever the client calls itself.
  attributes.client_key = absl::StrCat("=", Shortened(*name));
  return attributes;
}

}  // namespace edgenext::serving
