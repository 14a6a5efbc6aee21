// Compiled into the tests of the pipeline under ThreadSanitizer, which looks for this function.
// OpenCV's codecs bring in GDAL, which takes two of its own mutexes in both orders, always on one thread,
// when it sets itself up. All copies of an absl::Status are one object, which the last of them deletes. How
// they are counted is not seen by ThreadSanitizer, since it is partly done in abseil's library, which is not
// instrumented.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {
  return "deadlock:libgdal.so\n"
         "race:absl::*Status::Unref\n";
}
