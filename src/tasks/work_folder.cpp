#include "tasks/work_folder.h"

#include "base/file.h"
#include "base/json.h"
#include "bundle/write_bundle.h"
#include "formats/safetensors.h"

namespace dnd::tasks {

FileKind state_file() {
  return {"the state of a training", [](const std::filesystem::path& path) {
            return formats::SafetensorsFile(path).metadata().contains("dnd.identity");
          }};
}

FileKind metrics_file() {
  return {"the metrics of a training", [](const std::filesystem::path& path) {
            const MappedFile file(path);
            const std::string_view text = file.text();
            if (text.empty()) return true;  // nothing was logged yet
            const Json line = parse_json(text.substr(0, text.find('\n')), "metrics");
            return line.is_object() && line.contains("step");
          }};
}

FolderKind start_folder() {
  FolderKind kind = bundle::bundle_folder();
  kind.name = "the first weights of a training";
  kind.is_one = [](const std::filesystem::path& folder) {
    return bundle::read_bundle(folder).untrained;
  };
  return kind;
}

}  // namespace dnd::tasks
