// A process that renders one chat template (apps/chat_renderer), and what it is held to.
//
// A process, because a template is a program of a stranger and the engine has no bounds; started anew from
// a file, because a copy of a process with threads may not even allocate memory. It costs a few
// milliseconds once, and far less than one a text.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/descriptor.h"
#include "base/json.h"

namespace dnd::chat {

struct Limits {
  std::chrono::milliseconds time{10000};       // by the clock, each text
  std::uint64_t memory = 512ULL << 20U;        // bytes, of the process
  std::size_t source = std::size_t{1} << 20U;  // bytes
  std::size_t text = std::size_t{16} << 20U;   // bytes, of what is rendered
};

// lib/dnd/dnd-chat-renderer beside the program.
std::filesystem::path renderer_path();

// Owns the process; ends it. One caller at a time.
class RendererProcess {
 public:
  // Starts `program`. `who` begins messages. Throws Error(unavailable) where it cannot be started.
  RendererProcess(const std::filesystem::path& program, std::string who, const Limits& limits);
  RendererProcess(const RendererProcess&) = delete;
  RendererProcess& operator=(const RendererProcess&) = delete;
  ~RendererProcess();

  // Sends a message and waits for the answer. Throws Error(data), and the process is ended, where the
  // limits are passed or it dies; nothing may be sent after that.
  Json ask(const Json& message);
  // Whether a message may be sent.
  bool is_running() const { return process_ >= 0; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  void send(const char* from, std::size_t size, Deadline deadline);
  void receive(char* into, std::size_t size, Deadline deadline);
  void wait_for(short event, Deadline deadline);
  int end();
  [[noreturn]] void fail_with_exit();

  std::string who_;
  Limits limits_;
  Descriptor channel_;
  pid_t process_ = -1;
};

}  // namespace dnd::chat
