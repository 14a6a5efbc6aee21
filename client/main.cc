#include <iostream>

#include "client/commands.h"
#include "client/load/load_command.h"
#include "client/options.h"

int main(int argc, char** argv) {
  using namespace edgenext;
  const auto parsed = ParseOptions(argc, argv, std::cout, std::cerr);
  if (const ExitCode* code = absl::get_if<ExitCode>(&parsed)) return *code;
  const Options& options = absl::get<Options>(parsed);
  if (const auto* classify = absl::get_if<ClassifyOptions>(&options)) return Classify(*classify);
  if (const auto* info = absl::get_if<InfoOptions>(&options)) return Info(*info);
  if (const auto* load = absl::get_if<LoadOptions>(&options)) return Load(*load);
  return Health(absl::get<HealthOptions>(options));
}
