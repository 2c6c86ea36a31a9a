// The border to LibTorch: every public entry of the engine runs inside guarded().
#pragma once

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "base/strings.h"

namespace dnd::ops {

// Runs `fn` without autograd; LibTorch's exceptions become dnd::Error, `stage` begins the message.
template <typename Function>
auto guarded(const char* stage, Function fn) {
  const c10::InferenceMode inference;
  try {
    return fn();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    fail(ErrorKind::memory, stage, ": out of memory");
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
    const bool memory =
        says("not enough memory") || says("allocate memory") || says("CUDA out of memory");
    fail(memory ? ErrorKind::memory : ErrorKind::internal, stage, ": ", message);
  }
}

}  // namespace dnd::ops
