// What the kernel holds this process to: a template may ask for more time, memory or recursion than there
// is.
#pragma once

#include <cstdint>

namespace dnd::renderer {

// Memory in bytes, the program's own included; its excess ends the process with RendererExit::memory. No
// files, no core. When the caller's process ends, so does the input, and with it this process.
void limit_process(std::uint64_t memory);

// `seconds` more of processor time, then SIGXCPU.
void limit_time(std::uint64_t seconds);

}  // namespace dnd::renderer
