// What each format of adapter files is: one row a format, asked by all that makes, reads, finds or names
// adapter files. A new format is a value of AdapterFormat, a reader, a writer and a row here.
//
// Non-goals: what the files mean (the header of each format's reader) and what a runtime does with them
// (verify/runtimes, which alone compares formats by name).
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/base_hints.h"
#include "adapter/lora.h"
#include "adapter/uniform.h"
#include "adapter/written_file.h"
#include "base/staged.h"
#include "target/base_model.h"

namespace dnd::adapter {

// How an adapter is written.
struct WriteOptions {
  std::string dtype;  // one of the format's FileFormat::dtypes
  std::string key_prefix = "base_model.model.";
  const target::BaseModel* base = nullptr;  // where known
  bool keep_names = false;  // PEFT: modules as the adapter calls them, not as the base's class does
  std::string architecture;  // Hugging Face class; needed where FileFormat::by_architecture
  std::optional<target::AttentionHeads> heads;
  std::string name;  // GGUF's general.name
  OnExisting on_existing = OnExisting::refuse;
};

// What files say of themselves, their matrices aside.
struct FileFacts {
  std::map<std::string, std::string> metadata;
  std::string dtype;              // as in WriteOptions; empty where they do not say
  std::filesystem::path weights;  // the file with the matrices
};

// What is made consists of the files of a folder, or is one file.
using OutputKind = std::variant<FolderKind, FileKind>;

// A format as a folder. Paths are the folder's.
struct FolderForm {
  std::string_view kind;                 // "adapter folder": what `dnd inspect` calls it
  std::span<const char* const> weights;  // names of the file of matrices: the first that is there
  const char* config = nullptr;          // the file beside it, if any
  // Whether a folder is one, by the files that it holds. Throws as read_json_file() does.
  bool (*is_one)(const std::filesystem::path&);
  LoraAdapter (*read)(const std::filesystem::path&);
  // The same with LoraAdapter::others, where the format has such.
  LoraAdapter (*read_all)(const std::filesystem::path&) = nullptr;
};

// A format as a file by itself.
struct FileForm {
  bool (*is_one)(const std::filesystem::path&);  // throws as the format's reader does
  LoraAdapter (*read)(const std::filesystem::path&, const BaseHints&);
};

struct FileFormat {
  AdapterFormat format;
  std::string_view name;   // in options and JSON: "peft"
  std::string_view title;  // in sentences: "PEFT"

  // Where it goes if an adapter's place is named; `alone`: no other format is made of it.
  std::filesystem::path (*place)(const std::filesystem::path& place, bool alone);
  OutputKind (*kind)();  // what is made there
  WrittenFile (*write)(const std::filesystem::path&, const LoraAdapter&, const WriteOptions&);
  // Of what `write` made. Throws as the format's reader does, and where its matrices are no longer those that
  // it was made with (adapter/content_hash.h).
  FileFacts (*describe)(const std::filesystem::path&, const WriteOptions&);

  // What can be read; at least one of them.
  std::optional<FolderForm> as_folder;
  std::optional<FileForm> as_file;

  // What all pairs are brought to when it is written; nullptr: the writer's own way (GGUF has one alpha,
  // ranks stay).
  Uniform (*uniform)(const LoraAdapter&);
  std::span<const std::string_view> dtypes;
  std::string_view default_dtype;  // empty: what the adapter has, or its maker prefers
  // Its tensors have an architecture's own names: the writer needs one, the reader gives it.
  bool by_architecture;
  // Its names of modules have lost their dots: the reader needs the base's paths to turn them back
  // (LoraAdapter::flat_names), the writer takes both.
  bool flat_names;
  // Whether `dnd generate` makes it: generators are for language models.
  bool is_generated;
  // Throws Error(data) where no file can be made of a layout; nullptr where one always can.
  void (*check_layout)(const AdapterLayout&);
  bool is_tensor_file =
      false;  // one file of tensors, whatever its name; but not that of another kind
};

// Every format, in the order of AdapterFormat.
std::span<const FileFormat> file_formats();
const FileFormat& file_format(AdapterFormat format);

// A row's name. Throws Error(usage) for others.
AdapterFormat parse_format(const std::string& name);

// The names of all formats, and of those that are generated.
std::vector<std::string> format_names();
std::vector<std::string> generated_format_names();
// The element types that some format has: "f32", "f16", "bf16", "q8_0".
std::vector<std::string> element_types();

// Throws Error(usage) for element types that a format does not have: q8_0 is GGUF's alone. Empty is none.
void check_dtype(AdapterFormat format, const std::string& dtype);

// The format's own element type, or `otherwise` where it has no preference.
std::string default_dtype(AdapterFormat format, const std::string& otherwise);

// Throws Error(data) where no file can be made of the layout (GGUF: an architecture that llama.cpp does not
// have, or heads that are needed and not known).
void check_layout(AdapterFormat format, const AdapterLayout& layout);

}  // namespace dnd::adapter
