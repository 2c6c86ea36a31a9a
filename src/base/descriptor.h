// A file descriptor that is closed on every path out.
#pragma once

#include <unistd.h>

#include <utility>

namespace dnd {

// Owns `value`, or nothing where it is negative. Movable; closing tells no errors.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }
  // The descriptor is the caller's now.
  int release() { return std::exchange(value_, -1); }
  // False where closing failed, as errno says.
  bool close() {
    const int value = release();
    return value < 0 || ::close(value) == 0;
  }

 private:
  int value_;
};

}  // namespace dnd
