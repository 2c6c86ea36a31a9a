#include "generate/find_generator.h"

#include <algorithm>

#include "base/environment.h"
#include "base/installation.h"
#include "base/paths.h"
#include "base/strings.h"
#include "bundle/generator_config.h"

namespace dnd::generate {
namespace fs = std::filesystem;
namespace {

constexpr const char* kRealGenerator = "smollm2-135m";
constexpr const char* kTinyFolder = "default";  // among the installed generators

bool is_bundle(const fs::path& folder) {
  return path_exists(folder / bundle::kGeneratorConfigName);
}

// $DND_MODEL_PATH's folders, then the program's own.
std::vector<fs::path> generator_places() {
  std::vector<fs::path> places;
  const std::string path = environment("DND_MODEL_PATH");
  for (const std::string_view folder : split(path, ':')) {
    if (!folder.empty()) places.emplace_back(folder);
  }
  places.push_back(data_folder() / "models");
  return places;
}

std::string folder_name(const std::string& generator) {
  return generator == kTinyGenerator ? kTinyFolder : generator;
}

// Of a bundle in one of the places.
std::string generator_name(const fs::path& bundle, bool is_installed) {
  const std::string name = bundle.filename().string();
  return is_installed && name == kTinyFolder ? kTinyGenerator : name;
}

// "" where no place has it.
fs::path named_generator(const std::string& name) {
  const std::vector<fs::path> places = generator_places();
  for (const fs::path& place : places) {
    const bool is_installed = &place == &places.back();
    fs::path bundle = place / (is_installed ? folder_name(name) : name);
    if (is_bundle(bundle)) return bundle;
  }
  return {};
}

bool is_preview(const fs::path& bundle) {
  const auto config = bundle::read_bundle(bundle);
  const auto status = config.provenance.find("status");
  return status != config.provenance.end() && status->second == "preview";
}

}  // namespace

fs::path find_generator(const std::string& model) {
  const bool is_name = !model.empty() && model.find('/') == std::string::npos;
  if (!is_name || path_exists(model)) return model;
  fs::path bundle = named_generator(model);
  if (!bundle.empty()) return bundle;
  const std::vector<std::string> names = generator_names();
  const std::string near = nearest_word(model, names);
  fail(ErrorKind::no_input, "--model ", printable(model),
       ": not found here, in DND_MODEL_PATH or installed",
       near.empty() ? "" : cat(" (did you mean '", printable(near), "'?)"),
       names.empty() ? "" : cat("; known by name: ", printable(joined(names))));
}

std::vector<std::string> generator_names() {
  std::vector<std::string> names;
  const std::vector<fs::path> places = generator_places();
  for (const fs::path& place : places) {
    if (!is_folder(place)) continue;
    for (const fs::path& entry : list_folder(place)) {
      if (is_bundle(entry)) names.push_back(generator_name(entry, &place == &places.back()));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string default_generator_name() {
  const fs::path real = named_generator(kRealGenerator);
  if (!real.empty() && !is_preview(real)) return kRealGenerator;
  return named_generator(kTinyGenerator).empty() ? "" : kTinyGenerator;
}

}  // namespace dnd::generate
