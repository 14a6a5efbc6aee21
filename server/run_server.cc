#include "server/run_server.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "model/base/log.h"
#include "server/machine/machine.h"
#include "server/server_options.h"
#include "server/stop_signals.h"

namespace edgenext::serving {

ExitCode RunServer(const std::vector<std::string>& arguments, Server::ModelHook on_model) {
  const ServerCommand command = ParseServerCommand(arguments);
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
  SetLogFormat(command.options.log_format.value_or(format_here));
  SetLogLevel(command.options.log_level);
  signal(SIGPIPE, SIG_IGN);  // a client that has gone is an error of its connection
  StopSignals::Block();
  return Server(command.options, ReadMachine(), std::move(on_model)).Run();
}

}  // namespace edgenext::serving
