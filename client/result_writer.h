#ifndef CLIENT_RESULT_WRITER_H_
#define CLIENT_RESULT_WRITER_H_

#include <cstddef>
#include <memory>
#include <ostream>

#include "client/image_result.h"

namespace edgenext {

// Writes results to a stream, one call of Write each. Thread-compatible.
class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual void Write(const ImageResult& result) = 0;
};

struct TableStyle {
  // The columns of file names and of labels. What is longer is shortened to them or, if `shorten` is false,
  // makes its row longer.
  size_t name_width = 20;
  size_t label_width = 20;
  bool shorten = false;
  // Escape sequences for bold, dim and red.
  bool colours = false;
  // Of the bars that show the probabilities; 0 for none.
  size_t bar_width = 0;
};

// For people: a heading and a row per prediction, times in milliseconds.
std::unique_ptr<ResultWriter> MakeTableWriter(std::ostream& out, const TableStyle& style);

// For programs: an object a line: {file, predictions: [{index, label, probability}], model, version,
// timings_ms: {queue, decode, execute, total}, error: {code, message}}; `error` only where there is one, and
// then without predictions. Text that is no UTF-8 has U+FFFD in its place.
std::unique_ptr<ResultWriter> MakeJsonWriter(std::ostream& out);

// For spreadsheets: quoted as in RFC 4180, lines ended by LF, with a heading, a row per prediction, one for a
// failed image.
std::unique_ptr<ResultWriter> MakeCsvWriter(std::ostream& out);

}  // namespace edgenext

#endif  // CLIENT_RESULT_WRITER_H_
