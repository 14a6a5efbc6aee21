// Loaded into the server before everything else (LD_PRELOAD), so that tests can hold and disturb it from
// outside:
//   EDGENEXT_TEST_OPEN_GATE=FILE   opening a *.safetensors waits until FILE exists
//   EDGENEXT_TEST_CLOCK_STEP=FILE  once FILE exists, the wall clock is ahead by the seconds that it holds
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

namespace {

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool Exists(const char* path) {
  struct stat status = {};
  return stat(path, &status) == 0;
}

void WaitAtGate(const char* opened) {
  static const char* const gate = std::getenv("EDGENEXT_TEST_OPEN_GATE");
  if (gate == nullptr || std::strstr(opened, ".safetensors") == nullptr) return;
  while (!Exists(gate)) usleep(2000);
}

long WallClockStep() {
  static const char* const file = std::getenv("EDGENEXT_TEST_CLOCK_STEP");
  static std::atomic<long> step{0};
  if (file == nullptr || step.load() != 0 || !Exists(file)) return step.load();
  char text[32] = {};
  const int descriptor = Next<int(const char*, int, ...)>("open")(file, O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0 && read(descriptor, text, sizeof text - 1) > 0) step.store(std::atol(text));
  close(descriptor);
  return step.load();
}

mode_t ModeOf(int flags, va_list arguments) { return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  WaitAtGate(path);
  static auto* const next = Next<int(const char*, int, ...)>("open");
  return next(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  WaitAtGate(path);
  static auto* const next = Next<int(const char*, int, ...)>("open64");
  return next(path, flags, mode);
}

int clock_gettime(clockid_t clock, timespec* now) {
  static auto* const next = Next<int(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += WallClockStep();
  return result;
}

int gettimeofday(timeval* now, void* zone) {
  static auto* const next = Next<int(timeval*, void*)>("gettimeofday");
  const int result = next(now, zone);
  if (result == 0) now->tv_sec += WallClockStep();
  return result;
}

time_t time(time_t* out) {
  static auto* const next = Next<time_t(time_t*)>("time");
  const time_t now = next(nullptr) + WallClockStep();
  if (out != nullptr) *out = now;
  return now;
}

// Abseil waits for points of the wall clock in the kernel, which knows nothing of the step.
long syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  timespec until = {};
  const auto* const given = reinterpret_cast<const timespec*>(values[3]);
  if (number == SYS_futex && (values[1] & FUTEX_CLOCK_REALTIME) != 0 && given != nullptr) {
    until = *given;
    until.tv_sec -= WallClockStep();
    values[3] = reinterpret_cast<long>(&until);
  }
  static auto* const next = Next<long(long, ...)>("syscall");
  return next(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

}  // extern "C"
