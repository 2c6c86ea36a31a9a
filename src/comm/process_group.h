// Processes that train together: the door to LibTorch's c10d, with Gloo underneath.
//
// The processes are started by torchrun, or by anything that sets its variables: WORLD_SIZE, RANK,
// MASTER_ADDR, MASTER_PORT. Gloo runs on CPU tensors. Non-goals: elastic membership; a process that
// is gone ends the others with an error.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dnd::comm {

struct Rendezvous {
  int rank = 0;
  int size = 1;
  std::string address;  // of the machine where rank 0 runs
  std::uint16_t port = 0;
  // torchrun's agent keeps the store already; else rank 0 does.
  bool agent_store = false;
  std::string prefix;  // of keys in the store, so that a restart meets no old ones
};

// The variables above; nullopt where WORLD_SIZE is absent or 1. Throws Error(usage) naming a variable
// that is missing or makes no sense.
std::optional<Rendezvous> rendezvous_from_environment();

// One member. Calls are collective: every process makes the same ones in the same order.
class ProcessGroup {
 public:
  // Waits for all processes, up to `timeout_seconds`, and says so. Throws Error(unavailable), which
  // names those that did not come, or that came twice.
  explicit ProcessGroup(const Rendezvous& rendezvous, int timeout_seconds = 300);
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;
  ~ProcessGroup();

  int rank() const { return rendezvous_.rank; }
  int size() const { return rendezvous_.size; }

  // Replaces fp32 or fp64 CPU tensors, all of one type, by their sums over the processes: the same
  // bytes in each. One message for all of them. Throws Error(unavailable) if a process is gone.
  void sum(const std::vector<at::Tensor>& tensors);

  // The first process does `work`, for however long that takes, while the others wait and say so now and
  // then. What it throws comes out there; the others get Error(unavailable). `what` names the work.
  void first_alone(const std::string& what, const std::function<void()>& work);

  // Throws Error(data) in every process unless all say the same; `what` names it.
  void require_equal(const std::string& what, const std::string& text);

 private:
  struct Backend;

  void open_store(std::chrono::seconds timeout);
  void meet(std::chrono::seconds timeout);
  std::string missing_ranks() const;
  void wait_for_all();

  Rendezvous rendezvous_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace dnd::comm
