// The locked folder in which one output is made, beside its final place.
#pragma once

#include <filesystem>

#include "base/descriptor.h"

namespace dnd {

// A new folder `.<name of the output>.dnd-tmp.<random>`, with a file in it that is locked as long as the
// object lives. The lock is what tells work in progress from what a killed process left behind: the kernel
// gives it up with its process, whatever the process's number, namespace or host name. Names are
// random, so no leftover is ever in the way. Rooms are noted in the user's cache (base/cache_folder.h), so
// that a later call for another place finds what was left. Nobody else's rooms are touched, and nothing is
// removed through a link. See base/staged.h for the whole.
class StagingRoom {
 public:
  // First remove_dead_rooms(final_path), which is absolute, and the noted rooms of dead processes. Throws
  // Error(cannot_create).
  explicit StagingRoom(const std::filesystem::path& final_path);
  StagingRoom(const StagingRoom&) = delete;
  StagingRoom& operator=(const StagingRoom&) = delete;
  // Removes the room and all that is in it.
  ~StagingRoom();

  const std::filesystem::path& path() const { return path_; }

 private:
  bool try_make(const std::filesystem::path& path);

  std::filesystem::path path_;
  Descriptor folder_;
  Descriptor lock_;     // until the room is gone
  Descriptor reserve_;  // given up for what removing the room takes
};

// Where the system cannot exchange two entries in one step, what is replaced goes aside to here, for a
// moment: `.<name of the output>.dnd-replaced`.
std::filesystem::path replaced_place(const std::filesystem::path& final_path);

// What a process that was killed in that moment left aside is put back where nothing is at `final_path`, and
// removed where the new output is there.
void restore_replaced(const std::filesystem::path& final_path);

// Removes what killed processes left of whatever output, as far as it was noted. Whoever makes a room
// does so, once a process.
void remove_noted_rooms();

// Removes what killed processes left of making `final_path`: for who finds the output there and makes none.
void remove_dead_rooms(const std::filesystem::path& final_path);

}  // namespace dnd
