#include "adapter/files/format_table.h"

#include <algorithm>

#include "adapter/content_hash.h"
#include "adapter/diffusers.h"
#include "adapter/diffusion_model.h"
#include "adapter/gguf_adapter.h"
#include "adapter/kohya.h"
#include "adapter/mlx.h"
#include "adapter/peft.h"
#include "base/dtype.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/gguf.h"
#include "formats/gguf_names.h"
#include "formats/safetensors.h"
#include "target/class_names.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

// Places.

// `place` with an ending; "out/" is "out", "." the current folder's name.
fs::path with_ending(const fs::path& place, const char* ending) {
  fs::path path = place.has_filename() ? place : place.parent_path();
  if (path.filename() == "." || path.filename() == ".." || path.empty()) {
    path = resolved_path(place);
  }
  path += ending;
  return path;
}

fs::path at_place(const fs::path& place, bool /*alone*/) { return place; }

// At the place itself if it ends so and nothing else is made.
fs::path gguf_place(const fs::path& place, bool alone) {
  return alone && place.extension() == ".gguf" ? place : with_ending(place, ".gguf");
}

fs::path mlx_place(const fs::path& place, bool /*alone*/) { return with_ending(place, ".mlx"); }

// What files are.

constexpr std::array kMlxWeightsNames = {kMlxWeightsName};
constexpr std::array kDiffusersWeightsNames = {kDiffusersWeightsName};

bool has_config(const fs::path& folder) { return path_exists(folder / kAdapterConfigName); }

bool is_peft(const fs::path& folder) { return has_config(folder) && !is_mlx_folder(folder); }
bool is_mlx(const fs::path& folder) { return has_config(folder) && is_mlx_folder(folder); }
bool is_diffusers(const fs::path& folder) {
  return !has_config(folder) && path_exists(folder / kDiffusersWeightsName);
}
bool is_gguf(const fs::path& file) {
  return file.extension() == ".gguf" || MappedFile(file).text().starts_with("GGUF");
}

LoraAdapter read_diffusers_folder(const fs::path& folder) {
  return read_diffusers_file(folder / kDiffusersWeightsName);
}

// Readers of files.

LoraAdapter read_gguf(const fs::path& file, const BaseHints& base) {
  return read_gguf_adapter(file, base.heads);
}
LoraAdapter read_mlx(const fs::path& file, const BaseHints&) { return read_mlx_iteration(file); }
LoraAdapter read_diffusers(const fs::path& file, const BaseHints&) {
  return read_diffusers_file(file);
}
LoraAdapter read_kohya(const fs::path& file, const BaseHints& base) {
  return read_kohya_file(file, base.modules);
}
LoraAdapter read_diffusion_model(const fs::path& file, const BaseHints&) {
  return read_diffusion_model_file(file);
}

// What files say.

FileFacts describe_safetensors(const fs::path& file) {
  const formats::SafetensorsFile weights(file);
  if (has_content_hash(weights.metadata())) {
    ContentHash hash;
    for (const formats::TensorView& tensor : weights.tensors()) {
      hash.add(tensor.name, dtype_name(tensor.dtype), tensor.shape, tensor.bytes);
    }
    check_content(weights.metadata(), hash.hex(), "adapter: " + file.string());
  }
  FileFacts facts{weights.metadata(), "", file};
  // Of a matrix: alphas beside them may be of another type.
  const auto matrix =
      std::find_if(weights.tensors().begin(), weights.tensors().end(),
                   [](const formats::TensorView& tensor) { return tensor.shape.size() == 2; });
  if (matrix == weights.tensors().end()) return facts;
  facts.dtype = lower_ascii(std::string(dtype_name(matrix->dtype)));
  return facts;
}

// A configuration that is damaged, or of other matrices, makes no adapter of sound matrices.
FileFacts describe_peft(const fs::path& folder, const WriteOptions&) {
  read_peft_folder(folder);
  return describe_safetensors(folder / kAdapterWeightsName);
}
FileFacts describe_mlx(const fs::path& folder, const WriteOptions&) {
  read_mlx_folder(folder);
  return describe_safetensors(folder / kMlxWeightsName);
}
FileFacts describe_file(const fs::path& file, const WriteOptions&) {
  return describe_safetensors(file);
}

constexpr const char* kGgufDtypeKey = "dnd.dtype";  // the tensors' own types differ with q8_0

FileFacts describe_gguf(const fs::path& file, const WriteOptions& options) {
  const LoraAdapter read = read_gguf_adapter(file, options.heads);
  if (has_content_hash(read.metadata)) {
    ContentHash hash;
    const formats::GgufFile tensors(file);
    for (const formats::GgufTensor& tensor : tensors.tensors()) {
      hash.add(tensor.name, tensor.type->name, tensor.shape, tensor.bytes);
    }
    check_content(read.metadata, hash.hex(), "adapter: " + file.string());
  }
  const auto dtype = read.metadata.find(kGgufDtypeKey);
  return {read.metadata, dtype == read.metadata.end() ? "" : dtype->second, file};
}

// Writers.

WrittenFile write_peft(const fs::path& path, const LoraAdapter& adapter,
                       const WriteOptions& options) {
  return write_peft_folder(
      path, adapter,
      {parse_dtype(options.dtype), options.key_prefix, options.base, options.keep_names},
      options.on_existing);
}

std::uint32_t ggml_type(const std::string& dtype) {
  if (dtype == "f16") return formats::kGgmlF16;
  if (dtype == "bf16") return formats::kGgmlBf16;
  return dtype == "q8_0" ? formats::kGgmlQ8 : formats::kGgmlF32;
}

WrittenFile write_gguf(const fs::path& path, const LoraAdapter& adapter,
                       const WriteOptions& options) {
  GgufAdapterOptions gguf;
  gguf.architecture = options.architecture;
  gguf.heads = options.heads;
  gguf.ggml_type = ggml_type(options.dtype);
  gguf.own_head = options.base != nullptr && !options.base->tied_embeddings.value_or(true);
  gguf.name = options.name;
  gguf.metadata = adapter.metadata;
  gguf.metadata[kGgufDtypeKey] = options.dtype;
  return write_gguf_adapter(path, adapter, gguf, options.on_existing);
}

WrittenFile write_mlx(const fs::path& path, const LoraAdapter& adapter,
                      const WriteOptions& options) {
  LoraAdapter named = adapter;
  const std::string& architecture =
      options.base != nullptr ? options.base->architecture : options.architecture;
  for (LoraPair& pair : named.pairs) {
    if (!options.keep_names) pair.module = target::mlx_path(architecture, pair.module);
  }
  return write_mlx_folder(path, named, parse_dtype(options.dtype), options.on_existing);
}

WrittenFile write_diffusers(const fs::path& path, const LoraAdapter& adapter,
                            const WriteOptions& options) {
  return write_diffusers_file(path, adapter, parse_dtype(options.dtype), options.on_existing);
}

WrittenFile write_kohya(const fs::path& path, const LoraAdapter& adapter,
                        const WriteOptions& options) {
  return write_kohya_file(path, adapter, parse_dtype(options.dtype), options.on_existing);
}

WrittenFile write_diffusion_model(const fs::path& path, const LoraAdapter& adapter,
                                  const WriteOptions& options) {
  return write_diffusion_model_file(path, adapter, parse_dtype(options.dtype), options.on_existing);
}

void check_gguf_layout(const AdapterLayout& layout) {
  const auto architecture = formats::gguf_architecture(layout.architecture);
  if (!architecture) {
    fail(ErrorKind::data, "--format gguf: the generator's layout is for architecture '",
         printable(layout.architecture), "', which has no GGUF form here");
  }
  for (const FactorLayout& factor : layout.factors()) {
    if (layout.heads || formats::permuted_heads(*architecture, factor.module, {1, 1}) == 0)
      continue;
    fail(ErrorKind::data, "--format gguf: llama.cpp reorders the rows of '",
         printable(factor.module), "' by heads, which the generator's layout does not tell (make ",
         "PEFT and use dnd convert --to gguf --base)");
  }
}

// The rows.

constexpr std::array<std::string_view, 3> kFloats = {"f32", "f16", "bf16"};
constexpr std::array<std::string_view, 4> kGgufDtypes = {"f32", "f16", "bf16", "q8_0"};

constexpr FileFormat kPeft = {
    .format = AdapterFormat::peft,
    .name = "peft",
    .title = "PEFT",
    .place = at_place,
    .kind = [] { return OutputKind(peft_folder()); },
    .write = write_peft,
    .describe = describe_peft,
    .as_folder =
        FolderForm{"adapter folder", kPeftWeightsNames, kAdapterConfigName, is_peft,
                   [](const fs::path& folder) { return read_peft_folder(folder); },
                   [](const fs::path& folder) { return read_peft_folder(folder, Besides::keep); }},
    .as_file = std::nullopt,
    .uniform = kPeftUniform,
    .dtypes = kFloats,
    .default_dtype = "",
    .by_architecture = false,
    .flat_names = false,
    .is_generated = true,
    .check_layout = nullptr,
};

constexpr FileFormat kGguf = {
    .format = AdapterFormat::gguf,
    .name = "gguf",
    .title = "GGUF",
    .place = gguf_place,
    .kind = [] { return OutputKind(gguf_adapter_file()); },
    .write = write_gguf,
    .describe = describe_gguf,
    .as_folder = std::nullopt,
    .as_file = FileForm{is_gguf, read_gguf},
    .uniform = nullptr,
    .dtypes = kGgufDtypes,
    .default_dtype = "f32",
    .by_architecture = true,
    .flat_names = false,
    .is_generated = true,
    .check_layout = check_gguf_layout,
};

constexpr FileFormat kMlx = {
    .format = AdapterFormat::mlx,
    .name = "mlx",
    .title = "MLX",
    .place = mlx_place,
    .kind = [] { return OutputKind(mlx_folder()); },
    .write = write_mlx,
    .describe = describe_mlx,
    .as_folder = FolderForm{"mlx adapter folder", kMlxWeightsNames, kAdapterConfigName, is_mlx,
                            read_mlx_folder},
    .as_file = FileForm{is_mlx_iteration, read_mlx},
    .uniform = kMlxUniform,
    .dtypes = kFloats,
    .default_dtype = "",
    .by_architecture = false,
    .flat_names = false,
    .is_generated = true,
    .check_layout = nullptr,
};

constexpr FileFormat kDiffusers = {
    .format = AdapterFormat::diffusers,
    .name = "diffusers",
    .title = "diffusers",
    .place = at_place,
    .kind = [] { return OutputKind(diffusers_file()); },
    .write = write_diffusers,
    .describe = describe_file,
    .as_folder = FolderForm{"diffusers adapter folder", kDiffusersWeightsNames, nullptr,
                            is_diffusers, read_diffusers_folder},
    .as_file = FileForm{is_diffusers_file, read_diffusers},
    .uniform = kDiffusersUniform,
    .dtypes = kFloats,
    .default_dtype = "",
    .by_architecture = false,
    .flat_names = false,
    .is_generated = false,
    .check_layout = nullptr,
    .is_tensor_file = true,
};

constexpr FileFormat kKohya = {
    .format = AdapterFormat::kohya,
    .name = "kohya",
    .title = "kohya",
    .place = at_place,
    .kind = [] { return OutputKind(kohya_file()); },
    .write = write_kohya,
    .describe = describe_file,
    .as_folder = std::nullopt,
    .as_file = FileForm{is_kohya_file, read_kohya},
    .uniform = nullptr,
    .dtypes = kFloats,
    .default_dtype = "",
    .by_architecture = false,
    .flat_names = true,
    .is_generated = false,
    .check_layout = nullptr,
    .is_tensor_file = true,
};

constexpr FileFormat kDiffusionModel = {
    .format = AdapterFormat::diffusion_model,
    .name = "diffusion_model",
    .title = "diffusion_model",
    .place = at_place,
    .kind = [] { return OutputKind(diffusion_model_file()); },
    .write = write_diffusion_model,
    .describe = describe_file,
    .as_folder = std::nullopt,
    .as_file = FileForm{is_diffusion_model_file, read_diffusion_model},
    .uniform = kDiffusionModelUniform,
    .dtypes = kFloats,
    .default_dtype = "",
    .by_architecture = false,
    .flat_names = false,
    .is_generated = false,
    .check_layout = nullptr,
    .is_tensor_file = true,
};

constexpr std::array kFormats = {kPeft, kGguf, kMlx, kDiffusers, kKohya, kDiffusionModel};

bool has_dtype(const FileFormat& format, std::string_view dtype) {
  return std::find(format.dtypes.begin(), format.dtypes.end(), dtype) != format.dtypes.end();
}

}  // namespace

std::span<const FileFormat> file_formats() { return kFormats; }

const FileFormat& file_format(AdapterFormat format) {
  const auto* const row = std::find_if(kFormats.begin(), kFormats.end(),
                                       [&](const FileFormat& f) { return f.format == format; });
  if (row == kFormats.end()) fail(ErrorKind::internal, "adapter: unknown format");
  return *row;
}

std::string_view format_name(AdapterFormat format) { return file_format(format).name; }

AdapterFormat parse_format(const std::string& name) {
  for (const FileFormat& row : kFormats) {
    if (name == row.name) return row.format;
  }
  fail(ErrorKind::usage, "unknown adapter format '", printable(name), "'");
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  names.reserve(kFormats.size());
  for (const FileFormat& row : kFormats) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> generated_format_names() {
  std::vector<std::string> names;
  for (const FileFormat& row : kFormats) {
    if (row.is_generated) names.emplace_back(row.name);
  }
  return names;
}

std::vector<std::string> element_types() {
  std::vector<std::string> types;
  for (const FileFormat& row : kFormats) {
    for (const std::string_view dtype : row.dtypes) {
      if (std::find(types.begin(), types.end(), dtype) == types.end()) types.emplace_back(dtype);
    }
  }
  return types;
}

void check_dtype(AdapterFormat format, const std::string& dtype) {
  const FileFormat& row = file_format(format);
  if (dtype.empty() || has_dtype(row, dtype)) return;
  std::string others;
  for (const FileFormat& other : kFormats) {
    if (has_dtype(other, dtype)) others += cat(others.empty() ? "" : " and ", other.title);
  }
  if (others.empty()) fail(ErrorKind::usage, "unknown element type '", printable(dtype), "'");
  fail(ErrorKind::usage, "--adapter-dtype ", dtype, " is for ", others, " only, not for ",
       row.name);
}

std::string default_dtype(AdapterFormat format, const std::string& otherwise) {
  const std::string_view own = file_format(format).default_dtype;
  return own.empty() ? otherwise : std::string(own);
}

void check_layout(AdapterFormat format, const AdapterLayout& layout) {
  const FileFormat& row = file_format(format);
  if (row.check_layout != nullptr) row.check_layout(layout);
}

}  // namespace dnd::adapter
