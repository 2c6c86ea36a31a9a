#include "formats/weight_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::formats {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kFileEnding = ".safetensors";
constexpr std::string_view kGgufEnding = ".gguf";
constexpr std::string_view kIndexEnding = ".safetensors.index.json";
constexpr std::array<std::string_view, 4> kUsualEntries = {
    "model.safetensors", "model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model.safetensors"};
constexpr std::string_view kVisionTower = "mmproj";  // beside the model it belongs to
constexpr std::array<std::string_view, 2> kUsualStems = {"model", "diffusion_pytorch_model"};

std::string who_is(const fs::path& path) { return "base model: " + path.string(); }

// "model-00001-of-00002.safetensors": number 1 of 2.
struct ShardName {
  std::string stem;
  std::int64_t number = 0;
  std::int64_t count = 0;
};

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || error != std::errc()) return std::nullopt;
  return value;
}

std::optional<ShardName> parse_shard_name(std::string_view name,
                                          std::string_view ending = kFileEnding) {
  if (!name.ends_with(ending)) return std::nullopt;
  name.remove_suffix(ending.size());
  const auto parts = split(name, '-');
  if (parts.size() < 4 || parts[parts.size() - 2] != "of") return std::nullopt;
  const auto number = digits(parts[parts.size() - 3]);
  const auto count = digits(parts.back());
  if (!number || !count) return std::nullopt;
  const std::size_t tail = parts[parts.size() - 3].size() + parts.back().size() + 5;  // "--of-"
  return ShardName{std::string(name.substr(0, name.size() - tail)), *number, *count};
}

bool is_plain_name(const std::string& name) {
  return name.ends_with(kFileEnding) &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

std::map<std::string, std::string> read_index(const fs::path& index) {
  const std::string who = who_is(index);
  const Json json = read_json_file(index, who);
  JsonObject object(json, who);
  const Json& weights = object.at("weight_map");
  const std::string where = object.object("weight_map").where();
  std::map<std::string, std::string> file_of;
  for (const auto& [tensor, file] : weights.items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : json_line(file);
    if (!file.is_string() || !is_plain_name(name)) {
      fail(ErrorKind::data, where, ": '", printable(tensor), "': shard '", printable(name),
           "' is not the plain name of a .safetensors file beside the index");
    }
    file_of[tensor] = name;
  }
  if (file_of.empty()) fail(ErrorKind::data, who, ": 'weight_map' is empty");
  return file_of;
}

WeightFiles weight_files_at(const fs::path& entry) {
  return entry.string().ends_with(kIndexEnding) ? weight_files_of_index(entry)
                                                : weight_files_of_file(entry);
}

std::vector<std::string> names_with_ending(const fs::path& folder, std::string_view ending) {
  std::vector<std::string> names;
  for (const fs::path& entry : list_folder(folder)) {
    std::string name = entry.filename().string();
    if (name.ends_with(ending)) names.push_back(std::move(name));
  }
  return names;
}

using ShardNames = std::map<std::int64_t, std::string>;                            // number -> file
using ShardedModels = std::map<std::pair<std::string, std::int64_t>, ShardNames>;  // by stem, count

// The shards that are meant: those of a usual name, else the only ones.
ShardedModels choose(const ShardedModels& models) {
  ShardedModels usual;
  for (const auto& [model, shards] : models) {
    if (std::find(kUsualStems.begin(), kUsualStems.end(), model.first) != kUsualStems.end()) {
      usual.emplace(model, shards);
    }
  }
  return usual.empty() ? models : usual;
}

std::string shard_name(const std::string& stem, std::int64_t number, std::int64_t count,
                       std::string_view ending = kFileEnding) {
  const auto five = [](std::int64_t n) {
    const std::string text = std::to_string(n);
    return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
  };
  return cat(stem, "-", five(number), "-of-", five(count), ending);
}

// nullopt where the names leave a choice, or are no numbered shards.
std::optional<WeightFiles> numbered_shards(const fs::path& folder,
                                           const std::vector<std::string>& files) {
  ShardedModels models;
  for (const std::string& file : files) {
    if (const auto shard = parse_shard_name(file)) {
      models[{shard->stem, shard->count}].emplace(shard->number, file);
    }
  }
  models = choose(models);
  if (models.size() != 1) return std::nullopt;
  const auto& [model, shards] = *models.begin();
  WeightFiles found{folder, "", {}, {}};
  for (std::int64_t i = 1; i <= model.second; ++i) {
    const auto shard = shards.find(i);
    if (shard == shards.end()) {
      fail(ErrorKind::no_input, who_is(folder / shard_name(model.first, i, model.second)),
           ": shard ", i, " of ", model.second, " is missing (download not finished?)");
    }
    found.names.push_back(shard->second);
  }
  if (found.names.empty()) return std::nullopt;  // "-of-00000"
  found.entry = found.names[0];
  return found;
}

// The only GGUF of the folder, or the parts of one.
std::optional<WeightFiles> only_gguf(const fs::path& folder) {
  std::vector<std::string> wholes;  // each file, or the first part
  for (const std::string& name : names_with_ending(folder, kGgufEnding)) {
    const auto shard = parse_shard_name(name, kGgufEnding);
    if (!name.starts_with(kVisionTower) && (!shard || shard->number == 1)) wholes.push_back(name);
  }
  if (wholes.empty()) return std::nullopt;
  if (wholes.size() == 1) return weight_files_of_gguf(folder / wholes[0]);
  fail(ErrorKind::data, who_is(folder), ": holds ", wholes.size(),
       " models as .gguf files; give one of them, e.g. ", printable(wholes[0]));
}

}  // namespace

bool has_gguf_name(const fs::path& path) { return path.string().ends_with(kGgufEnding); }

WeightFiles weight_files_of_gguf(const fs::path& file) {
  const std::string name = file.filename().string();
  const auto shard = parse_shard_name(name, kGgufEnding);
  if (!shard || shard->count <= 1) return {file.parent_path(), name, {name}, {}};
  WeightFiles found{file.parent_path(), "", {}, {}};
  for (std::int64_t i = 1; i <= shard->count; ++i) {
    found.names.push_back(shard_name(shard->stem, i, shard->count, kGgufEnding));
    if (path_exists(found.folder / found.names.back())) continue;
    fail(ErrorKind::no_input, who_is(found.folder / found.names.back()), ": part ", i, " of ",
         shard->count, " is missing (download not finished?)");
  }
  found.entry = found.names[0];
  return found;
}

WeightFiles weight_files_of_index(const fs::path& index) {
  WeightFiles found{index.parent_path(), index.filename().string(), {}, read_index(index)};
  std::set<std::string> names;
  for (const auto& [tensor, file] : found.announced) names.insert(file);
  for (const std::string& name : names) {
    if (path_exists(found.folder / name)) continue;
    fail(ErrorKind::no_input, who_is(index), ": shard ", printable(name),
         " is missing (download not finished?)");
  }
  found.names.assign(names.begin(), names.end());
  return found;
}

WeightFiles weight_files_of_file(const fs::path& file) {
  const std::string name = file.filename().string();
  const auto shard = parse_shard_name(name);
  if (shard && shard->count > 1) {
    fail(ErrorKind::data, who_is(file), ": is shard ", shard->number, " of ", shard->count,
         "; give the folder or its *.safetensors.index.json");
  }
  return {file.parent_path(), name, {name}, {}};
}

std::optional<WeightFiles> find_weight_files(const fs::path& folder) {
  for (const std::string_view name : kUsualEntries) {
    if (path_exists(folder / name)) return weight_files_at(folder / name);
  }
  const auto indices = names_with_ending(folder, kIndexEnding);
  if (indices.size() == 1) return weight_files_of_index(folder / indices[0]);
  const auto files = names_with_ending(folder, kFileEnding);
  if (files.empty()) return only_gguf(folder);
  if (auto shards = numbered_shards(folder, files)) return shards;
  if (files.size() == 1) return weight_files_of_file(folder / files[0]);
  fail(ErrorKind::data, who_is(folder), ": holds ", files.size(),
       " .safetensors files and no index; give one of them, e.g. ", printable(files[0]));
}

}  // namespace dnd::formats
