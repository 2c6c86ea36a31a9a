// The border to LibTorch: every public entry of the engine runs inside guarded().
#pragma once

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>
#include <system_error>

#include "base/strings.h"

namespace dnd::ops {

// As an error of memory, where the words of LibTorch or of oneDNN, which makes no primitive without it, say
// so.
[[noreturn]] inline void refuse_foreign(const char* stage, const std::string& message) {
  bool memory = false;
  for (const char* text : {"not enough memory", "allocate memory", "CUDA out of memory",
                           "could not create a primitive", "could not create a memory"}) {
    memory = memory || message.find(text) != std::string::npos;
  }
  fail(memory ? ErrorKind::memory : ErrorKind::internal, stage, ": ",
       memory ? cat("out of memory (", message, ")") : message);
}

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
    refuse_foreign(stage, error.what_without_backtrace());
  } catch (const std::system_error&) {
    throw;  // threads, files: the program knows what to say
  } catch (const std::exception& error) {
    refuse_foreign(stage, error.what());
  }
}

}  // namespace dnd::ops
