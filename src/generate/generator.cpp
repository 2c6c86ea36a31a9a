#include "generate/generator.h"

#include <vector>

#include "base/environment.h"
#include "base/installation.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/model_place.h"
#include "generate/find_generator.h"

namespace dnd::generate {
namespace fs = std::filesystem;
namespace {

void tell_default(const std::string& name, const bundle::GeneratorConfig& config) {
  const bool is_tiny = name == kTinyGenerator;
  log_info(cat("no --model: the built-in generator '", name, "'; its adapters fit ",
               is_tiny
                   ? "the tiny base that comes with it (dnd/tiny-default, models/default/base of "
                     "the sources)"
                   : printable(config.layout.base_model),
               " and no other"));
}

bool is_there(const fs::path& path, bundle::EncoderKind kind) {
  return kind == bundle::EncoderKind::glove ? is_file(path) : path_exists(path / "config.json");
}

// What --encoder names.
fs::path given_encoder(const bundle::ConditionConfig& condition, const std::string& given) {
  formats::ModelPlace place{given, given, ""};
  if (condition.kind == bundle::EncoderKind::transformer) place = formats::find_model(given);
  if (!is_there(place.path, condition.kind)) {
    fail(ErrorKind::no_input, "--encoder ", given, ": ",
         condition.kind == bundle::EncoderKind::glove ? "no such file"
         : path_exists(place.path)                    ? "holds no config.json"
                                                      : "not found");
  }
  const fs::path named = place.hub_name.empty() ? place.path : fs::path(place.hub_name);
  const std::string name_given = named.lexically_normal().stem().string();
  if (name_given != fs::path(condition.encoder).stem()) {
    log_warning(cat("the generator was made for encoder '", printable(condition.encoder),
                    "', using '", printable(name_given), "'"));
  }
  return place.path;
}

}  // namespace

Generator open_generator(const std::string& model) {
  std::string named = model.empty() ? environment("DND_MODEL") : model;
  const bool is_default = named.empty();
  if (is_default) named = default_generator_name();
  if (named.empty()) {
    fail(ErrorKind::no_input,
         "no generator: give --model BUNDLE or set DND_MODEL (none is installed at ",
         (data_folder() / "models").string(), "; 'dnd import' makes one from a released .pth)");
  }
  const fs::path folder = find_generator(named);
  Generator generator{folder, bundle::read_bundle(folder)};
  if (is_default) tell_default(named, generator.config);
  if (generator.config.untrained) {
    log_warning(cat("generator '", printable(generator.config.name),
                    "' is untrained (random weights): its adapters test the pipeline only"));
  }
  return generator;
}

std::vector<fs::path> installed_places(const std::string& entry) {
  std::vector<fs::path> places;
  if (const std::string folder = environment("DND_ENCODERS"); !folder.empty()) {
    places.push_back(fs::path(folder) / entry);
  }
  places.push_back(data_folder() / "encoders" / entry);
  return places;
}

fs::path find_encoder(const Generator& generator, const std::string& given) {
  const bundle::ConditionConfig& condition = generator.config.condition;
  const std::string& name = condition.encoder;
  if (!given.empty()) return given_encoder(condition, given);
  const std::string entry = condition.kind == bundle::EncoderKind::glove ? name + ".txt" : name;
  std::vector<fs::path> places = installed_places(entry);
  const fs::path own = generator.folder / bundle::kEncoderFolderName;
  const bool is_file_of_words = condition.kind == bundle::EncoderKind::glove;
  places.insert(places.begin(), is_file_of_words ? own / entry : own);
  std::string searched;
  std::vector<std::string> others;
  for (const fs::path& place : places) {
    if (is_there(place, condition.kind)) return place;
    searched += "\n  " + place.string();
    if (place.filename() != entry || !is_folder(place.parent_path())) continue;
    for (const fs::path& other : list_folder(place.parent_path())) {
      others.push_back(other.filename().string());
    }
  }
  const std::string near = nearest_word(entry, others);
  fail(ErrorKind::unavailable, "encoder '", printable(name), "' is not installed",
       near.empty() ? "" : cat(" (did you mean '", printable(near), "'?)"),
       "; give --encoder, or put it at one of:", searched);
}

}  // namespace dnd::generate
