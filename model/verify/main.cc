// edgenext-verify: holds this build on this machine against recorded results.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "model/base/status_macros.h"
#include "model/base/version.h"
#include "model/edgenext/network.h"
#include "model/kernels/isa.h"
#include "model/ops/process.h"
#include "model/verify/golden.h"
#include "model/verify/isa_processes.h"
#include "model/verify/preprocess.h"

namespace edgenext {
namespace {

constexpr int kExitDiffers = 1;  // or could not be compared
constexpr int kExitUsage = 64;

struct GoldenFlags {
  std::string folder;
  double tolerance = 2e-5;
  std::string precision = "f32";
  std::string max_isa;  // empty for every one, each in a process of its own
};

// The files of recorded results in `folder`, by name.
absl::StatusOr<std::vector<std::string>> GoldenFiles(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  // Not a range-for, whose steps throw.
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".safetensors") files.push_back(entry->path().string());
  }
  if (error) return absl::NotFoundError(absl::StrCat("cannot read folder '", folder, "': ", error.message()));
  if (files.empty())
    return absl::NotFoundError(absl::StrCat("no .safetensors file in folder '", folder, "'"));
  std::sort(files.begin(), files.end());
  return files;
}

bool InBf16(const GoldenFlags& flags) { return flags.precision == "bf16"; }

// What bfloat16 may cost, in standard deviations of an image's logits.
constexpr double kBf16Rms = 4e-3;
constexpr double kBf16Largest = 2e-2;

bool Within(const GoldenDifference& difference, const GoldenFlags& flags) {
  if (!InBf16(flags)) return difference.largest <= flags.tolerance;
  return difference.logits_rms <= kBf16Rms && difference.logits_largest <= kBf16Largest &&
         difference.same_top_1;
}

std::string Text(const GoldenDifference& difference, const GoldenFlags& flags) {
  const std::string logits = absl::StrFormat(
      "logits differ by %.2e rms, %.2e at most (of their deviation), top-1 %s", difference.logits_rms,
      difference.logits_largest, difference.same_top_1 ? "the same" : "another");
  if (InBf16(flags)) return logits;
  return absl::StrCat(difference.largest, " in ", difference.where, ", ", logits);
}

// One line a file; whether all were within the tolerance.
absl::StatusOr<bool> VerifyGolden(const GoldenFlags& flags) {
  EDGENEXT_ASSIGN_OR_RETURN(const kernels::Isa isa, ops::SupportedIsa(flags.max_isa));
  EDGENEXT_ASSIGN_OR_RETURN(const std::vector<std::string> files, GoldenFiles(flags.folder));
  EDGENEXT_RETURN_IF_ERROR(ops::CapIsa(isa));
  NetworkOptions options;
  options.isa = isa;
  if (InBf16(flags)) options.precision = kernels::Precision::kBf16;
  bool good = true;
  for (const std::string& file : files) {
    const absl::StatusOr<GoldenDifference> difference = CompareGolden(file, options);
    const bool within = difference.ok() && Within(*difference, flags);
    good = good && within;
    const std::string result =
        difference.ok() ? Text(*difference, flags) : std::string(difference.status().message());
    std::printf("%-6s %-6s %s: %s\n", within ? "ok" : "FAILED", kernels::IsaName(isa),
                std::filesystem::path(file).stem().c_str(), result.c_str());
    std::fflush(stdout);
  }
  return good;
}

absl::StatusOr<int> RunGolden(GoldenFlags flags) {
  if (flags.max_isa.empty() && InBf16(flags)) {
    flags.max_isa = "best";  // no other has it
  } else if (flags.max_isa.empty()) {
    EDGENEXT_RETURN_IF_ERROR(GoldenFiles(flags.folder).status());  // said once, not by every process
    return RunOncePerIsa({"golden", flags.folder, absl::StrFormat("--tolerance=%.17g", flags.tolerance),
                          absl::StrCat("--precision=", flags.precision)});
  }
  EDGENEXT_ASSIGN_OR_RETURN(const bool good, VerifyGolden(flags));
  return good ? 0 : kExitDiffers;
}

absl::StatusOr<int> RunPreprocess(const std::string& folder) {
  EDGENEXT_ASSIGN_OR_RETURN(const std::vector<PreprocessCase> cases, ReadPreprocessCases(folder));
  bool good = true;
  for (const PreprocessCase& preprocess_case : cases) {
    const absl::StatusOr<int> difference = ComparePreprocessed(folder, preprocess_case);
    const bool within = difference.ok() && *difference <= preprocess_case.tolerance;
    good = good && within;
    const std::string result =
        difference.ok() ? absl::StrCat(*difference, " of at most ", preprocess_case.tolerance, " levels")
                        : std::string(difference.status().message());
    std::printf("%-6s %s: %s\n", within ? "ok" : "FAILED", preprocess_case.expected.c_str(), result.c_str());
  }
  return good ? 0 : kExitDiffers;
}

int Main(int argc, char** argv) {
  CLI::App app("Holds this build on this machine against recorded results.", "edgenext-verify");
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);

  GoldenFlags golden;
  CLI::App* golden_command = app.add_subcommand(
      "golden",
      "Runs synthetic networks and compares logits and activations with those recorded in a folder of "
      "files VARIANT-NAMING-seedS-NxHxW-cCLASSES.safetensors. Prints one line a file and instruction set "
      "with the largest absolute difference (in f32) and that of the logits.");
  golden_command->add_option("folder", golden.folder, "the folder")->required();
  golden_command
      ->add_option("--tolerance", golden.tolerance,
                   "largest absolute difference; in bf16, logits are held against their deviation instead")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e9));
  golden_command->add_option("--precision", golden.precision, "what the networks compute in")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "bf16"}));
  golden_command
      ->add_option("--max-isa", golden.max_isa,
                   absl::StrCat("this instruction set only, one of ", kernels::kIsaWords,
                                " (default: all that the processor supports, one by one)"))
      ->check(
          [](const std::string& word) { return std::string(ops::SupportedIsa(word).status().message()); });

  std::string preprocess_folder;
  CLI::App* preprocess_command = app.add_subcommand(
      "preprocess",
      "Decodes and preprocesses the images of a folder (cases.json, images/, expected/) and compares them "
      "with "
      "what is expected. Prints one line a case with the largest difference in levels of 255.");
  preprocess_command->add_option("folder", preprocess_folder, "the folder")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }

  const absl::StatusOr<int> code =
      preprocess_command->parsed() ? RunPreprocess(preprocess_folder) : RunGolden(golden);
  if (!code.ok()) {
    std::fprintf(stderr, "edgenext-verify: %s\n", std::string(code.status().message()).c_str());
    return kExitDiffers;
  }
  return *code;
}

}  // namespace
}  // namespace edgenext

int main(int argc, char** argv) { return edgenext::Main(argc, argv); }
