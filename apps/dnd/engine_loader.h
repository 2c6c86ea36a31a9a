// Opens the compute engine; the only place that does.
#pragma once

#include <filesystem>
#include <memory>

#include "dnd/engine.h"
#include "dnd/language_model.h"

namespace dnd::app {

// Where the engine library is looked for: $DND_ENGINE_LIBRARY, else lib/dnd/ beside the program's bin/.
std::filesystem::path engine_library_path();

// Loads the library once and creates an engine that logs as the program does. Throws Error(unavailable) if it
// cannot be loaded or is of another build. Start-up costs about half a second: call it late.
std::unique_ptr<Engine> open_engine(EngineOptions options);

// torchrun's processes on a machine take a GPU each: "cuda" becomes "cuda:$LOCAL_RANK" where that is set.
EngineOptions with_own_device(EngineOptions options);

// Ends the process where an engine was opened, with what is printed flushed: the system is done in a
// moment with what Torch clears up piece by piece in a tenth of a second.
void leave_engine(int code);

// The base language model at `path`, see Engine::load_language_model(). A quantised one is dequantised, which
// is said.
std::unique_ptr<LanguageModel> load_base(Engine& engine, const std::filesystem::path& path,
                                         bool needs_texts);

}  // namespace dnd::app
