#include <algorithm>

#include "base/paths.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"

namespace dnd::bundle {
namespace fs = std::filesystem;

std::vector<std::string> preset_names(const fs::path& folder) {
  std::vector<std::string> names;
  if (!is_folder(folder)) return names;
  for (const fs::path& entry : list_folder(folder)) {
    if (entry.extension() == ".json") names.push_back(entry.stem().string());
  }
  return names;
}

GeneratorConfig read_preset(const fs::path& folder, const std::string& name) {
  const std::vector<std::string> names = preset_names(folder);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::string known;
    for (const std::string& each : names) known += " " + each;
    const std::string near = nearest_word(name, names);
    fail(ErrorKind::usage, "preset '", printable(name), "' is not known",
         near.empty() ? "" : cat(" (did you mean '", near, "'?)"), "; presets:", known);
  }
  const std::string who = "preset: " + name;
  Json json = read_json_file(folder / (name + ".json"), who);
  JsonObject(json, who).expect_format("dnd-preset");
  json["format"] = "dnd-generator";  // a preset is a generator.json without weights
  json["name"] = name;
  return generator_from_json(json, who);
}

}  // namespace dnd::bundle
