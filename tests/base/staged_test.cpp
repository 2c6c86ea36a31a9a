#include "base/staged.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "base/cache_folder.h"
#include "base/file.h"
#include "base/staging_room.h"
#include "support/expect_error.h"
#include "support/sanitizers.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

namespace fs = std::filesystem;
using testing::names_in;
using testing::TempDir;

// Rooms of killed processes are noted where no other process of tests removes them meanwhile.
const TempDir kCache;
[[maybe_unused]] const int kCacheIsOwn = ::setenv("XDG_CACHE_HOME", kCache.path().c_str(), 1);

const FolderKind kThing = {"a thing", "marker", {"marker", "part"}};
const FileKind kNote = {
    "a note", [](const fs::path& path) { return read_text_file(path, 100).starts_with("note"); }};

std::string content(const fs::path& path) { return read_text_file(path, 1U << 20U); }

void write(const fs::path& path, std::string_view text) { write_new_file(path, text); }

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
  Staged staged(dir / "x", own_file(), OnExisting::refuse);
  write(staged.path(), "new");
  EXPECT_EQ(staged.path().parent_path().parent_path(), dir.path());
  EXPECT_EQ(staged.path().filename(), "x");
  EXPECT_FALSE(fs::exists(dir / "x"));
  staged.commit();
  EXPECT_EQ(content(dir / "x"), "new");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"x"});
}

TEST(Staged, AFolderAppearsAtOnce) {
  const TempDir dir;
  fs::create_directory(dir / "out");  // an empty folder counts as absent
  Staged staged(dir / "out/", kThing, OnExisting::refuse);
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
    EXPECT_DND_ERROR(Staged(dir / name, own_file(), OnExisting::refuse), ErrorKind::cannot_create,
                     "exists already");
    EXPECT_DND_ERROR(Staged(dir / name, kThing, OnExisting::refuse), ErrorKind::cannot_create,
                     "exists already");
  }
  EXPECT_DND_ERROR(Staged(dir / "x/y", own_file(), OnExisting::refuse), ErrorKind::cannot_create,
                   "x");
  EXPECT_FALSE(is_occupied(dir / "none"));
}

template <typename Kind>
void refuse_what_appeared(const Kind& kind, bool is_file) {
  const TempDir dir;
  {
    Staged staged(dir / "x", kind, OnExisting::refuse);
    if (is_file) write(staged.path(), "mine");
    dir.file("x", "theirs");
    EXPECT_DND_ERROR(staged.commit(), ErrorKind::cannot_create, "appeared while");
  }
  EXPECT_EQ(content(dir / "x"), "theirs");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"x"});
}

TEST(Staged, RefusesWhatAppearedMeanwhile) {
  refuse_what_appeared(own_file(), true);
  refuse_what_appeared(kThing, false);
}

TEST(Staged, ReplacesAFileOrAFolder) {
  const TempDir dir;
  dir.file("x", "note: old");
  fs::create_directory(dir / "out");
  dir.file("out/marker", "");
  Staged file(dir / "x", kNote, OnExisting::replace);
  write(file.path(), "new");
  file.commit();
  EXPECT_EQ(content(dir / "x"), "new");
  Staged folder(dir / "out", kThing, OnExisting::replace);
  write(folder.path() / "part", "");
  EXPECT_EQ(names_in(dir / "out"), std::vector<std::string>{"marker"});
  folder.commit();
  EXPECT_EQ(names_in(dir / "out"), std::vector<std::string>{"part"});
  EXPECT_EQ(names_in(dir.path()), (std::vector<std::string>{"out", "x"}));
}

// What is put into a folder during hours of work is as much the user's as what was there before.
TEST(Staged, JudgesWhatIsReplacedAgainAtTheEnd) {
  const TempDir dir;
  dir.file("x", "note");
  fs::create_directory(dir / "out");
  dir.file("out/marker", "");
  Staged file(dir / "x", kNote, OnExisting::replace);
  write(file.path(), "new");
  Staged folder(dir / "out", kThing, OnExisting::replace);
  dir.file("x", "now a letter");
  dir.file("out/thesis.tex", "years of work");
  EXPECT_DND_ERROR(file.commit(), ErrorKind::cannot_create, "x: exists and is not a note");
  EXPECT_DND_ERROR(folder.commit(), ErrorKind::cannot_create, "holds 'thesis.tex'");
  EXPECT_EQ(content(dir / "out/thesis.tex"), "years of work");
  EXPECT_EQ(content(dir / "x"), "now a letter");
}

// As a process leaves them that is killed while it replaces `out` on a file system without an exchange.
TEST(Staged, WhatWasPutAsideIsPutBack) {
  const TempDir dir;
  fs::create_directory(replaced_place(dir / "out"));
  write(replaced_place(dir / "out") / "marker", "old");
  EXPECT_DND_ERROR(Staged(dir / "out", kThing, OnExisting::refuse), ErrorKind::cannot_create,
                   "exists already");
  EXPECT_EQ(content(dir / "out/marker"), "old");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"out"});
}

TEST(Staged, WhatWasPutAsideGoesWhereTheNewIsThere) {
  const TempDir dir;
  for (const char* name : {"out", ".out.dnd-replaced"}) {
    fs::create_directory(dir / name);
    write(dir / name / "marker", name);
  }
  EXPECT_EQ(replaced_place(dir / "out"), dir / ".out.dnd-replaced");
  restore_replaced(dir / "out");
  EXPECT_EQ(content(dir / "out/marker"), "out");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"out"});
}

TEST(Staged, NothingElseIsTakenForWhatWasPutAside) {
  const TempDir dir;
  dir.file("out", "mine");
  dir.file(".out.dnd-replaced", "a file");
  restore_replaced(dir / "out");
  EXPECT_EQ(content(dir / "out"), "mine");
  fs::remove(dir / "out");
  fs::remove(dir / ".out.dnd-replaced");
  fs::create_symlink(dir.path(), dir / ".out.dnd-replaced");
  restore_replaced(dir / "out");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{".out.dnd-replaced"});
}

// A merge of many gigabytes that was killed is not there until somebody merges to the same place again.
TEST(Staged, ACallForAnotherPlaceRemovesWhatAKilledProcessLeft) {
  const fs::path notes = cache_folder() / "staging";
  remove_noted_rooms();
  const TempDir dir;
  const auto killed_at = [&](const fs::path& place) {
    return status_of_child([&] {
      const Staged staged(place, kThing, OnExisting::refuse);
      write(staged.path() / "half", "abc");
      ::kill(::getpid(), SIGKILL);
    });
  };
  EXPECT_TRUE(WIFSIGNALED(killed_at(dir / "out")));
  ASSERT_EQ(names_in(dir.path()).size(), 1U);
  ASSERT_EQ(names_in(notes).size(), 1U);
  const Staged working(dir / "other", kThing, OnExisting::refuse);  // of this process, alive
  fs::create_symlink(dir.path(), notes / "nothing of ours");
  remove_noted_rooms();
  EXPECT_EQ(names_in(dir.path()),
            std::vector<std::string>{working.path().parent_path().filename()});
  EXPECT_EQ(names_in(notes).size(), 1U) << "of the room that is in use";
}

TEST(Staged, WithoutCommitNothingRemains) {
  const TempDir dir;
  dir.file("x", "old");
  {
    const Staged file(dir / "x", own_file(), OnExisting::replace);
    write(file.path(), "new");
    const Staged folder(dir / "out", kThing, OnExisting::refuse);
    write(folder.path() / "a", "");
    EXPECT_EQ(names_in(dir.path()).size(), 3U);
  }
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"x"});
  EXPECT_EQ(content(dir / "x"), "old");
}

TEST(Staged, AKilledProcessLeavesNothingUnderTheFinalNameAndIsCleanedUp) {
  const TempDir dir;
  const int status = status_of_child([&] {
    const Staged staged(dir / "out", kThing, OnExisting::refuse);
    write(staged.path() / "half", "abc");
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(fs::exists(dir / "out"));
  ASSERT_EQ(names_in(dir.path()).size(), 1U);  // what the dead process staged
  Staged staged(dir / "out", kThing, OnExisting::refuse);
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{staged.path().parent_path().filename()});
  staged.commit();
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"out"});
}

TEST(Staged, LeavesTheWorkOfOthersAlone) {
  const TempDir dir;
  const Staged first(dir / "x", kThing, OnExisting::refuse);
  dir.file(".x.dnd-tmp.123", "no room at all");
  fs::create_directory(dir / ".x.dnd-tmp.1.999999999-0");  // of a version without locks
  dir.file(".x.dnd-tmp.1.999999999-0/half", "");
  fs::create_directory(dir / ".y.dnd-tmp.0123456789abcdef");
  const Staged second(dir / "x", kThing, OnExisting::refuse);
  EXPECT_NE(first.path(), second.path());
  EXPECT_EQ(names_in(dir.path()).size(), 5U);
  EXPECT_TRUE(fs::exists(first.path()));
}

// Another process's number says nothing (it may be ours, in another namespace or before a restart); its lock
// does, held by whoever made the room.
TEST(Staged, ALockedRoomStaysAnUnlockedOneGoes) {
  const TempDir dir;
  const fs::path room = dir / ".x.dnd-tmp.0123456789abcdef";
  fs::create_directories(room / "x");
  dir.file(".x.dnd-tmp.0123456789abcdef/x/half", "");
  {
    const Descriptor lock(::open((room / ".dnd-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
    const Staged staged(dir / "x", kThing, OnExisting::refuse);
    EXPECT_TRUE(fs::exists(room / "x/half"));
  }
  const Staged staged(dir / "x", kThing, OnExisting::refuse);
  EXPECT_FALSE(fs::exists(room));
}

// A room is a folder of ours that stands there itself: what a link leads to is somebody's.
TEST(Staged, NothingIsRemovedThroughALink) {
  const TempDir dir;
  fs::create_directory(dir / "keep");
  dir.file("keep/data", "years of work");
  dir.file("keep/.dnd-lock", "");
  fs::create_directory_symlink("keep", dir / ".x.dnd-tmp.0123456789abcdef");
  const fs::path room = dir / ".x.dnd-tmp.0123456789abcde0";
  fs::create_directories(room / "x");
  dir.file(".x.dnd-tmp.0123456789abcde0/.dnd-lock", "");
  fs::create_directory_symlink("../../keep", room / "x/link");
  { const Staged staged(dir / "x", kThing, OnExisting::refuse); }
  EXPECT_EQ(content(dir / "keep/data"), "years of work");
  EXPECT_FALSE(fs::exists(room));
}

TEST(Staged, RoomsOfOthersStay) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs another owner";
  const TempDir dir;
  const fs::path room = dir / ".x.dnd-tmp.0123456789abcdef";
  fs::create_directory(room);
  dir.file(".x.dnd-tmp.0123456789abcdef/.dnd-lock", "");
  ASSERT_EQ(::chown(room.c_str(), 65534, 65534), 0);
  const Staged staged(dir / "x", kThing, OnExisting::refuse);
  EXPECT_TRUE(fs::exists(room));
}

// What cannot be removed keeps its lock's file, so that a later call finds a room and not a riddle.
TEST(Staged, ARemovalCutShortIsTakenUp) {
  const TempDir dir;
  const fs::path room = dir / ".x.dnd-tmp.0123456789abcdef";
  fs::create_directories(room / "x/deep/deeper");
  dir.file(".x.dnd-tmp.0123456789abcdef/.dnd-lock", "");
  dir.file(".x.dnd-tmp.0123456789abcdef/x/deep/deeper/half", "");
  status_of_child([&] {
    const int free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(free);
    const rlimit limit{static_cast<rlim_t>(free) + 3, static_cast<rlim_t>(free) + 3};
    ::setrlimit(RLIMIT_NOFILE, &limit);  // enough to look in, not to go all the way
    try {
      const Staged staged(dir / "x", kThing, OnExisting::refuse);
    } catch (const Error&) {
      return;
    }
  });
  EXPECT_TRUE(fs::exists(room / ".dnd-lock"));
  { const Staged staged(dir / "x", kThing, OnExisting::refuse); }
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(Staged, APlaceBeyondWhatIsNotThereIsRefused) {
  const TempDir dir;
  EXPECT_DND_ERROR(Staged(dir / "none/../x", kThing, OnExisting::replace), ErrorKind::cannot_create,
                   "none: No such file");
  EXPECT_DND_ERROR(output_path("/proc"), ErrorKind::cannot_create, "a file system is mounted");
}

// A removal that was cut short is taken up.
TEST(Staged, AnEmptyRoomGoes) {
  const TempDir dir;
  fs::create_directory(dir / ".x.dnd-tmp.0123456789abcdef");
  { const Staged staged(dir / "x", kThing, OnExisting::refuse); }
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(Staged, WhoMakesNothingMayCleanUp) {
  const TempDir dir;
  dir.file("x", "finished");
  fs::create_directory(dir / ".x.dnd-tmp.0123456789abcdef");
  fs::create_directory(dir / ".y.dnd-tmp.0123456789abcdef");
  remove_dead_rooms(dir / "x");
  EXPECT_FALSE(fs::exists(dir / ".x.dnd-tmp.0123456789abcdef"));
  EXPECT_TRUE(fs::exists(dir / "x"));
  EXPECT_TRUE(fs::exists(dir / ".y.dnd-tmp.0123456789abcdef"));
}

TEST(Staged, TakesNamesAsLongAsTheSystemDoes) {
  const TempDir dir;
  const std::string name(255, 'n');
  for (const bool killed : {true, false}) {
    const int status = status_of_child([&] {
      Staged staged(dir / name, own_file(), OnExisting::refuse);
      write(staged.path(), "long");
      if (killed) ::kill(::getpid(), SIGKILL);
      staged.commit();
    });
    EXPECT_EQ(WIFSIGNALED(status), killed);
  }
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{name});
}

// Cleaning up takes descriptors, too.
TEST(Staged, WithoutDescriptorsNothingRemains) {
  if (testing::kSanitized) GTEST_SKIP() << "the sanitizer of types asks through a pipe of its own";
  for (rlim_t most = 3; most < 12; ++most) {
    const TempDir dir;
    const int status = status_of_child([&] {
      const rlimit limit{most, most};
      ::setrlimit(RLIMIT_NOFILE, &limit);
      try {
        Staged staged(dir / "out", kThing, OnExisting::refuse);
        const FileWriter one(staged.path() / "marker");
        const FileWriter two(staged.path() / "part");
        const FileWriter three(staged.path() / "more");
      } catch (const Error&) {
        return;
      }
    });
    EXPECT_EQ(status, 0) << most;
    EXPECT_TRUE(fs::is_empty(dir.path())) << most;
  }
}

TEST(Staged, AFolderThatCannotBeWrittenIsCannotCreate) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TempDir dir;
  fs::permissions(dir.path(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_DND_ERROR(Staged(dir / "x", kThing, OnExisting::refuse), ErrorKind::cannot_create,
                   "Permission denied");
  EXPECT_DND_ERROR(Staged(dir / "a/x", own_file(), OnExisting::refuse), ErrorKind::cannot_create,
                   "cannot be created");
  fs::permissions(dir.path(), fs::perms::owner_all);
}

TEST(CheckReplaceable, OnlyAFolderOfItsFiles) {
  const TempDir dir;
  const auto check = [&] { check_replaceable(dir / "x", kThing); };
  EXPECT_NO_THROW(check());
  fs::create_directory(dir / "x");
  EXPECT_NO_THROW(check());
  write(dir / "x/part", "");
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "x: exists and is not a thing (no marker)");
  write(dir / "x/marker", "");
  EXPECT_NO_THROW(check());
  for (const char* more : {"x/notes.txt", "x/.git"}) {
    write(dir / more, "");
    EXPECT_DND_ERROR(check(), ErrorKind::cannot_create,
                     std::string("x: holds '") + (more + 2) + "', which is no part of a thing");
    fs::remove(dir / more);
  }
  fs::remove(dir / "x/part");
  fs::create_directory(dir / "x/part");
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "holds 'part'");
  fs::remove_all(dir / "x");
  dir.file("x", "a file");
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "will not be replaced");
}

TEST(CheckReplaceable, OnlyAFileOfItsKind) {
  const TempDir dir;
  const auto check = [&] { check_replaceable(dir / "x", kNote); };
  EXPECT_NO_THROW(check());
  dir.file("x", "note");
  EXPECT_NO_THROW(check());
  dir.file("x", "letter");
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "x: exists and is not a note");
  dir.file("x", std::string(200, 'n'));  // which the test cannot read
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "is not a note");
  fs::remove(dir / "x");
  fs::create_directory(dir / "x");
  EXPECT_DND_ERROR(check(), ErrorKind::cannot_create, "is not a note");
}

TEST(CheckReplaceable, AsksTheFolderAtLast) {
  const TempDir dir;
  FolderKind kind = kThing;
  kind.is_one = [](const fs::path& folder) { return content(folder / "marker") == "ours"; };
  fs::create_directory(dir / "x");
  dir.file("x/marker", "ours");
  EXPECT_NO_THROW(check_replaceable(dir / "x", kind));
  dir.file("x/marker", "theirs");
  EXPECT_DND_ERROR(check_replaceable(dir / "x", kind), ErrorKind::cannot_create, "is not a thing");
}

TEST(CheckApart, RefusesAnOutputThatIsHoldsOrLiesInAnInput) {
  const TempDir dir;
  fs::create_directories(dir / "model/adapter");
  dir.file("model/weights", "");
  dir.file("model/adapter/weights", "");
  fs::create_directory_symlink("model", dir / "link");
  const auto check = [&](const char* out, const char* input) {
    check_apart(dir / out, {"", "-", dir / "none", dir / input});
  };
  EXPECT_DND_ERROR(check("model", "model"), ErrorKind::cannot_create, "model: is an input");
  EXPECT_DND_ERROR(check("model", "link"), ErrorKind::cannot_create, "model: is an input");
  EXPECT_DND_ERROR(check("model", "model/weights"), ErrorKind::cannot_create, "holds an input");
  EXPECT_DND_ERROR(check("model", "link/adapter"), ErrorKind::cannot_create, "holds an input");
  EXPECT_DND_ERROR(check("model/adapter", "model"), ErrorKind::cannot_create, "lies in an input");
  EXPECT_NO_THROW(check("model/adapter", "model/weights"));
  EXPECT_NO_THROW(check("model/new", "model"));  // nothing is there to be replaced
}

TEST(CheckPlace, AFolderAboveMustTakeEntries) {
  const TempDir dir;
  EXPECT_NO_THROW(check_place(dir / "new/folders/out"));
  dir.file("file", "");
  EXPECT_DND_ERROR(check_place(dir / "file/out"), ErrorKind::cannot_create,
                   "out: cannot be created: " + (dir / "file").string() + ": Not a directory");
  fs::create_symlink("loop", dir / "loop");
  EXPECT_DND_ERROR(check_place(dir / "loop"), ErrorKind::cannot_create, "loop: cannot be created");
}

TEST(CheckOutput, FreeOrForcedAndOfItsKind) {
  const TempDir dir;
  const auto check = [&](bool force) { check_output(dir / "x", kNote, force, {dir / "in"}, "so"); };
  EXPECT_NO_THROW(check(false));
  dir.file("x", "note");
  EXPECT_DND_ERROR(check(false), ErrorKind::cannot_create, "x: exists already (so)");
  EXPECT_NO_THROW(check(true));
  fs::create_symlink("x", dir / "in");
  EXPECT_DND_ERROR(check(true), ErrorKind::cannot_create, "x: is an input");
  fs::remove(dir / "in");
  dir.file("x", "letter");
  EXPECT_DND_ERROR(check(true), ErrorKind::cannot_create, "is not a note");
  EXPECT_DND_ERROR(check_output(dir / "x/y", kNote, true, {}), ErrorKind::cannot_create,
                   "y: cannot be created");
  fs::remove(dir / "x");
  fs::create_directory(dir / "x");
  EXPECT_NO_THROW(check_output(dir / "x", kThing, false, {})) << "empty: nothing is there";
  EXPECT_DND_ERROR(check(false), ErrorKind::cannot_create, "x: is a folder, a note is a file");
  EXPECT_DND_ERROR(check(true), ErrorKind::cannot_create, "x: is a folder, a note is a file");
  dir.file("x/part", "");
  EXPECT_DND_ERROR(check_output(dir / "x", kThing, false, {}), ErrorKind::cannot_create,
                   "exists already (--force replaces it)");
  EXPECT_DND_ERROR(check_output(dir / "x", kThing, true, {}), ErrorKind::cannot_create,
                   "is not a thing (no marker)");
}

}  // namespace
}  // namespace dnd
