// --chat and --system: how a base model is asked.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "chat/base_chat.h"

namespace dnd::app {

void add_chat_options(CLI::App& command, chat::ChatOptions& options);

// Reads the base's tokenizer for its template. Throws as tokenizer::read_folder() and chat::BaseChat do.
chat::BaseChat open_chat(const std::filesystem::path& base, const chat::ChatOptions& options);

}  // namespace dnd::app
