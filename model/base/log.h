#ifndef MODEL_BASE_LOG_H_
#define MODEL_BASE_LOG_H_

#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace edgenext {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// One key and its value, for the reader of a log to search by. Views: for the duration of the Log call only.
struct LogField {
  LogField(absl::string_view key_in, const absl::AlphaNum& value_in) : key(key_in), value(value_in.Piece()) {}
  absl::string_view key;
  absl::string_view value;
};

// Writes one line to standard error: time (RFC 3339, UTC), level, event, fields. In text
//   2026-01-31T12:00:00.123Z INFO  model loaded variant=edgenext_small ms=41
// and in JSON an object a line. `event` is a fixed phrase: what varies belongs into fields. Control
// characters and bytes that are not UTF-8 are escaped, and a value is cut after 512 bytes, so that a client
// cannot forge or flood lines. Thread-safe: lines do not mix.
void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields = {});

// Set once, at start. The default is text, from kInfo.
void SetLogFormat(LogFormat format);
void SetLogLevel(LogLevel least);

// The line without its end, as Log would write it at `time_text`: for tests.
std::string FormatLogLine(LogFormat format, absl::string_view time_text, LogLevel level,
                          absl::string_view event, std::initializer_list<LogField> fields);

}  // namespace edgenext

#endif  // MODEL_BASE_LOG_H_
