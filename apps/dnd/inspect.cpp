// dnd inspect: what a bundle, .pth, safetensors file, GGUF file, adapter folder, base model or layout holds.
#include <algorithm>
#include <array>
#include <cstring>

#include "adapter/adapter_layout.h"
#include "adapter/files/read_lora.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/strings.h"
#include "bundle/channel_exponents.h"
#include "bundle/generator_config.h"
#include "bundle/weights_hash.h"
#include "context.h"
#include "formats/gguf.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"
#include "target/base_model.h"
#include "text/prompts.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

Json tensor_json(const std::string& name, Dtype dtype, const formats::Shape& shape,
                 std::uint64_t bytes) {
  return {{"name", name}, {"dtype", dtype_name(dtype)}, {"shape", shape}, {"bytes", bytes}};
}

Json inspect_safetensors(const fs::path& path) {
  const formats::SafetensorsFile file(path);
  Json json = {{"kind", "safetensors"}, {"metadata", file.metadata()}};
  Json tensors = Json::array();
  for (const formats::TensorView& tensor : file.tensors()) {
    tensors.push_back(tensor_json(tensor.name, tensor.dtype, tensor.shape, tensor.bytes.size()));
  }
  json["tensors"] = std::move(tensors);
  return json;
}

Json inspect_checkpoint(const fs::path& path) {
  const formats::TorchCheckpoint file(path);
  Json tensors = Json::array();
  for (const formats::CheckpointTensor& tensor : file.tensors()) {
    tensors.push_back(tensor_json(tensor.name, tensor.dtype, tensor.shape, tensor.byte_size));
  }
  return {{"kind", "torch checkpoint"}, {"tensors", std::move(tensors)}};
}

// How many elements of an array are shown.
constexpr std::uint64_t kShownElements = 8;

// Arrays (of a hundred thousand tokens, say) as {"array", "count", "first"}.
Json gguf_value_json(const formats::GgufValue& value) {
  if (const auto* array = std::get_if<formats::GgufArray>(&value.value)) {
    Json first = Json::array();
    for (const formats::GgufValue& element : formats::gguf_elements(*array, kShownElements)) {
      first.push_back(gguf_value_json(element));
    }
    return {{"array", formats::gguf_type_name(array->element)},
            {"count", array->count},
            {"first", std::move(first)}};
  }
  return std::visit(
      [](const auto& scalar) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(scalar)>, formats::GgufArray>) {
          return nullptr;  // handled above
        } else {
          return scalar;
        }
      },
      value.value);
}

// "gguf adapter", "gguf mmproj", ...; a file that does not say is a model, to llama.cpp too.
std::string gguf_kind(const formats::GgufFile& file) {
  const formats::GgufValue* value = file.find("general.type");
  const auto* type = value == nullptr ? nullptr : std::get_if<std::string>(&value->value);
  return "gguf " + (type == nullptr ? "model" : printable(*type));
}

Json inspect_gguf(const fs::path& path) {
  const formats::GgufFile file(path);
  Json::object_t entries;  // appended to: looking for each key again is slow where there are many
  for (const auto& [key, value] : file.entries()) {
    entries.emplace_back(key, gguf_value_json(value));
  }
  Json json = {{"kind", gguf_kind(file)},
               {"version", file.version()},
               {"alignment", file.alignment()},
               {"metadata", std::move(entries)}};
  Json tensors = Json::array();
  for (const formats::GgufTensor& tensor : file.tensors()) {
    tensors.push_back({{"name", tensor.name},
                       {"dtype", tensor.type->name},
                       {"shape", tensor.shape},
                       {"bytes", tensor.bytes.size()}});
  }
  json["tensors"] = std::move(tensors);
  return json;
}

Json inspect_bundle(const fs::path& path) {
  const bundle::GeneratorConfig config = bundle::read_bundle(path);
  Json json = {{"kind", "generator bundle"}};
  json["generator"] = bundle::generator_to_json(config);
  json["parameters"] = config.decoder_parameters();
  const formats::SafetensorsFile weights(path / bundle::kDecoderWeightsName);
  for (const bundle::ParameterSpec& parameter : bundle::decoder_parameters(config)) {
    const formats::TensorView& tensor = weights.at(parameter.name);
    if (tensor.shape != parameter.shape) {
      fail(ErrorKind::data, "bundle: ", weights.path().string(), ": tensor '", parameter.name,
           "': shape ", shape_text(tensor.shape), ", expected ", shape_text(parameter.shape));
    }
  }
  bundle::check_channel_exponents(config, weights);
  json["weights_sha256"] = bundle::weights_sha256(path, config);
  json["has_encoder"] = path_exists(path / bundle::kEncoderFolderName / "config.json");
  return json;
}

Json inspect_adapter(const adapter::AdapterFolder& folder) {
  const bool is_safetensors = folder.weights.extension() == ".safetensors";
  Json json =
      is_safetensors ? inspect_safetensors(folder.weights) : inspect_checkpoint(folder.weights);
  json["kind"] = folder.format->as_folder->kind;
  if (folder.config.empty()) return json;
  json["config"] = read_json_file(folder.config, "adapter: " + folder.config.string());
  return json;
}

Json inspect_json(const fs::path& path) {
  const std::string who = "json: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject object(json, who);
  const std::string format = object.text_or("format", "");
  if (format == "dnd-layout") {
    const adapter::AdapterLayout layout = adapter::read_layout_file(path);
    return {{"kind", "layout"},
            {"layout", adapter::layout_to_json(layout)},
            {"tokens", {layout.token_count(), layout.token_rows, layout.token_columns}},
            {"parameters", layout.parameter_count()}};
  }
  if (format == "dnd-generator") return inspect_bundle(path.parent_path());
  fail(ErrorKind::data, who, ": 'format' is '", printable(format),
       "', expected dnd-layout or dnd-generator");
}

// Files that hold prompts, where they hold anything that is read here.
bool is_prompts(const fs::path& path) {
  constexpr std::array<std::string_view, 5> kEndings = {".jsonl", ".ndjson", ".csv", ".tsv",
                                                        ".txt"};
  const std::string extension = lower_ascii(path.extension().string());
  return std::find(kEndings.begin(), kEndings.end(), extension) != kEndings.end();
}

Json inspect_prompts(const fs::path& path) {
  const text::PromptSet set = text::read_prompts({path}, {});
  Json tasks = Json::object();
  for (const text::PromptTask& task : set.tasks) {
    if (!task.name.empty()) tasks[task.name] = task.prompts.size();
  }
  Json json = {{"kind", "prompts"}, {"read", text::source_lines(set.sources)}};
  if (!tasks.empty()) json["tasks"] = std::move(tasks);
  return json;
}

bool is_base_folder(const fs::path& path) {
  return path_exists(path / "config.json") || path_exists(path / "model.safetensors.index.json");
}

std::int64_t weights_of(const std::vector<target::Linear>& linears) {
  std::int64_t count = 0;
  for (const target::Linear& linear : linears) count += linear.in * linear.out;
  return count;
}

Json inspect_base(const fs::path& path) {
  const target::BaseModel base = target::read_base_model(path);
  Json json = {{"kind", "base model"},
               {"architecture", base.architecture},
               {"linears", base.linears.size()},
               {"linear_weights", weights_of(base.linears)},
               {"experts", base.experts.size()}};
  if (!base.name.empty()) json["name"] = base.name;
  if (base.tied_embeddings) json["tied_embeddings"] = *base.tied_embeddings;
  if (!base.quantization.empty()) json["quantization"] = base.quantization;
  return json;
}

Json inspect_folder(const fs::path& path) {
  if (path_exists(path / bundle::kGeneratorConfigName)) return inspect_bundle(path);
  if (const auto folder = adapter::find_adapter_folder(path)) return inspect_adapter(*folder);
  if (is_base_folder(path)) return inspect_base(path);
  fail(ErrorKind::data, path.string(), ": a folder with neither ", bundle::kGeneratorConfigName,
       " (bundle) nor config.json (base model) nor ", adapter::adapter_folder_signs(),
       adapter::nested_adapters(path));
}

// By name where the name says it, else by the first bytes.
Json inspect_path(const fs::path& path) {
  if (!path_exists(path)) fail(ErrorKind::no_input, path.string(), ": not found");
  if (is_folder(path)) return inspect_folder(path);
  const std::string extension = path.extension().string();
  if (extension == ".json") return inspect_json(path);
  if (extension == ".safetensors") return inspect_safetensors(path);
  if (extension == ".gguf") return inspect_gguf(path);
  if (is_prompts(path)) return inspect_prompts(path);
  const MappedFile file(path);
  const std::string_view start = file.text().substr(0, 4);
  const bool zip = start.starts_with("PK");
  if (zip || extension == ".pth" || extension == ".pt" || extension == ".bin") {
    return inspect_checkpoint(path);
  }
  if (start == "GGUF") return inspect_gguf(path);
  return inspect_safetensors(path);
}

void print_tensors(const Json& tensors) {
  std::uint64_t bytes = 0;
  for (const Json& tensor : tensors) {
    bytes += tensor["bytes"].get<std::uint64_t>();
    print_line(cat("  ", printable(tensor["name"].get<std::string>()), "  ",
                   tensor["dtype"].get<std::string>(), " ", json_line(tensor["shape"])));
  }
  print_line(cat("  ", tensors.size(), " tensors, ", human_bytes(bytes)));
}

// One line for a value of a safetensors or GGUF file's metadata.
std::string value_text(const Json& value) {
  if (value.is_string()) return printable(value.get<std::string>());
  if (!value.is_object()) return json_line(value);
  std::string text = "[";
  for (const Json& element : value["first"]) text += value_text(element) + ", ";
  const std::uint64_t count = value["count"].get<std::uint64_t>();
  if (count > value["first"].size()) {
    text += "... ";
  } else if (count > 0) {
    text.resize(text.size() - 2);
  }
  return cat(text, "] (", count, " ", value["array"].get<std::string>(), ")");
}

void print_bundle(const Json& json) {
  const Json& generator = json["generator"];
  print_line(cat("  name        ", printable(generator["name"].get<std::string>()),
                 generator.value("untrained", false) ? " (untrained)" : ""));
  print_line(cat("  base model  ", printable(generator["layout"].value("base_model", "")),
                 ", rank ", generator["layout"]["rank"].get<int>()));
  print_line(cat("  condition   ", json_line(generator["condition"])));
  print_line(cat("  features    ", json_line(generator["decoder"]["features"])));
  print_line(cat("  kernel      ", generator["decoder"]["kernel"].get<int>()));
  print_line(cat(
      "  parameters  ", json["parameters"].get<std::int64_t>(), " ",
      generator["decoder"]["dtype"].get<std::string>(),
      generator["decoder"].value("channel_exponents", false) ? " with exponents of channels" : ""));
  print_line(cat("  sha256      ", json["weights_sha256"].get<std::string>()));
}

// A value of a configuration that somebody else wrote: any kind of value, or none.
std::string setting_text(const Json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return "";
  return found->is_string() ? printable(found->get<std::string>()) : json_line(*found);
}

// What people ask first of an adapter, in PEFT's configuration or in MLX-LM's.
void print_adapter(const Json& config) {
  if (!config.is_object()) return;
  const auto mlx = config.find("lora_parameters");
  const Json& lora = mlx != config.end() && mlx->is_object() ? *mlx : config;
  const auto line = [&](const char* name, const Json& from, const char* key) {
    if (const std::string text = setting_text(from, key); !text.empty()) {
      print_line(cat("  ", name, text));
    }
  };
  line("rank        ", lora, lora.contains("r") ? "r" : "rank");
  line("alpha       ", lora, "lora_alpha");
  line("scale       ", lora, "scale");
  line("base model  ", config, config.contains("model") ? "model" : "base_model_name_or_path");
}

void print_base(const Json& json) {
  print_line(cat("  architecture  ", printable(json["architecture"].get<std::string>())));
  print_line(cat("  linear layers ", json["linears"].get<std::size_t>(), ", ",
                 json["linear_weights"].get<std::int64_t>(), " weights"));
  if (const auto experts = json["experts"].get<std::size_t>(); experts > 0) {
    print_line(cat("  experts       ", experts));
  }
  if (json.contains("tied_embeddings")) {
    print_line(cat("  output head   ", json["tied_embeddings"].get<bool>()
                                           ? "shares the embedding's weight"
                                           : "has a weight of its own"));
  }
  if (json.contains("quantization")) {
    print_line(cat("  quantization  ", json["quantization"].get<std::string>()));
  }
}

void print_found(const fs::path& path, const Json& json) {
  print_line(cat(path.string(), ": ", json["kind"].get<std::string>()));
  if (json.contains("generator")) print_bundle(json);
  if (json.contains("config")) print_adapter(json["config"]);
  if (json.contains("linears")) print_base(json);
  if (json.contains("layout")) {
    print_line(cat("  tokens ", json_line(json["tokens"]), ", ",
                   json["parameters"].get<std::int64_t>(), " parameters"));
  }
  if (json.contains("metadata")) {
    for (const auto& [key, value] : json["metadata"].items()) {
      print_line(cat("  ", printable(key), " = ", value_text(value)));
    }
  }
  if (json.contains("tensors")) print_tensors(json["tensors"]);
  if (!json.contains("read")) return;
  for (const Json& line : json["read"]) print_line(cat("  ", line.get<std::string>()));
  if (!json.contains("tasks")) return;
  for (const auto& [task, prompts] : json["tasks"].items()) {
    print_line(cat("  task ", printable(task), ": ", prompts.get<std::size_t>()));
  }
}

void run_inspect(Context& context, const std::vector<fs::path>& paths) {
  for (const fs::path& path : paths) {
    try {
      Json json = inspect_path(path);
      if (context.json) {
        Json whole = {{"path", path.string()}};
        whole.update(json);
        print_json(whole);
      } else {
        print_found(path, json);
      }
    } catch (const Error& error) {
      if (paths.size() == 1) throw;
      log_error(error.what());
      if (context.exit_code == 0) context.exit_code = static_cast<int>(error.kind());
    }
  }
}

}  // namespace

void add_inspect(CLI::App& program, Context& context) {
  const auto paths = std::make_shared<std::vector<fs::path>>();
  CLI::App& command =
      add_command(program, context, "inspect",
                  "What a bundle, checkpoint, adapter, base model, tensor file or layout holds",
                  {{"dnd inspect BUNDLE adapters/arc adapter.gguf generator.pth", ""},
                   {"dnd inspect adapter_model.safetensors --json", "for scripts"}},
                  [&context, paths] { run_inspect(context, *paths); });
  command.add_option("paths", *paths, "Files and folders")->required();
}

}  // namespace dnd::app
