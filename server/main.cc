// edgenext-server: classifies images over gRPC. README.md beside this file tells its flags, metrics and exit
// codes.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "model/base/log.h"
#include "server/exit_code.h"
#include "server/machine/machine.h"
#include "server/server.h"
#include "server/server_options.h"
#include "server/stop_signals.h"

namespace {

using edgenext::LogFormat;
using edgenext::serving::ExitCode;
using edgenext::serving::ServerCommand;

ExitCode Run(const std::vector<std::string>& arguments) {
  const ServerCommand command = edgenext::serving::ParseServerCommand(arguments);
  switch (command.kind) {
    case ServerCommand::Kind::kShowText:
      std::fputs(command.text.c_str(), stdout);
      return ExitCode::kStopped;
    case ServerCommand::Kind::kUsageError:
      std::fputs(command.text.c_str(), stderr);
      return ExitCode::kUsage;
    case ServerCommand::Kind::kServe:
      break;
  }
  const LogFormat format_here = isatty(STDERR_FILENO) == 1 ? LogFormat::kText : LogFormat::kJson;
  edgenext::SetLogFormat(command.options.log_format.value_or(format_here));
  edgenext::SetLogLevel(command.options.log_level);
  signal(SIGPIPE, SIG_IGN);  // a client that has gone is an error of its connection
  edgenext::serving::StopSignals::Block();
  return edgenext::serving::Server(command.options, edgenext::serving::ReadMachine()).Run();
}

}  // namespace

int main(int argc, char** argv) {
  return static_cast<int>(Run(std::vector<std::string>(argv + 1, argv + argc)));
}
