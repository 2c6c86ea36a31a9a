// A base model's config.json, parsed once, and what more than one reader wants to know of it.
//
// Facts are looked up when they are asked for: a config that says nonsense about one thing still
// answers about another. None is the class's default where the config is silent.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace dnd::formats {

inline constexpr std::string_view kConfigFileName = "config.json";

// Where a quantization_config names no method; the tensors may tell it.
inline constexpr std::string_view kUnknownQuantization = "unknown";

class ConfigFile {
 public:
  // Throws Error(no_input), or Error(data) where the file is no JSON object.
  explicit ConfigFile(const std::filesystem::path& path);
  // What another file, a GGUF, says in the words of a config.json.
  ConfigFile(const std::filesystem::path& gguf, Json config);

  const std::filesystem::path& path() const { return path_; }
  // Whether it was made of a GGUF's metadata; then no file beside it belongs to the model.
  bool is_of_gguf() const { return of_gguf_; }
  const std::string& who() const { return who_; }  // begins messages
  const Json& json() const { return json_; }
  // Views of the document: all of it, and the part about the language model, which newer
  // transformers nest in a vision-language model's "text_config".
  JsonObject object() const { return {json_, who_}; }
  JsonObject language() const;

  // What follows throws Error(data) where a value is of another type than it should be.
  std::string name() const;        // Hub id or path; may be empty
  std::string model_type() const;  // e.g. "qwen2"; may be empty
  bool is_of_diffusers() const;
  // E.g. "Qwen2ForCausalLM"; nullopt unless the config names exactly one class.
  std::optional<std::string> architecture() const;
  std::string required_architecture() const;  // Error(data) where architecture() is nullopt
  std::optional<bool> tied_embeddings() const;
  // E.g. "gptq"; empty where weights are plain floats.
  std::string quantization() const;

 private:
  std::filesystem::path path_;
  std::string who_;
  Json json_;
  bool of_gguf_ = false;
};

}  // namespace dnd::formats
