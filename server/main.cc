// edgenext-server: classifies images over gRPC. README.md beside this file tells its flags, metrics and exit
// codes.
#include <string>
#include <vector>

#include "server/run_server.h"

int main(int argc, char** argv) {
  return static_cast<int>(edgenext::serving::RunServer(std::vector<std::string>(argv + 1, argv + argc)));
}
