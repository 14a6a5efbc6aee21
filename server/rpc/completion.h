#ifndef SERVER_RPC_COMPLETION_H_
#define SERVER_RPC_COMPLETION_H_

namespace edgenext::serving {

// What a completion queue's tag points to.
class Completion {
 public:
  // Called on the queue's polling thread when the operation has ended; it must not block.
  virtual void OnComplete(bool ok) = 0;

 protected:
  ~Completion() = default;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_COMPLETION_H_
