// dnd convert: one adapter, another format.
#include <algorithm>
#include <optional>
#include <utility>

#include "adapter/files/artefact.h"
#include "adapter/files/format_table.h"
#include "adapter/files/read_lora.h"
#include "adapter/lora.h"
#include "adapter/peft_rule.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"
#include "context.h"
#include "source_options.h"
#include "target/base_model.h"
#include "verify/verify.h"

namespace dnd::app {
namespace fs = std::filesystem;
using adapter::Artefact;
using adapter::FileFormat;
using adapter::LoraAdapter;
using adapter::WriteOptions;
namespace {

struct ConvertOptions {
  fs::path input;
  fs::path out;
  std::string to;
  fs::path base;
  std::string dtype;
  std::string name;
  std::string vlm_names;
  bool force = false;
};

// Readers take these names for files of another kind.
void check_name(const fs::path& out, const FileFormat& to) {
  const std::string extension = out.extension().string();
  for (const char* other : {".gguf", ".bin", ".pt", ".pth"}) {
    if (!to.is_tensor_file || extension != other) continue;
    fail(ErrorKind::usage, "convert: --to ", to.name, " gives a .safetensors file: --out ",
         out.string(), " is the name of another kind");
  }
}

void check_paths(const ConvertOptions& options) {
  if (!path_exists(options.input)) {
    fail(ErrorKind::no_input, options.input.string(), ": not found");
  }
  const fs::path folder = absolute_path(options.input).parent_path();
  const bool in_folder = !is_folder(options.input) && is_same(folder, options.out);
  if (is_same(options.input, options.out) || in_folder) {
    fail(ErrorKind::usage, "convert: ", options.out.string(), " is the adapter itself");
  }
}

std::optional<std::int64_t> metadata_number(const LoraAdapter& adapter, const char* key) {
  const auto found = adapter.metadata.find(key);
  if (found == adapter.metadata.end() || found->second.empty() || found->second.size() > 6 ||
      found->second.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoll(found->second);
}

// What is known of the base from --base, else from the adapter itself.
struct KnownBase {
  std::optional<target::BaseModel> model;
  std::string architecture;
  std::optional<target::AttentionHeads> heads;
};

KnownBase base_from(const fs::path& path) {
  KnownBase known{target::read_base_model(path), "", std::nullopt};
  known.architecture = known.model->architecture;
  known.heads = known.model->heads;
  return known;
}

// A hub's name need not be possible as a path.
bool names_a_folder(const std::string& name) {
  try {
    return is_folder(name);
  } catch (const Error&) {
    return false;
  }
}

KnownBase base_of_adapter(const LoraAdapter& adapter, const FileFormat& to) {
  KnownBase known;
  const auto named = adapter.metadata.find(adapter::kArchitectureKey);
  if (named != adapter.metadata.end()) {
    known.architecture = named->second;
    const auto attention = metadata_number(adapter, adapter::kAttentionHeadsKey);
    const auto key_value = metadata_number(adapter, adapter::kKeyValueHeadsKey);
    if (attention && key_value) known.heads = {*attention, *key_value};
    return known;
  }
  // Only where nothing can be done without it: the name is the adapter's word, not the user's.
  const bool needed = to.by_architecture && !adapter.base_model.empty();
  if (needed && names_a_folder(adapter.base_model)) return base_from(adapter.base_model);
  return known;
}

// The base's names, and without what its configuration leaves out: neither would act.
void adopt_base_names(LoraAdapter& adapter, const target::BaseModel& base) {
  std::size_t renamed = 0;
  const std::vector<std::string> left_out = adapter::adopt_names(adapter, base, renamed);
  if (renamed > 0) {
    log_info(cat(renamed, " modules get the names that PEFT finds in ", base.source));
  }
  if (left_out.empty()) return;
  log_warning(cat(left_out.size(), " modules are left out, '", printable(left_out[0]),
                  "' the first: target_modules or layers_to_transform say so"));
}

// Vision-language models before transformers 4.52 ("old") and since.
std::string renamed(const std::string& module, const std::string& style) {
  const auto fits = [&](const std::string& name) {
    if (style == "old") return name.starts_with("model.layers.") || name.starts_with("visual.");
    return name.starts_with("model.language_model.") || name.starts_with("model.visual.");
  };
  const std::vector<std::string> names = target::module_aliases(module);
  const auto found = std::find_if(names.begin(), names.end(), fits);
  return found == names.end() ? module : *found;
}

std::string dtype_for(const ConvertOptions& options, const FileFormat& to,
                      const LoraAdapter& adapter) {
  if (!options.dtype.empty()) return options.dtype;
  const std::string stored = adapter.dtype == Dtype::bf16  ? "bf16"
                             : adapter.dtype == Dtype::f16 ? "f16"
                                                           : "f32";
  return adapter::default_dtype(to.format, stored);
}

// Folding rounds B once; worth knowing where B is stored in 16 bits.
void tell_folding(const FileFormat& to, const LoraAdapter& adapter, const std::string& dtype) {
  if (to.uniform == nullptr || !to.uniform(adapter).folds) return;
  log_info(cat(to.name, " has one scale for all modules: others are folded into ",
               "lora_B and rounded to ", dtype,
               dtype == "f32" ? "" : " (--adapter-dtype f32 rounds least)"));
}

WriteOptions write_options(const ConvertOptions& options, const KnownBase& known,
                           std::string dtype) {
  WriteOptions write;
  write.dtype = std::move(dtype);
  write.base = known.model ? &*known.model : nullptr;
  write.architecture = known.architecture;
  write.heads = known.heads;
  write.keep_names = !options.vlm_names.empty();
  write.name = options.name;
  if (write.name.empty()) write.name = absolute_path(options.input).stem();
  write.on_existing = options.force ? OnExisting::replace : OnExisting::refuse;
  return write;
}

void report(const Context& context, const Artefact& artefact, const adapter::WrittenFile& written) {
  if (!context.json) return print_line(artefact.path.string());
  print_json({{"path", artefact.path.string()},
              {"format", adapter::format_name(artefact.format)},
              {"bytes", written.bytes},
              {"sha256", written.sha256}});
}

adapter::BaseHints hints_of(const KnownBase& known) {
  return known.model ? adapter::hints_of(*known.model) : adapter::BaseHints{};
}

// Image and video models have names of two families, and a file with the wrong ones does nothing.
void warn_of_names(const Artefact& artefact, LoraAdapter adapter, const KnownBase& known) {
  if (adapter::file_format(artefact.format).is_generated) return;  // a language model's
  adapter.format = artefact.format;
  const target::BaseModel* base = known.model ? &*known.model : nullptr;
  for (const verify::RuntimeVerdict& runtime :
       verify::judge_runtimes(adapter, {base, nullptr, /*partial=*/true})) {
    if (runtime.verdict != verify::Verdict::ignores) continue;
    log_warning(
        cat(artefact.path.string(), ": ", runtime.runtime, " will pass over it: ", runtime.why));
  }
}

void run_convert(const Context& context, const ConvertOptions& options) {
  const Artefact artefact{adapter::parse_format(options.to), options.out};
  const FileFormat& to = adapter::file_format(artefact.format);
  adapter::check_dtype(to.format, options.dtype);
  check_paths(options);
  check_name(options.out, to);
  check_output(artefact, options.force, {options.input, options.base});
  KnownBase known = options.base.empty() ? KnownBase{} : base_from(options.base);
  LoraAdapter adapter = adapter::read_lora(
      options.input, hints_of(known),
      to.flat_names ? adapter::ModuleNames::as_found : adapter::ModuleNames::paths);
  if (options.base.empty()) known = base_of_adapter(adapter, to);
  if (to.by_architecture && known.architecture.empty()) {
    fail(ErrorKind::usage, "convert: ", options.input.string(),
         " does not say for which architecture it is: give --base with the base model's folder or "
         "config.json");
  }
  if (!options.base.empty()) {
    adopt_base_names(adapter, *known.model);
  }
  // What is not sound, or of another base, would be refused or passed over by every runtime.
  verify::require_sound(adapter, options.base.empty() ? nullptr : &*known.model,
                        cat("convert: ", options.input.string()));
  adapter::note_base(adapter, known.architecture, known.heads);
  if (adapter.base_model.empty() && known.model) {
    adapter.base_model = known.model->name.empty() ? options.base.string() : known.model->name;
  }
  if (!options.vlm_names.empty()) {
    for (adapter::LoraPair& pair : adapter.pairs) {
      pair.module = renamed(pair.module, options.vlm_names);
    }
  }
  const std::string dtype = dtype_for(options, to, adapter);
  tell_folding(to, adapter, dtype);
  report(context, artefact,
         write_artefact(artefact, adapter, write_options(options, known, dtype)));
  warn_of_names(artefact, std::move(adapter), known);
}

}  // namespace

void add_convert(CLI::App& program, Context& context) {
  const auto options = std::make_shared<ConvertOptions>();
  CLI::App& command = add_command(
      program, context, "convert", "One adapter, another format",
      {{"dnd convert adapters/arc --to gguf --base SmolLM2-135M-Instruct/ --out arc.gguf", ""},
       {"dnd convert arc.gguf --to peft --base config.json --out arc", ""},
       {"dnd convert adapters/arc --to mlx --out arc.mlx", ""}},
      [&context, options] {
        options->base = base_place(options->base).path;
        run_convert(context, *options);
      });
  command
      .add_option(
          "adapter", options->input,
          "A PEFT or MLX folder, a .gguf, a .safetensors file of diffusers, kohya or ComfyUI")
      ->required();
  command.add_option("--to", options->to, "Format")
      ->check(CLI::IsMember(adapter::format_names()))
      ->required();
  command.add_option("-o,--out", options->out, "Folder (peft, mlx) or file (the others)")
      ->required();
  command.add_option("-b,--base", options->base,
                     "The base model: a folder, config.json, .safetensors or .gguf");
  command
      .add_option("--adapter-dtype", options->dtype,
                  "Element type (default: as it is, for GGUF f32; q8_0 for GGUF only)")
      ->check(CLI::IsMember(adapter::element_types()));
  command.add_option("--name", options->name, "GGUF's general.name (default: the adapter's name)");
  command
      .add_option("--vlm-names", options->vlm_names,
                  "Module names of vision-language models: old (model.layers, peft before 0.18)\n"
                  "or new (model.language_model.layers, transformers 4.52 and later; the default\n"
                  "where the base is known)")
      ->check(CLI::IsMember({"old", "new"}));
  command.add_flag("-f,--force", options->force, "Replace an existing adapter");
}

}  // namespace dnd::app
