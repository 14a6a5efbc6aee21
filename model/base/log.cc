#include "model/base/log.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "model/base/utf8.h"

namespace edgenext {
namespace {

constexpr size_t kMaxValueBytes = 512;

std::atomic<LogFormat> log_format{LogFormat::kText};
std::atomic<LogLevel> log_level{LogLevel::kInfo};

absl::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "?";
}

// Appends `text` with quotes, backslashes, control characters and stray bytes escaped as in JSON.
void AppendEscaped(absl::string_view text, std::string& out) {
  const size_t size_bytes = text.size();
  while (!text.empty()) {
    const size_t sequence_length = Utf8SequenceLength(text);
    const size_t length = sequence_length == 0 ? 1 : sequence_length;
    if (size_bytes - text.size() + length > kMaxValueBytes) {
      out += "...";
      return;
    }
    const auto first = static_cast<unsigned char>(text[0]);
    const bool is_c1_control = length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (first == '"' || first == '\\') {
      out += '\\';
      out += text[0];
    } else if (is_c1_control) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(text[1]));
    } else if (first < 0x20 || first == 0x7F || sequence_length == 0) {
      absl::StrAppendFormat(&out, "\\u%04x", first);
    } else {
      out.append(text.data(), length);
    }
    text.remove_prefix(length);
  }
}

bool NeedsQuotes(absl::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '=') return true;
  }
  return false;
}

}  // namespace

std::string FormatLogLine(LogFormat format, absl::string_view time_text, LogLevel level,
                          absl::string_view event, std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kText) {
    line = absl::StrFormat("%s %-5s ", time_text, LevelName(level));
    AppendEscaped(event, line);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.key, "=");
      const bool quote = NeedsQuotes(field.value);
      if (quote) line += '"';
      AppendEscaped(field.value, line);
      if (quote) line += '"';
    }
    return line;
  }
  absl::StrAppend(&line, "{\"time\":\"", time_text, "\",\"level\":\"", LevelName(level), "\",\"event\":\"");
  AppendEscaped(event, line);
  for (const LogField& field : fields) {
    line += "\",\"";
    AppendEscaped(field.key, line);
    line += "\":\"";
    AppendEscaped(field.value, line);
  }
  line += "\"}";
  return line;
}

void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields) {
  if (level < log_level.load(std::memory_order_relaxed)) return;
  const std::string now = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  std::string line = FormatLogLine(log_format.load(std::memory_order_relaxed), now, level, event, fields);
  line += '\n';
  // One write a line keeps the lines of several threads apart.
  const char* next = line.data();
  size_t left = line.size();
  while (left > 0) {
    const ssize_t written = write(STDERR_FILENO, next, left);
    if (written < 0 && errno != EINTR) return;  // there is nowhere to report it to
    if (written > 0) {
      next += written;
      left -= static_cast<size_t>(written);
    }
  }
}

void SetLogFormat(LogFormat format) { log_format.store(format, std::memory_order_relaxed); }
void SetLogLevel(LogLevel least) { log_level.store(least, std::memory_order_relaxed); }

}  // namespace edgenext
