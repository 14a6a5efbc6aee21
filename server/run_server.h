#ifndef SERVER_RUN_SERVER_H_
#define SERVER_RUN_SERVER_H_

#include <string>
#include <vector>

#include "server/exit_code.h"
#include "server/server.h"

namespace edgenext::serving {

// What the program does from its command line (`arguments`, without its name) to its end. To be called first
// in main, before there are threads. `on_model` as for Server.
ExitCode RunServer(const std::vector<std::string>& arguments, Server::ModelHook on_model = nullptr);

}  // namespace edgenext::serving

#endif  // SERVER_RUN_SERVER_H_
