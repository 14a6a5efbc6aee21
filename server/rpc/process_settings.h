#ifndef SERVER_RPC_PROCESS_SETTINGS_H_
#define SERVER_RPC_PROCESS_SETTINGS_H_

namespace edgenext::serving {

// What a process that serves gRPC sets once, at start, before threads are made.

// Makes malloc keep the memory of messages from one request to the next instead of giving it back to the
// kernel: without it every 200 kB message costs some fifty page faults. Up to 256 MB stay with the process
// that would otherwise be returned.
void KeepMessageMemory();

// Has abseil's mutexes, which gRPC locks many times a request, not look for cycles in the order in which they
// are taken: Debian's build does by default.
void SkipLockOrderChecks();

}  // namespace edgenext::serving

#endif  // SERVER_RPC_PROCESS_SETTINGS_H_
