#include "formats/model_place.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/config_file.h"

namespace dnd::formats {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRepositoryPrefix = "models--";
constexpr std::size_t kMaxName = 96;       // of a repository, as the hub has it
constexpr std::size_t kMaxRefBytes = 256;  // a commit is 40

// ORG/NAME or NAME, and a revision.
struct HubName {
  std::string name;
  std::string revision;  // empty: main

  fs::path folder() const {
    std::string file(kRepositoryPrefix);
    for (const char c : name) file += c == '/' ? "--" : std::string(1, c);
    return file;
  }
};

bool is_repository_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || name.find("--") != std::string_view::npos ||
      name.find("..") != std::string_view::npos) {
    return false;
  }
  if (std::count(name.begin(), name.end(), '/') > 1) return false;
  for (const std::string_view part : split(name, '/')) {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_' || c == '.';
    };
    if (part.empty() || part.front() == '.' || part.front() == '-' || part.back() == '.' ||
        part.back() == '-' || !std::all_of(part.begin(), part.end(), fits)) {
      return false;
    }
  }
  return true;
}

std::optional<HubName> parse_hub_name(const std::string& given) {
  const std::size_t at = given.find('@');
  HubName name{given.substr(0, at), at == std::string::npos ? "" : given.substr(at + 1)};
  if (!is_repository_name(name.name)) return std::nullopt;
  const bool climbs = name.revision.find("..") != std::string::npos ||
                      name.revision.starts_with('/') ||
                      name.revision.find('\0') != std::string::npos;
  if (at != std::string::npos && (name.revision.empty() || climbs)) return std::nullopt;
  return name;
}

// "models--ORG--NAME" -> "ORG/NAME"; empty for other names.
std::string name_of_folder(const fs::path& folder) {
  std::string name = folder.filename().string();
  if (!name.starts_with(kRepositoryPrefix)) return "";
  name.erase(0, kRepositoryPrefix.size());
  if (const std::size_t cut = name.find("--"); cut != std::string::npos) name.replace(cut, 2, "/");
  return name;
}

std::string download_command(const HubName& name) {
  return cat("'hf download ", name.name,
             name.revision.empty() ? "" : cat(" --revision ", name.revision), "'");
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  if (!is_folder(folder)) return names;
  for (const fs::path& entry : list_folder(folder)) names.push_back(entry.filename().string());
  return names;
}

// The commit that a revision is: what refs/REV says, or REV where there is a snapshot of it; without main,
// the only snapshot. Empty where there is none.
std::string commit_of(const fs::path& repository, const HubName& name) {
  const fs::path ref = repository / "refs" / (name.revision.empty() ? "main" : name.revision);
  if (is_file(ref)) {
    std::string commit(trimmed(read_text_file(ref, kMaxRefBytes)));
    const bool plain = commit.find('/') == std::string::npos && commit != "." && commit != "..";
    if (plain && is_folder(repository / "snapshots" / commit)) return commit;
    return "";
  }
  const fs::path snapshots = repository / "snapshots";
  if (!name.revision.empty()) {
    return is_folder(snapshots / name.revision) ? name.revision : std::string();
  }
  const std::vector<std::string> commits = names_in(snapshots);
  return commits.size() == 1 ? commits[0] : std::string();
}

ModelPlace find_in_cache(const HubName& name) {
  const fs::path cache = hub_cache();
  const fs::path repository = cache / name.folder();
  if (cache.empty() || !is_folder(repository)) {
    fail(ErrorKind::no_input, printable(name.name),
         ": neither a file or folder nor in the hub's cache (",
         cache.empty() ? "no HOME, HF_HOME or HF_HUB_CACHE" : cache.string(), "); ",
         download_command(name), " fetches it (dnd never does)");
  }
  const std::string commit = commit_of(repository, name);
  if (commit.empty()) {
    fail(ErrorKind::no_input, printable(name.name), ": the cache (", repository.string(),
         ") does not have revision '", name.revision.empty() ? "main" : printable(name.revision),
         "' (snapshots: ", joined(names_in(repository / "snapshots"), printable), "); ",
         download_command(name), " fetches it");
  }
  return {repository / "snapshots" / commit, name.name, commit};
}

bool has_suffix(const fs::path& path, std::string_view suffix) {
  return path.filename().string().ends_with(suffix);
}

// "x-00002-of-00003.gguf" and the like: a part that the first leads to.
bool is_later_part(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t of = name.rfind("-of-");
  return of != std::string::npos && of >= 6 && name[of - 6] == '-' &&
         name.substr(of - 5, 5) != "00001" &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(of) - 5,
                     name.begin() + static_cast<std::ptrdiff_t>(of),
                     [](char c) { return c >= '0' && c <= '9'; });
}

bool has_model_files(const std::vector<fs::path>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const fs::path& entry) {
    return entry.filename() == kConfigFileName || has_suffix(entry, ".safetensors") ||
           has_suffix(entry, ".safetensors.index.json");
  });
}

std::string gguf_in(const std::vector<fs::path>& entries, const fs::path& folder) {
  std::vector<std::string> models;
  for (const fs::path& entry : entries) {
    // A projector of images is beside a model, and none.
    if (!has_suffix(entry, ".gguf") || is_later_part(entry)) continue;
    if (entry.filename().string().starts_with("mmproj")) continue;
    models.push_back(entry.filename().string());
  }
  if (models.size() > 1) {
    fail(ErrorKind::data, folder.string(),
         ": holds several GGUF files; name the one that is meant: ", joined(models, printable));
  }
  return models.empty() ? "" : models[0];
}

// Says what a folder is that holds no model.
void refuse_other_folder(const fs::path& folder, const std::vector<fs::path>& entries) {
  const auto begin = [&] { return folder.string() + ": "; };
  for (const fs::path& entry : entries) {
    if (const std::string name = name_of_folder(entry); !name.empty()) {
      fail(ErrorKind::no_input, begin(), "is a cache of several models; name one of them, as ",
           name);
    }
  }
  if (const std::string name = name_of_folder(folder);
      !name.empty() && is_folder(folder / "snapshots")) {
    fail(ErrorKind::no_input, begin(), "is the cache's folder of ", name,
         "; give that name, or the folder snapshots/COMMIT in it");
  }
  for (const fs::path& entry : entries) {
    if (is_folder(entry) && has_model_files(list_folder(entry))) {
      fail(ErrorKind::no_input, begin(), "holds no model itself; is ", entry.string(), " meant?");
    }
  }
}

ModelPlace find_in_folder(const fs::path& folder) {
  const std::vector<fs::path> entries = list_folder(folder);
  if (has_model_files(entries)) return {folder, "", ""};
  if (const std::string gguf = gguf_in(entries, folder); !gguf.empty())
    return {folder / gguf, "", ""};
  refuse_other_folder(folder, entries);
  return {folder, "", ""};
}

}  // namespace

fs::path hub_cache() {
  for (const char* variable : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string folder = environment(variable); !folder.empty()) return folder;
  }
  if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "huggingface/hub";
  }
  if (const std::string home = environment("HOME"); !home.empty()) {
    return fs::path(home) / ".cache/huggingface/hub";
  }
  return {};
}

ModelPlace find_model(const std::string& given) {
  const fs::path path = given;
  if (is_folder(path)) return find_in_folder(path);
  if (path_exists(path)) return {path, "", ""};
  const std::optional<HubName> name = parse_hub_name(given);
  // A single word may be a misspelt folder as well: its reader says that it is not found.
  if (!name ||
      (name->name.find('/') == std::string::npos && !is_folder(hub_cache() / name->folder()))) {
    return {path, "", ""};
  }
  ModelPlace place = find_in_cache(*name);
  place.path = find_in_folder(place.path).path;
  return place;
}

}  // namespace dnd::formats
