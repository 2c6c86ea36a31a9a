// Lines of a pipe or a file, as many at a time as are there.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dnd {

// Holds a piece of the input and what has been read of a line, never all of the input.
class LineBatches {
 public:
  // What is taken at once. Lines count without their ends; one line is taken however long it is.
  struct Most {
    std::size_t lines = 1;
    std::size_t bytes = std::size_t{1} << 20U;
  };

  // `descriptor` is the caller's and stays open; nobody else reads from it meanwhile.
  explicit LineBatches(int descriptor) : descriptor_(descriptor) {}

  // The next lines that have more than white space, without their "\n"; none at the end of the input. Waits
  // for one and takes of those that follow what is there already: who writes a line and waits for what comes
  // of it is not kept waiting. Throws Error(io) where reading fails.
  std::vector<std::string> next(const Most& most);

 private:
  bool take_line(std::string& line);
  bool is_ready() const;
  void read_more();

  int descriptor_;
  std::string text_;        // what has been read and not taken
  std::size_t looked_ = 0;  // bytes of it in which there is no line's end
  bool ended_ = false;
};

}  // namespace dnd
