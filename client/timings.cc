#include "client/timings.h"

#include <cmath>

namespace edgenext {
namespace {

double RoundedMilliseconds(absl::Duration duration) {
  return std::round(absl::ToDoubleMicroseconds(duration)) / 1000;
}

double RoundedMilliseconds(const google::protobuf::Duration& duration) {
  return RoundedMilliseconds(absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos()));
}

}  // namespace

TimingsMs TimingsOf(const ImageResult& result) {
  const edgenext::v1::Timings& server = result.response.timings();
  return {RoundedMilliseconds(server.queue()), RoundedMilliseconds(server.decode()),
          RoundedMilliseconds(server.execute()), RoundedMilliseconds(result.total)};
}

}  // namespace edgenext
