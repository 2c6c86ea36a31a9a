#include "base/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

std::string content(const fs::path& path) { return read_text_file(path, 1U << 20U); }

void write(const fs::path& path, std::string_view text) {
  FileWriter writer(path);
  writer.write(text);
  writer.finish();
}

// The wait status of a child process that ran `work`.
template <typename Work>
int status_of_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(MappedFile, ShowsTheBytesAndMoves) {
  const TempDir dir;
  MappedFile file(dir.file("x", std::string("a\0b", 3)));
  EXPECT_EQ(file.text(), std::string_view("a\0b", 3));
  MappedFile moved(std::move(file));
  EXPECT_EQ(moved.bytes().size(), 3U);
  file = std::move(moved);
  EXPECT_EQ(file.text().front(), 'a');
  EXPECT_EQ(MappedFile(dir.file("empty", "")).bytes().size(), 0U);
  EXPECT_EQ(MappedFile().text(), "");
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  const TempDir dir;
  EXPECT_DND_ERROR(MappedFile(dir / "none"), ErrorKind::no_input, "No such file");
  EXPECT_DND_ERROR(MappedFile(dir.path()), ErrorKind::no_input, "is a folder");
  EXPECT_DND_ERROR(MappedFile("/dev/null"), ErrorKind::no_input, "is a device, not a file");
}

// Opening a pipe for reading waits for whoever writes; nobody does here.
TEST(OpenFile, DoesNotWaitForAPipe) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0666), 0);
  ::alarm(10);  // ends the test where it hangs
  EXPECT_DND_ERROR(open_file(dir / "pipe"), ErrorKind::no_input, "pipe: is a pipe, not a file");
  EXPECT_DND_ERROR(MappedFile(dir / "pipe"), ErrorKind::no_input, "is a pipe");
  EXPECT_DND_ERROR(read_text_file(dir / "pipe", 4), ErrorKind::no_input, "is a pipe");
  fs::create_symlink("pipe", dir / "link");
  EXPECT_DND_ERROR(read_text_file(dir / "link", 4), ErrorKind::no_input, "is a pipe");
  ::alarm(0);
}

TEST(OpenFile, NamesASocketAndALoop) {
  const TempDir dir;
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{AF_UNIX, ""};
  (dir / "s").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_DND_ERROR(open_file(dir / "s"), ErrorKind::no_input, "s: is a socket, not a file");
  fs::create_symlink("loop", dir / "loop");
  EXPECT_DND_ERROR(open_file(dir / "loop"), ErrorKind::no_input, "levels of symbolic links");
}

TEST(ReadTextStream, ReadsAPipeToItsEnd) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0666), 0);
  std::jthread writer([&] { std::ofstream(dir / "pipe") << "through a pipe"; });
  EXPECT_EQ(read_text_stream(dir / "pipe", 100), "through a pipe");
  EXPECT_EQ(read_text_stream(dir.file("x", "a file"), 100), "a file");
  EXPECT_DND_ERROR(read_text_stream("/dev/zero", 1000), ErrorKind::data, "limit of 1 kB");
  EXPECT_DND_ERROR(read_text_stream(dir.path(), 4), ErrorKind::no_input, "is a folder");
  EXPECT_DND_ERROR(read_text_stream(dir / "none", 4), ErrorKind::no_input, "No such file");
}

TEST(ReadTextFile, BoundsTheSize) {
  const TempDir dir;
  const fs::path path = dir.file("x", "12345");
  EXPECT_EQ(read_text_file(path, 5), "12345");
  EXPECT_DND_ERROR(read_text_file(path, 4), ErrorKind::data, "larger than the limit of 4 B");
  EXPECT_DND_ERROR(read_text_file(dir / "none", 4), ErrorKind::no_input, "none");
  EXPECT_DND_ERROR(read_text_file(dir.path(), 4), ErrorKind::no_input, "is a folder");
}

TEST(FileWriter, WritesOnceWithTheUmask) {
  const TempDir dir;
  const mode_t old = ::umask(027);
  write(dir / "x", "text");
  ::umask(old);
  EXPECT_EQ(content(dir / "x"), "text");
  EXPECT_EQ(fs::status(dir / "x").permissions(), fs::perms(0640));
  EXPECT_DND_ERROR(FileWriter(dir / "x"), ErrorKind::cannot_create, "File exists");
  EXPECT_DND_ERROR(FileWriter(dir / "none/x"), ErrorKind::cannot_create, "No such file");
}

// Writes until a limit on the size of files, which fails as a full disk does.
TEST(FileWriter, AFullDiskIsAnIoError) {
  const TempDir dir;
  const int status = status_of_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write(dir / "x", std::string(5000, 'a'));
    } catch (const Error& error) {
      ::_exit(static_cast<int>(error.kind()));
    }
  });
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ErrorKind::io));
}

}  // namespace
}  // namespace dnd
