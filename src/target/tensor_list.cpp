#include "target/tensor_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "base/paths.h"
#include "base/strings.h"
#include "formats/safetensors.h"
#include "formats/safetensors_index.h"

namespace dnd::target {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kFileEnding = ".safetensors";
constexpr std::string_view kIndexEnding = ".safetensors.index.json";
constexpr std::array<std::string_view, 2> kUsualStems = {"model", "diffusion_pytorch_model"};

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

std::optional<ShardName> parse_shard_name(std::string_view name) {
  if (!name.ends_with(kFileEnding)) return std::nullopt;
  name.remove_suffix(kFileEnding.size());
  const auto parts = split(name, '-');
  if (parts.size() < 4 || parts[parts.size() - 2] != "of") return std::nullopt;
  const auto number = digits(parts[parts.size() - 3]);
  const auto count = digits(parts.back());
  if (!number || !count) return std::nullopt;
  const std::size_t tail = parts[parts.size() - 3].size() + parts.back().size() + 5;  // "--of-"
  return ShardName{std::string(name.substr(0, name.size() - tail)), *number, *count};
}

// Tensors of several files, each name once.
class Merged {
 public:
  explicit Merged(std::string who) : who_(std::move(who)) {}

  void add(const fs::path& file) {
    const formats::SafetensorsFile open(file);
    for (const formats::TensorView& tensor : open.tensors()) {
      const auto [first, is_new] = file_of_.emplace(tensor.name, file.filename().string());
      if (!is_new) {
        fail(ErrorKind::data, who_, ": tensor '", printable(tensor.name), "' is in ",
             printable(first->second), " and in ", printable(file.filename().string()),
             " (shards of two models in one folder?)");
      }
      tensors_.push_back({tensor.name, tensor.dtype, tensor.shape});
    }
  }

  const std::map<std::string, std::string>& file_of() const { return file_of_; }
  std::vector<TensorInfo> take() { return std::move(tensors_); }

 private:
  std::string who_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::string> file_of_;
};

// Both maps are sorted by tensor: the first difference is the one to tell.
void check_agreement(const std::map<std::string, std::string>& announced,
                     const std::map<std::string, std::string>& found, const std::string& who) {
  for (const auto& [tensor, file] : announced) {
    const auto place = found.find(tensor);
    if (place == found.end() || place->second != file) {
      fail(ErrorKind::data, who, ": tensor '", printable(tensor), "' should be in ",
           printable(file), ", it is ",
           place == found.end() ? "in no shard" : "in " + printable(place->second),
           " (index of another model?)");
    }
  }
  for (const auto& [tensor, file] : found) {
    if (announced.count(tensor) > 0) continue;
    fail(ErrorKind::data, who, ": ", printable(file), " holds '", printable(tensor),
         "', which the index does not list (index of another model?)");
  }
}

std::vector<fs::path> files_with_ending(const fs::path& folder, std::string_view ending) {
  std::vector<fs::path> files;
  for (const fs::path& entry : dnd::list_folder(folder)) {
    if (entry.filename().string().ends_with(ending)) files.push_back(entry);
  }
  return files;
}

std::optional<fs::path> usual_file(const fs::path& folder, std::string_view ending) {
  for (const std::string_view stem : kUsualStems) {
    fs::path path = folder / cat(stem, ending);
    if (path_exists(path)) return path;
  }
  return std::nullopt;
}

// All shards "<stem>-00001-of-000NN" of a folder that has no index.
std::vector<TensorInfo> list_shards(const fs::path& folder, const ShardName& any) {
  Merged merged("base model: " + folder.string());
  for (std::int64_t i = 1; i <= any.count; ++i) {
    const auto five = [](std::int64_t n) {
      const std::string text = std::to_string(n);
      return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
    };
    const fs::path file =
        folder / cat(any.stem, "-", five(i), "-of-", five(any.count), kFileEnding);
    if (!path_exists(file)) {
      fail(ErrorKind::no_input, "base model: ", file.string(), ": shard ", i, " of ", any.count,
           " is missing (download not finished?)");
    }
    merged.add(file);
  }
  return merged.take();
}

}  // namespace

std::vector<TensorInfo> list_file(const fs::path& file) {
  const auto shard = parse_shard_name(file.filename().string());
  if (shard && shard->count > 1) {
    fail(ErrorKind::data, "base model: ", file.string(), ": is shard ", shard->number, " of ",
         shard->count, "; give the folder or its *.safetensors.index.json");
  }
  Merged merged("base model: " + file.string());
  merged.add(file);
  return merged.take();
}

std::vector<TensorInfo> list_index(const fs::path& index) {
  const std::string who = "base model: " + index.string();
  const auto announced = formats::read_safetensors_index(index, who);
  std::set<std::string> files;
  for (const auto& [tensor, file] : announced) files.insert(file);
  Merged merged(who);
  for (const std::string& file : files) {
    const fs::path path = index.parent_path() / file;
    if (!path_exists(path)) {
      fail(ErrorKind::no_input, who, ": shard ", printable(file),
           " is missing (download not finished?)");
    }
    merged.add(path);
  }
  check_agreement(announced, merged.file_of(), who);
  return merged.take();
}

std::vector<TensorInfo> list_folder(const fs::path& folder) {
  if (const auto index = usual_file(folder, kIndexEnding)) return list_index(*index);
  if (const auto file = usual_file(folder, kFileEnding)) return list_file(*file);
  const auto indices = files_with_ending(folder, kIndexEnding);
  if (indices.size() == 1) return list_index(indices[0]);
  const auto files = files_with_ending(folder, kFileEnding);
  if (files.empty()) return {};
  if (const auto shard = parse_shard_name(files[0].filename().string())) {
    return list_shards(folder, *shard);
  }
  if (files.size() == 1) return list_file(files[0]);
  fail(ErrorKind::data, "base model: ", folder.string(), ": holds ", files.size(),
       " .safetensors files and no index; give one of them, e.g. ",
       printable(files[0].filename().string()));
}

}  // namespace dnd::target
