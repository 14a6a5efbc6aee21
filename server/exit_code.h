#ifndef SERVER_EXIT_CODE_H_
#define SERVER_EXIT_CODE_H_

namespace edgenext::serving {

// How the process ends (the table "Exit codes" in server/README.md).
enum class ExitCode {
  kStopped = 0,        // nothing that was accepted was lost
  kUsage = 64,         // the command line
  kBadModel = 65,      // the model cannot be loaded or run
  kCannotListen = 69,  // a port is in use, or an address is not here
  kWatchdog = 70,      // it did not stop in time
  kCutOff = 75,        // the grace period or a second signal ended accepted work
};

}  // namespace edgenext::serving

#endif  // SERVER_EXIT_CODE_H_
