// Which sources a library was built from: what decides whether program, engine and CUDA library belong
// together. C++ types cross their borders, so both sides must have compiled the same headers.
#pragma once

namespace dnd {

// 16 hexadecimal digits over the sources in src/, include/, apps/ and cmake/ (cmake/write_build_id.cmake):
// equal sources have an equal one, and any change of any of them another. The program, dnd_ops (so the
// engine) and the CUDA library define it, each for itself; hidden, so that the loader takes no other one's.
[[gnu::visibility("hidden")]] const char* build_id();

}  // namespace dnd
