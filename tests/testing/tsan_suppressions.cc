// Compiled into the tests that decode images under ThreadSanitizer, which looks for this function. OpenCV's
// codecs bring in GDAL, which takes two of its own mutexes in both orders, always on one thread, when it sets
// itself up.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() { return "deadlock:libgdal.so\n"; }
