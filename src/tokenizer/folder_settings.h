// What the small files of a base model's folder say about its tokens, put together as transformers does.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/folder_class.h"

namespace dnd::tokenizer {

// A token as the settings have it; a text alone is one that is special and not normalised.
struct GivenToken {
  AddedToken token;
  bool normalizes_unless_special = false;  // the flag is not given

  // As it is added; `special`: whatever it says itself.
  AddedToken added(bool special) const;
};

struct FolderSettings {
  Json values = Json::object();  // tokenizer_config.json with the others merged into it
  std::vector<std::pair<std::string, GivenToken>> named;  // "bos_token", ..., then the folder's own
  std::vector<GivenToken> extra;                          // special tokens without a name
  std::vector<std::pair<std::int64_t, GivenToken>> added;  // by id, ascending
  // Markers around a text that replace those of the file; std::nullopt: the file's stay.
  std::optional<std::pair<bool, bool>> markers;  // at the beginning, at the end

  const GivenToken* find(std::string_view name) const;
  bool flag(const char* key) const;  // false where it is absent
};

// `settings`: tokenizer_config.json, an object; `document`: the tokenizer.json. Reads
// special_tokens_map.json and added_tokens.json of the folder. `who` begins messages. Throws Error(data).
FolderSettings read_settings(const std::filesystem::path& folder, Json settings,
                             TokenizerClass kind, const Json& document, const std::string& who);

// What is added to the tokens that are `present` (a tokenizer.json's own), in this order.
std::vector<AddedToken> tokens_to_add(const FolderSettings& settings,
                                      const std::vector<AddedToken>& present);

}  // namespace dnd::tokenizer
