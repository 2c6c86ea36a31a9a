#include "chat/renderer_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/installation.h"
#include "base/strings.h"
#include "chat/frame.h"

namespace dnd::chat {
namespace {

using Clock = std::chrono::steady_clock;

// A process group of its own, so that Ctrl-C is the caller's to answer, and signals as the system has them.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    sigset_t signals;
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigaddset(&signals, SIGPIPE);
    ::sigaddset(&signals, SIGXCPU);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// The process's standard input and output are `channel`; what it might print goes nowhere.
pid_t spawn(const std::filesystem::path& program, int channel, const std::string& who) {
  const SpawnAttributes attributes;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, channel, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, channel, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = program.filename();
  char* arguments[] = {name.data(), nullptr};
  pid_t process = -1;
  const int error =
      ::posix_spawn(&process, program.c_str(), &actions, attributes.get(), arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    fail(ErrorKind::unavailable, who, ": cannot start ", printable(program.string()),
         ", which renders chat templates: ", system_reason(error),
         " (installed apart from the program?)");
  }
  return process;
}

}  // namespace

std::filesystem::path renderer_path() { return library_folder() / "dnd-chat-renderer"; }

RendererProcess::RendererProcess(const std::filesystem::path& program, std::string who,
                                 const Limits& limits)
    : who_(std::move(who)), limits_(limits) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    fail(ErrorKind::unavailable, who_, ": no channel to a renderer: ", system_reason(errno));
  }
  channel_ = Descriptor(ends[0]);
  const Descriptor other(ends[1]);
  process_ = spawn(program, other.get(), who_);
}

RendererProcess::~RendererProcess() { end(); }

// The status that waitpid gives, or -1.
int RendererProcess::end() {
  channel_.close();
  if (process_ < 0) return -1;
  const pid_t process = std::exchange(process_, -1);
  int status = -1;
  // One that ended by itself tells how.
  if (::waitpid(process, &status, WNOHANG) == process) return status;
  ::kill(process, SIGKILL);
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return -1;
}

void RendererProcess::fail_with_exit() {
  siginfo_t ended = {};  // the channel closes a moment before the process has ended
  ::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOWAIT);
  const int status = end();
  const bool memory = status >= 0 && WIFEXITED(status) &&
                      WEXITSTATUS(status) == static_cast<int>(RendererExit::memory);
  if (memory) {
    fail(ErrorKind::data, who_, ": needs more than ", human_bytes(limits_.memory),
         " of memory; real templates need a thousandth of that");
  }
  const int sign = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (sign == SIGXCPU) {
    fail(ErrorKind::data, who_, ": needs more than ", limits_.time.count(),
         " ms to render; real templates need less than one");
  }
  fail(ErrorKind::data, who_, ": its renderer ended ",
       sign != 0 ? cat("by signal ", sign) : std::string("early"),
       " (nested or recursive without end?)");
}

void RendererProcess::wait_for(short event, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting = {channel_.get(), event, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready < 0 && errno == EINTR) continue;
    end();
    fail(ErrorKind::data, who_, ": needs more than ", limits_.time.count(),
         " ms to render; real templates need less than one");
  }
}

void RendererProcess::send(const char* from, std::size_t size, Deadline deadline) {
  while (size > 0) {
    wait_for(POLLOUT, deadline);
    const ssize_t count = ::send(channel_.get(), from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) fail_with_exit();
    from += count;
    size -= static_cast<std::size_t>(count);
  }
}

void RendererProcess::receive(char* into, std::size_t size, Deadline deadline) {
  while (size > 0) {
    wait_for(POLLIN, deadline);
    const ssize_t count = ::recv(channel_.get(), into, size, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) fail_with_exit();
    into += count;
    size -= static_cast<std::size_t>(count);
  }
}

Json RendererProcess::ask(const Json& message) {
  const Deadline deadline = Clock::now() + limits_.time;
  const std::string text = message.dump();
  FrameLength length = text.size();
  send(reinterpret_cast<const char*>(&length), sizeof(length), deadline);
  send(text.data(), text.size(), deadline);
  receive(reinterpret_cast<char*>(&length), sizeof(length), deadline);
  const FrameLength longest = 6 * limits_.text + 65536;  // a byte is six in JSON at most
  if (length > longest) {
    end();
    fail(ErrorKind::data, who_, ": its renderer answers with ", length, " bytes, more than ",
         longest);
  }
  std::string answer(length, '\0');
  receive(answer.data(), answer.size(), deadline);
  return parse_json(answer, who_);
}

}  // namespace dnd::chat
