#include "condition.h"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "base/environment.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "context.h"
#include "text/glove.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

fs::path default_generator() { return data_folder() / "models" / "default"; }

bool is_there(const fs::path& path, bundle::EncoderKind kind) {
  return kind == bundle::EncoderKind::glove ? is_file(path) : path_exists(path / "config.json");
}

void warn_about_length(const text::TokenBatch& batch) {
  std::size_t full = 0;
  for (std::int64_t i = 0; i < batch.prompts; ++i) {
    full += batch.mask[static_cast<std::size_t>((i + 1) * batch.length - 1)];
  }
  if (full > 0) {
    log_debug(cat(full, " of ", batch.prompts, " prompts fill all ", batch.length,
                  " tokens; longer ones were cut"));
  }
}

// "'What is 2+3?' (4 times)", up to three of the texts that come more than once, most frequent first.
std::string repeated_texts(const std::vector<std::string>& texts) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& text : texts) ++counts[text];
  std::vector<std::pair<std::size_t, std::string>> repeated;
  for (const auto& [text, count] : counts) {
    if (count > 1) repeated.emplace_back(count, text);
  }
  std::stable_sort(repeated.begin(), repeated.end(),
                   [](const auto& x, const auto& y) { return x.first > y.first; });
  constexpr std::size_t kNamed = 3;
  std::string named;
  for (std::size_t i = 0; i < std::min(kNamed, repeated.size()); ++i) {
    named += cat(i == 0 ? "'" : ", '", printable(repeated[i].second), "' (", repeated[i].first,
                 " times)");
  }
  return repeated.size() > kNamed ? cat(named, " and ", repeated.size() - kNamed, " more") : named;
}

// Few or repeated prompts make a worse adapter: the generator was trained on N different ones.
void warn_about_repetition(const text::PromptTask& task, const ChosenPrompts& chosen) {
  const std::size_t needed = chosen.texts.size();
  if (chosen.distinct == needed) return;
  const std::string who = task.name.empty() ? "" : cat("task '", task.name, "': ");
  if (task.prompts.size() < needed) {
    log_warning(cat(who, task.prompts.size(), " prompts (", chosen.distinct,
                    " distinct) for a generator that takes ", needed,
                    ": they are repeated in order"));
  } else {
    log_warning(cat(who, "only ", chosen.distinct, " of the ", needed,
                    " prompts in use are distinct: ", repeated_texts(chosen.texts)));
  }
}

// Of a condition (N, L, C): 1 where a row has a value other than 0.
std::vector<std::uint8_t> rows_with_values(const HostTensor& condition) {
  const auto width = static_cast<std::size_t>(condition.shape.at(2));
  std::vector<std::uint8_t> mask(condition.values.size() / width);
  for (std::size_t i = 0; i < condition.values.size(); ++i) {
    if (condition.values[i] != 0.0F) mask[i / width] = 1;
  }
  return mask;
}

}  // namespace

Generator open_generator(const std::string& model) {
  fs::path folder = model;
  if (model.empty()) folder = environment("DND_MODEL");
  if (folder.empty()) {
    folder = default_generator();
    if (!path_exists(folder)) {
      fail(ErrorKind::no_input,
           "no generator: give --model BUNDLE or set DND_MODEL (none is "
           "installed at ",
           folder.string(), "; 'dnd import' makes one from a released .pth)");
    }
  }
  Generator generator{folder, bundle::read_bundle(folder)};
  if (generator.config.untrained) {
    log_warning(cat("generator '", printable(generator.config.name),
                    "' is untrained (random weights): its adapters test the pipeline only"));
  }
  return generator;
}

fs::path find_encoder(const Generator& generator, const std::string& option) {
  const bundle::ConditionConfig& condition = generator.config.condition;
  const std::string& name = condition.encoder;
  if (!option.empty()) {
    if (!is_there(option, condition.kind)) {
      fail(ErrorKind::no_input, "--encoder ", option, ": ",
           condition.kind == bundle::EncoderKind::glove ? "no such file" : "holds no config.json");
    }
    const std::string given = fs::path(option).lexically_normal().stem().string();
    if (given != fs::path(name).stem()) {
      log_warning(cat("the generator was made for encoder '", printable(name), "', using '",
                      printable(given), "'"));
    }
    return option;
  }
  const std::string entry = condition.kind == bundle::EncoderKind::glove ? name + ".txt" : name;
  std::vector<fs::path> places = {generator.folder / bundle::kEncoderFolderName};
  if (condition.kind == bundle::EncoderKind::glove) places = {places[0] / entry};
  if (const std::string folder = environment("DND_ENCODERS"); !folder.empty()) {
    places.push_back(fs::path(folder) / entry);
  }
  places.push_back(data_folder() / "encoders" / entry);
  std::string searched;
  for (const fs::path& place : places) {
    if (is_there(place, condition.kind)) return place;
    searched += "\n  " + place.string();
  }
  fail(ErrorKind::unavailable, "encoder '", printable(name),
       "' is not installed; give --encoder, or put it at one of:", searched);
}

text::PromptSet load_prompts(const SourceOptions& options) {
  for (const fs::path& path : options.prompts) {
    if (path == "-" && ::isatty(STDIN_FILENO) != 0) {
      fail(ErrorKind::usage, "--prompts -: standard input is a terminal; pipe prompts into it");
    }
  }
  text::PromptSet set = text::read_prompts(options.prompts, {options.field});
  if (set.skipped_empty > 0) log_warning(cat(set.skipped_empty, " empty prompts were left out"));
  return set;
}

ChosenPrompts choose_prompts(const text::PromptTask& task, const bundle::ConditionConfig& condition,
                             const SourceOptions& options, std::size_t variant) {
  const auto needed = static_cast<std::size_t>(condition.prompts);
  const auto mode = options.select == "first" ? text::SelectMode::first : text::SelectMode::random;
  const text::Selection selection =
      text::select_prompts(task.prompts, needed, mode, options.seed, variant);
  ChosenPrompts chosen;
  chosen.distinct = selection.distinct;
  chosen.selection = task.prompts.size() == needed ? "exact" : options.select;
  if (task.prompts.size() < needed) chosen.selection = "repeated";
  Sha256 hash;
  for (const std::size_t index : selection.indices) {
    chosen.texts.push_back(task.prompts[index]);
    hash.update(chosen.texts.back());
    hash.update(std::string_view("\0", 1));
  }
  chosen.sha256 = hash.hex();
  warn_about_repetition(task, chosen);
  return chosen;
}

ConditionMaker::ConditionMaker(Engine& engine, const Generator& generator, fs::path encoder)
    : engine_(engine), config_(generator.config), encoder_(std::move(encoder)) {
  if (config_.condition.kind == bundle::EncoderKind::glove) return;
  // On this thread where the system gives no other.
  auto tokenizer = std::async(std::launch::async | std::launch::deferred,
                              [&] { return text::load_tokenizer(encoder_); });
  engine_.load_encoder(encoder_.string());
  tokenizer_ = tokenizer.get();
  if (engine_.encoder_width() != config_.condition.width) {
    fail(ErrorKind::data, "encoder: ", encoder_.string(), " is ", engine_.encoder_width(),
         " wide, the generator needs ", config_.condition.width);
  }
}

HostTensor ConditionMaker::make(const std::vector<std::string>& prompts) const {
  return make_masked(prompts).values;
}

MaskedCondition ConditionMaker::make_masked(const std::vector<std::string>& prompts) const {
  if (config_.condition.kind == bundle::EncoderKind::glove) {
    MaskedCondition condition{make_glove(prompts), {}};
    condition.mask = rows_with_values(condition.values);
    return condition;
  }
  const auto length = static_cast<std::size_t>(config_.condition.max_length);
  const text::TokenBatch batch = text::tokenize(*tokenizer_, prompts, length);
  warn_about_length(batch);
  return {engine_.encode(batch, config_), batch.mask};
}

HostTensor ConditionMaker::make_glove(const std::vector<std::string>& prompts) const {
  const auto length = static_cast<std::size_t>(config_.condition.max_length);
  const auto width = static_cast<std::size_t>(config_.condition.width);
  text::GloveCondition glove = text::glove_condition(encoder_, prompts, length, width);
  if (glove.unknown > 0) {
    log_info(cat(glove.unknown, " of ", glove.words, " words have no vector"));
  }
  return {{glove.prompts, glove.length, glove.width}, std::move(glove.values)};
}

}  // namespace dnd::app
