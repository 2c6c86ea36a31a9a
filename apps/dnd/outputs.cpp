#include "outputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "adapter/diffusers.h"
#include "adapter/mlx.h"
#include "adapter/peft.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/gguf.h"
#include "formats/safetensors.h"
#include "source_options.h"
#include "target/gguf_names.h"

namespace dnd::app {
namespace fs = std::filesystem;
using adapter::AdapterFormat;
namespace {

// `place` with an ending; "out/" is "out", "." the current folder's name.
fs::path with_ending(const fs::path& place, const char* ending) {
  fs::path path = place.has_filename() ? place : place.parent_path();
  if (path.filename() == "." || path.filename() == ".." || path.empty()) {
    path = resolved_path(place);
  }
  path += ending;
  return path;
}

Artefact artefact_of(const fs::path& place, AdapterFormat format, bool alone) {
  switch (format) {
    case AdapterFormat::peft:
    case AdapterFormat::diffusers:
      return {format, place};
    case AdapterFormat::gguf:
      return {format, alone && place.extension() == ".gguf" ? place : with_ending(place, ".gguf")};
    case AdapterFormat::mlx:
      return {format, with_ending(place, ".mlx")};
  }
  fail(ErrorKind::internal, "outputs: unknown format");
}

std::uint32_t ggml_type(const std::string& dtype) {
  if (dtype == "f16") return formats::kGgmlF16;
  if (dtype == "bf16") return formats::kGgmlBf16;
  return dtype == "q8_0" ? formats::kGgmlQ8 : formats::kGgmlF32;
}

// What a finished artefact says of itself.
struct Finished {
  std::map<std::string, std::string> metadata;
  std::string dtype;
};

Finished describe(const Artefact& artefact, const WriteOptions& options) {
  if (artefact.format == AdapterFormat::gguf) {
    const adapter::LoraAdapter read = adapter::read_gguf_adapter(artefact.path, options.heads);
    const auto dtype = read.metadata.find("dnd.dtype");
    return {read.metadata, dtype == read.metadata.end() ? "" : dtype->second};
  }
  fs::path file = artefact.path;
  if (artefact.format == AdapterFormat::peft) file /= adapter::kAdapterWeightsName;
  if (artefact.format == AdapterFormat::mlx) file /= adapter::kMlxWeightsName;
  const formats::SafetensorsFile weights(file);
  const bool same =
      !weights.tensors().empty() && weights.tensors()[0].dtype == parse_dtype(options.dtype);
  return {weights.metadata(), same ? options.dtype : ""};
}

adapter::WrittenFile write_gguf(const Artefact& artefact, const adapter::LoraAdapter& adapter,
                                const WriteOptions& options) {
  adapter::GgufAdapterOptions gguf;
  gguf.architecture = options.architecture;
  gguf.heads = options.heads;
  gguf.ggml_type = ggml_type(options.dtype);
  gguf.name = options.name;
  gguf.metadata = adapter.metadata;
  gguf.metadata["dnd.dtype"] = options.dtype;  // the tensors' own types differ with q8_0
  return adapter::write_gguf_adapter(artefact.path, adapter, gguf, options.on_existing);
}

}  // namespace

AdapterFormat parse_format(const std::string& name) {
  for (const AdapterFormat format :
       {AdapterFormat::peft, AdapterFormat::gguf, AdapterFormat::mlx, AdapterFormat::diffusers}) {
    if (name == adapter::format_name(format)) return format;
  }
  fail(ErrorKind::usage, "unknown adapter format '", printable(name), "'");
}

std::vector<Artefact> artefacts_of(const fs::path& place,
                                   const std::vector<AdapterFormat>& formats) {
  std::vector<Artefact> artefacts;
  artefacts.reserve(formats.size());
  for (const AdapterFormat format : formats) {
    artefacts.push_back(artefact_of(place, format, formats.size() == 1));
  }
  return artefacts;
}

void check_dtype(AdapterFormat format, const std::string& dtype) {
  if (dtype != "q8_0" || format == AdapterFormat::gguf) return;
  fail(ErrorKind::usage, "--adapter-dtype q8_0 is for GGUF only, not for ",
       adapter::format_name(format));
}

void check_gguf_layout(const adapter::AdapterLayout& layout) {
  const auto architecture = target::gguf_architecture(layout.architecture);
  if (!architecture) {
    fail(ErrorKind::data, "--format gguf: the generator's layout is for architecture '",
         printable(layout.architecture), "', which has no GGUF form here");
  }
  for (const adapter::FactorLayout& factor : layout.factors()) {
    if (layout.heads || target::permuted_heads(*architecture, factor.module, {1, 1}) == 0) continue;
    fail(ErrorKind::data, "--format gguf: llama.cpp reorders the rows of '",
         printable(factor.module), "' by heads, which the generator's layout does not tell (make ",
         "PEFT and use dnd convert --to gguf --base)");
  }
}

void check_place(const fs::path& path) {
  struct stat info {};
  const bool impossible =
      ::stat(path.c_str(), &info) != 0 && (errno == ELOOP || errno == ENAMETOOLONG);
  if (impossible) {
    fail(ErrorKind::cannot_create, path.string(), ": cannot be created: ", system_reason(errno));
  }
  const fs::path parent = nearest_existing(output_path(path).parent_path());
  if (::access((parent / ".").c_str(), W_OK | X_OK) == 0) return;
  fail(ErrorKind::cannot_create, path.string(), ": cannot be created: ", parent.string(), ": ",
       system_reason(errno));
}

namespace {

// Calls `use` with what the artefact's format consists of.
template <typename Use>
void with_kind(const Artefact& artefact, const Use& use) {
  switch (artefact.format) {
    case AdapterFormat::peft:
      return use(adapter::peft_folder());
    case AdapterFormat::mlx:
      return use(adapter::mlx_folder());
    case AdapterFormat::gguf:
      return use(adapter::gguf_adapter_file());
    case AdapterFormat::diffusers:
      return use(adapter::diffusers_file());
  }
}

}  // namespace

void check_output(const Artefact& artefact, bool force, const std::vector<fs::path>& inputs,
                  const char* advice) {
  with_kind(artefact,
            [&](const auto& kind) { check_output(artefact.path, kind, force, inputs, advice); });
}

void check_replaceable(const Artefact& artefact) {
  with_kind(artefact, [&](const auto& kind) { check_replaceable(artefact.path, kind); });
}

adapter::WrittenFile write_artefact(const Artefact& artefact, const adapter::LoraAdapter& adapter,
                                    const WriteOptions& options) {
  switch (artefact.format) {
    case AdapterFormat::peft:
      return adapter::write_peft_folder(
          artefact.path, adapter, {parse_dtype(options.dtype), options.key_prefix, options.base},
          options.on_existing);
    case AdapterFormat::gguf:
      return write_gguf(artefact, adapter, options);
    case AdapterFormat::mlx:
      return adapter::write_mlx_folder(artefact.path, adapter, parse_dtype(options.dtype),
                                       options.on_existing);
    case AdapterFormat::diffusers:
      return adapter::write_diffusers_file(artefact.path, adapter, parse_dtype(options.dtype),
                                           options.on_existing);
  }
  fail(ErrorKind::internal, "outputs: unknown format");
}

bool is_finished(const Artefact& artefact, const std::map<std::string, std::string>& expected,
                 const WriteOptions& options) {
  if (!is_occupied(artefact.path)) return false;
  const Finished finished = describe(artefact, options);
  bool same = finished.dtype == options.dtype;
  for (const auto& [key, value] : expected) {
    if (key == "format" || key == "dnd.version") continue;
    const auto found = finished.metadata.find(key);
    same = same && found != finished.metadata.end() && found->second == value;
  }
  if (!same) {
    fail(ErrorKind::cannot_create, artefact.path.string(),
         ": exists already, made from other inputs (--force replaces it)");
  }
  log_info(cat(artefact.path.string(), ": finished already"));
  return true;
}

}  // namespace dnd::app
