// The one exception type of the project and the meaning of its kinds.
//
// A library function never prints: it throws Error. The message names who failed, what was wrong,
// what was expected and what was found, and where it helps the likely cause:
//
//   safetensors: adapter.safetensors: tensor 'x.lora_A.weight': data_offsets [0, 4) hold 4 bytes,
//   shape [10, 10] F32 needs 400 (file truncated?)
#pragma once

#include <stdexcept>
#include <string>

namespace dnd {

// What went wrong, in the classes that scripts can tell apart. The values are the exit codes of
// the program (BSD sysexits), so that one table serves both.
enum class ErrorKind {
  usage = 64,          // the call's arguments do not make sense
  data = 65,           // an input file or text is malformed or does not fit
  no_input = 66,       // an input does not exist or cannot be opened
  unavailable = 69,    // a device, a library or an encoder is not there
  internal = 70,       // a mistake of ours
  cannot_create = 73,  // an output exists already or its place cannot be written
  io = 74,             // reading or writing failed half-way (disk full, ...)
  memory = 75,         // not enough memory; a smaller request may pass
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace dnd
