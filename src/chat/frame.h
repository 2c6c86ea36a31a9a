// How the renderer's process and its caller part their messages: a length, then that many bytes of JSON.
// Both are of one build and one machine.
//
//   -> {"source": TEMPLATE, "limits": {"seconds", "memory", "text"}}
//   <- {}, or {"refused", "line"}
//   -> {"variables": {...}, "now": UNIX SECONDS}, again and again
//   <- {"text"}, {"raised"} or {"refused", "line"}
#pragma once

#include <cstdint>

namespace dnd::chat {

using FrameLength = std::uint64_t;

// The renderer's exit codes besides 0, the end of its input.
enum class RendererExit { protocol = 70, memory = 75 };

}  // namespace dnd::chat
