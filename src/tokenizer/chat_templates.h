// The chat templates of a base model's folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::tokenizer {

// chat_template.jinja ("default") and additional_chat_templates/NAME.jinja; where neither is there,
// "chat_template" of `settings` (tokenizer_config.json): a text, or several with names. Line ends of files
// become \n, as Python reads them. Throws Error(data) for other shapes and files above 4 MiB.
std::vector<ChatTemplate> read_chat_templates(const std::filesystem::path& folder,
                                              const Json& settings);

// Python's universal line ends: \r\n and \r become \n.
std::string with_plain_line_ends(std::string_view text);

}  // namespace dnd::tokenizer
