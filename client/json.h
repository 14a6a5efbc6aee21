#ifndef CLIENT_JSON_H_
#define CLIENT_JSON_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace edgenext {

// JSON that keeps the order of its keys and prints numbers with a fraction as the shortest text that reads
// back as the same float: what the server sends are floats.
using Json =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, int64_t, uint64_t, float>;

// One line; bytes that are no UTF-8 become U+FFFD.
inline void WriteJsonLine(std::ostream& out, const Json& json) {
  out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace edgenext

#endif  // CLIENT_JSON_H_
