// A library to be loaded before the C library (LD_PRELOAD): system calls about files below one folder fail.
//
//   FAULTS_ROOT   the folder
//   FAULTS_LOG    a file that gets a line for each such call: its name
//   FAULTS_CALL   the name of the call that fails, its FAULTS_AT-th (from 1) in the process
//   FAULTS_ERROR  errno of the failure; 0: write and pwrite take one byte alone
//   FAULTS_DELAY  microseconds that each such call takes longer: for signals that come in the middle
//
// Counted are the calls that make, change and remove: what is only read is not an output.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_below(const char* path) {
  static const char* const root = setting("FAULTS_ROOT");
  static const std::size_t length = std::strlen(root);
  return length > 0 && std::strncmp(path, root, length) == 0;
}

// Absolute paths of files alone: the program makes its outputs by them.
bool is_about(int folder, const char* path) {
  if (path[0] == '/') return is_below(path);
  char link[64];
  char place[4096];
  if (folder == AT_FDCWD) return ::getcwd(place, sizeof(place)) != nullptr && is_below(place);
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
  const ssize_t size = ::readlink(link, place, sizeof(place) - 1);
  if (size < 0) return false;
  place[size] = '\0';
  return is_below(place);
}

bool is_about(int file) {
  const int before = errno;
  const bool about = is_about(file, "");
  errno = before;
  return about;
}

void log(const char* call) {
  static const int file = static_cast<int>(
      ::syscall(SYS_open, setting("FAULTS_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  char line[32];
  const int size = std::snprintf(line, sizeof(line), "%s\n", call);
  ::syscall(SYS_write, file, line, size);
}

// Whether this call, which is about an output, is the one that fails; errno is set then.
bool fails(const char* call) {
  static std::atomic<int> seen{0};
  static const int at = std::atoi(setting("FAULTS_AT"));
  const int before = errno;
  log(call);
  static const int delay = std::atoi(setting("FAULTS_DELAY"));
  if (delay > 0) ::usleep(static_cast<useconds_t>(delay));
  errno = before;
  if (std::strcmp(setting("FAULTS_CALL"), call) != 0 || ++seen != at) return false;
  errno = std::atoi(setting("FAULTS_ERROR"));
  return true;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool makes(int flags) { return (flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0; }

int open_as(const char* name, const char* path, int flags, mode_t mode) {
  if (makes(flags) && is_about(AT_FDCWD, path) && fails("open")) return -1;
  return next<int(const char*, int, ...)>(name)(path, flags, mode);
}

mode_t mode_of(int flags, va_list rest) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(rest, int)) : 0;
}

// What is left of a write: all, one byte, or none.
ssize_t taken(const char* call, int file, std::size_t size) {
  if (!is_about(file) || !fails(call)) return static_cast<ssize_t>(size);
  if (errno != 0) return -1;
  return size == 0 ? 0 : 1;
}

}  // namespace

#pragma GCC diagnostic ignored "-Wshadow"  // flock() beside struct flock

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_as("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_as("open64", path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if (makes(flags) && is_about(folder, path) && fails("open")) return -1;
  return next<int(int, const char*, int, ...)>("openat")(folder, path, flags, mode);
}

ssize_t write(int file, const void* bytes, size_t size) {
  const ssize_t part = taken("write", file, size);
  return part < 0 ? -1
                  : next<ssize_t(int, const void*, size_t)>("write")(file, bytes,
                                                                     static_cast<size_t>(part));
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  const ssize_t part = taken("write", file, size);
  return part < 0 ? -1
                  : next<ssize_t(int, const void*, size_t, off_t)>("pwrite")(
                        file, bytes, static_cast<size_t>(part), at);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off_t at) {
  return pwrite(file, bytes, size, at);
}

int fsync(int file) {
  if (is_about(file) && fails("fsync")) return -1;
  return next<int(int)>("fsync")(file);
}

int fdatasync(int file) {
  if (is_about(file) && fails("fsync")) return -1;
  return next<int(int)>("fdatasync")(file);
}

int close(int file) {
  const int flags = ::fcntl(file, F_GETFL);
  const bool about = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && is_about(file);
  const int done = next<int(int)>("close")(file);
  return about && fails("close") ? -1 : done;
}

int mkdir(const char* path, mode_t mode) {
  if (is_about(AT_FDCWD, path) && fails("mkdir")) return -1;
  return next<int(const char*, mode_t)>("mkdir")(path, mode);
}

int rename(const char* from, const char* to) {
  if (is_about(AT_FDCWD, to) && fails("rename")) return -1;
  return next<int(const char*, const char*)>("rename")(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  if (is_about(to_folder, to) && fails("rename")) return -1;
  return next<int(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from,
                                                                              to_folder, to, flags);
}

int fallocate(int file, int mode, off_t begin, off_t size) {
  if (is_about(file) && fails("fallocate")) return -1;
  return next<int(int, int, off_t, off_t)>("fallocate")(file, mode, begin, size);
}

int fallocate64(int file, int mode, off_t begin, off_t size) {
  return fallocate(file, mode, begin, size);
}

int ftruncate(int file, off_t size) {
  if (is_about(file) && fails("ftruncate")) return -1;
  return next<int(int, off_t)>("ftruncate")(file, size);
}

int ftruncate64(int file, off_t size) { return ftruncate(file, size); }

int flock(int file, int operation) {
  if (is_about(file) && fails("flock")) return -1;
  return next<int(int, int)>("flock")(file, operation);
}

int chmod(const char* path, mode_t mode) {
  if (is_about(AT_FDCWD, path) && fails("chmod")) return -1;
  return next<int(const char*, mode_t)>("chmod")(path, mode);
}
}
