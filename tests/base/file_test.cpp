#include "base/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

namespace fs = std::filesystem;
using testing::names_in;
using testing::TempDir;
using Kind = Staged::Kind;

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
  EXPECT_DND_ERROR(MappedFile("/dev/null"), ErrorKind::no_input, "not a regular file");
}

TEST(ReadTextFile, BoundsTheSize) {
  const TempDir dir;
  const fs::path path = dir.file("x", "12345");
  EXPECT_EQ(read_text_file(path, 5), "12345");
  EXPECT_DND_ERROR(read_text_file(path, 4), ErrorKind::data, "larger than the limit of 4 B");
  EXPECT_DND_ERROR(read_text_file("/dev/zero", 1000), ErrorKind::data, "limit");
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

TEST(WriteFileAtomically, CreatesAndReplaces) {
  const TempDir dir;
  write_file_atomically(dir / "a/b/x", "one");
  EXPECT_EQ(content(dir / "a/b/x"), "one");
  write_file_atomically(dir / "a/b/x", "two");
  EXPECT_EQ(content(dir / "a/b/x"), "two");
  EXPECT_EQ(names_in(dir / "a/b"), std::vector<std::string>{"x"});
  fs::create_directory(dir / "folder");
  dir.file("folder/inside", "");
  EXPECT_THROW(write_file_atomically(dir / "folder", "x"), Error);
  EXPECT_EQ(names_in(dir.path()), (std::vector<std::string>{"a", "folder"}));
}

TEST(Staged, AFileAppearsAtCommit) {
  const TempDir dir;
  Staged staged(dir / "x", Kind::file, OnExisting::refuse);
  write(staged.path(), "new");
  EXPECT_EQ(staged.path().parent_path(), dir.path());
  EXPECT_FALSE(fs::exists(dir / "x"));
  staged.commit();
  EXPECT_EQ(content(dir / "x"), "new");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"x"});
}

TEST(Staged, AFolderAppearsAtOnce) {
  const TempDir dir;
  fs::create_directory(dir / "out");  // an empty folder counts as absent
  Staged staged(dir / "out/", Kind::directory, OnExisting::refuse);
  write(staged.path() / "a", "1");
  EXPECT_TRUE(fs::is_empty(dir / "out"));
  staged.commit();
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"out"});
  EXPECT_EQ(content(dir / "out/a"), "1");
}

TEST(Staged, RefusesWhatExists) {
  const TempDir dir;
  dir.file("x", "old");
  fs::create_directory(dir / "full");
  dir.file("full/a", "");
  fs::create_symlink("nowhere", dir / "dangling");
  for (const char* name : {"x", "full", "dangling"}) {
    EXPECT_TRUE(is_occupied(dir / name));
    for (const Kind kind : {Kind::file, Kind::directory}) {
      EXPECT_DND_ERROR(Staged(dir / name, kind, OnExisting::refuse), ErrorKind::cannot_create,
                       "exists already");
    }
  }
  EXPECT_DND_ERROR(Staged(dir / "x/y", Kind::file, OnExisting::refuse), ErrorKind::cannot_create,
                   "x");
  EXPECT_FALSE(is_occupied(dir / "none"));
}

TEST(Staged, RefusesWhatAppearedMeanwhile) {
  const TempDir dir;
  for (const Kind kind : {Kind::file, Kind::directory}) {
    Staged staged(dir / "x", kind, OnExisting::refuse);
    if (kind == Kind::file) write(staged.path(), "mine");
    dir.file("x", "theirs");
    EXPECT_DND_ERROR(staged.commit(), ErrorKind::cannot_create, "appeared while");
    EXPECT_EQ(content(dir / "x"), "theirs");
    fs::remove(dir / "x");
  }
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(Staged, ReplacesAFileOrAFolder) {
  const TempDir dir;
  dir.file("x", "old");
  fs::create_directory(dir / "out");
  dir.file("out/old", "");
  Staged file(dir / "x", Kind::file, OnExisting::replace);
  write(file.path(), "new");
  file.commit();
  EXPECT_EQ(content(dir / "x"), "new");
  Staged folder(dir / "out", Kind::directory, OnExisting::replace);
  write(folder.path() / "new", "");
  EXPECT_EQ(names_in(dir / "out"), std::vector<std::string>{"old"});
  folder.commit();
  EXPECT_EQ(names_in(dir / "out"), std::vector<std::string>{"new"});
  EXPECT_EQ(names_in(dir.path()), (std::vector<std::string>{"out", "x"}));
}

TEST(Staged, WithoutCommitNothingRemains) {
  const TempDir dir;
  dir.file("x", "old");
  {
    const Staged file(dir / "x", Kind::file, OnExisting::replace);
    write(file.path(), "new");
    const Staged folder(dir / "out", Kind::directory, OnExisting::refuse);
    write(folder.path() / "a", "");
    EXPECT_EQ(names_in(dir.path()).size(), 3U);
  }
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"x"});
  EXPECT_EQ(content(dir / "x"), "old");
}

TEST(Staged, AKilledProcessLeavesNothingUnderTheFinalNameAndIsCleanedUp) {
  const TempDir dir;
  const int status = status_of_child([&] {
    const Staged staged(dir / "out", Kind::directory, OnExisting::refuse);
    write(staged.path() / "half", "abc");
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(fs::exists(dir / "out"));
  ASSERT_EQ(names_in(dir.path()).size(), 1U);  // what the dead process staged
  Staged staged(dir / "out", Kind::directory, OnExisting::refuse);
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{staged.path().filename()});
  staged.commit();
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"out"});
}

TEST(Staged, LeavesTheWorkOfOthersAlone) {
  const TempDir dir;
  const Staged first(dir / "x", Kind::directory, OnExisting::refuse);
  dir.file(".x.dnd-tmp.123.notanumber", "");
  dir.file(".x.dnd-tmp.1.999999999-0", "");  // of another machine
  dir.file(".y.dnd-tmp.1.999999999-0", "");
  const Staged second(dir / "x", Kind::directory, OnExisting::refuse);
  EXPECT_NE(first.path(), second.path());
  EXPECT_EQ(names_in(dir.path()).size(), 5U);
}

TEST(Staged, AFolderThatCannotBeWrittenIsCannotCreate) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TempDir dir;
  fs::permissions(dir.path(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_DND_ERROR(Staged(dir / "x", Kind::directory, OnExisting::refuse), ErrorKind::cannot_create,
                   "Permission denied");
  EXPECT_DND_ERROR(Staged(dir / "a/x", Kind::file, OnExisting::refuse), ErrorKind::cannot_create,
                   "cannot be created");
  fs::permissions(dir.path(), fs::perms::owner_all);
}

TEST(CheckReplaceable, OnlyAFolderWithTheMarkerOrNothing) {
  const TempDir dir;
  const auto check = [&] { check_replaceable(dir / "x", "marker", "a thing"); };
  EXPECT_NO_THROW(check());
  fs::create_directory(dir / "x");
  EXPECT_NO_THROW(check());
  write_new_file(dir / "x/other", "");
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "x: exists and is not a thing (no marker)");
  write_new_file(dir / "x/marker", "");
  EXPECT_NO_THROW(check());
  EXPECT_DND_ERROR(write_new_file(dir / "x/marker", ""), ErrorKind::cannot_create, "marker");
  fs::remove_all(dir / "x");
  dir.file("x", "a file");
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "will not be replaced");
}

}  // namespace
}  // namespace dnd
