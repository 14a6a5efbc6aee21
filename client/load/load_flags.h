#ifndef CLIENT_LOAD_LOAD_FLAGS_H_
#define CLIENT_LOAD_LOAD_FLAGS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/load/load_options.h"

namespace CLI {
class App;
}

namespace edgenext {

// The command line of `edgenext load`: made before `app` parses, asked after it did.
class LoadFlags {
 public:
  // Adds the command to `app`, which holds the flags that all commands share.
  explicit LoadFlags(CLI::App& app);
  ~LoadFlags();

  // All but `target`, `connect_timeout` and `command` come from the flags; `target` is judged with them.
  // INVALID_ARGUMENT names the flag.
  absl::StatusOr<LoadOptions> Options(const std::string& target, absl::Duration connect_timeout,
                                      const std::string& command) const;

 private:
  struct Texts;
  const std::unique_ptr<Texts> texts_;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_LOAD_FLAGS_H_
