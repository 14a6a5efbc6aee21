#include "model/verify/isa_processes.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/kernels/isa.h"

namespace edgenext {
namespace {

constexpr char kThisProgram[] = "/proc/self/exe";

absl::StatusOr<int> RunSelf(std::vector<std::string> arguments) {
  std::string name = "edgenext-verify";
  std::vector<char*> argv = {name.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  pid_t child = 0;
  const int error = posix_spawn(&child, kThisProgram, nullptr, nullptr, argv.data(), environ);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start another process");
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "cannot wait for the process");
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return absl::InternalError(
      absl::StrCat("the process for ", arguments.back(), " died of signal ", WTERMSIG(status)));
}

}  // namespace

absl::StatusOr<int> RunOncePerIsa(const std::vector<std::string>& arguments) {
  int worst = 0;
  for (const kernels::Isa isa : kernels::kAllIsas) {
    if (!kernels::CpuSupports(isa)) continue;
    std::vector<std::string> capped = arguments;
    capped.push_back(absl::StrCat("--max-isa=", kernels::IsaName(isa)));
    EDGENEXT_ASSIGN_OR_RETURN(const int code, RunSelf(std::move(capped)));
    worst = std::max(worst, code);
  }
  return worst;
}

}  // namespace edgenext
