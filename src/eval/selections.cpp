#include "eval/selections.h"

#include <array>
#include <cmath>
#include <set>

#include "base/random.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "text/prompts.h"

namespace dnd::eval {
namespace {

using Attributes = std::map<std::string, std::string>;

constexpr const char* kOtherTask = "other_task";

constexpr std::array kWords = {
    "about", "after", "again",  "air",    "all",   "along", "animal", "answer", "apple", "away",
    "back",  "bed",   "before", "bird",   "blue",  "boat",  "book",   "bread",  "car",   "chair",
    "child", "city",  "clean",  "cloud",  "cold",  "door",  "down",   "early",  "earth", "eat",
    "end",   "face",  "family", "father", "field", "find",  "fire",   "fish",   "food",  "friend",
    "game",  "give",  "glass",  "grass",  "green", "hand",  "heavy",  "hill",   "home",  "horse",
    "hour",  "house", "idea",   "inside", "kind",  "king",  "large",  "laugh",  "leaf",  "learn",
    "left",  "light", "little", "long",   "make",  "many",  "map",    "market", "milk",  "money",
    "moon",  "more",  "mother", "move",   "music", "name",  "near",   "never",  "new",   "night",
    "north", "old",   "open",   "other",  "paper", "park",  "people", "place",  "plant", "play",
    "quiet", "rain",  "read",   "red",    "right", "river", "road",   "room",   "round", "run",
    "salt",  "sand",  "school", "sea",    "seven", "ship",  "short",  "sing",   "sleep", "slow",
    "small", "snow",  "some",   "song",   "stone", "story", "street", "strong", "sun",   "table",
    "tall",  "ten",   "think",  "time",   "tree",  "under", "walk",   "wall",   "warm",  "water",
    "week",  "wind",  "window", "winter", "wood",  "word",  "work",   "world",  "year",  "young"};

bool same_keys(const Attributes& x, const Attributes& y) {
  if (x.size() != y.size()) return false;
  for (const auto& [key, value] : x) {
    if (!y.contains(key)) return false;
  }
  return true;
}

bool fits(const tasks::Task& task, const tasks::Task& other, const Control& control) {
  if (task.name == other.name) return false;
  if (control.id == kOtherTask) return true;
  if (task.attributes.empty() || !same_keys(task.attributes, other.attributes)) return false;
  for (const auto& [key, value] : task.attributes) {
    const bool should_differ = control.attribute.empty() || key == control.attribute;
    if ((other.attributes.at(key) != value) != should_differ) return false;
  }
  return control.attribute.empty() || task.attributes.contains(control.attribute);
}

std::uint64_t stream_of(const std::string& task, const std::string& control) {
  Sha256 hash;
  hash.update(task);
  hash.update(std::string_view("\0", 1));
  hash.update(control);
  return std::stoull(hash.hex().substr(0, 16), nullptr, 16);
}

SplitMix64 stream(std::uint64_t seed, std::uint64_t number) {
  return SplitMix64(SplitMix64(seed).next() + number);
}

}  // namespace

std::vector<std::string> draw_prompts(const std::vector<std::string>& prompts, std::size_t needed,
                                      std::uint64_t seed, std::size_t draw) {
  const text::Selection selection =
      text::select_prompts(prompts, needed, text::SelectMode::random, seed, draw);
  std::vector<std::string> chosen;
  chosen.reserve(selection.indices.size());
  for (const std::size_t index : selection.indices) chosen.push_back(prompts[index]);
  return chosen;
}

std::vector<Control> controls_of(const tasks::TaskSet& set) {
  std::set<std::string> keys;
  for (const tasks::Task& task : set.held_out) {
    for (const auto& [key, value] : task.attributes) keys.insert(key);
  }
  std::vector<Control> controls;
  controls.reserve(keys.size() + 1);
  for (const std::string& key : keys) controls.push_back({"other:" + key, key});
  if (keys.size() > 1) controls.push_back({"other_in_all", ""});
  if (keys.empty()) controls.push_back({kOtherTask, ""});
  return controls;
}

std::vector<const tasks::Task*> partners_of(const tasks::TaskSet& set, const tasks::Task& task,
                                            const Control& control, std::uint64_t seed) {
  std::vector<const tasks::Task*> fitting;
  std::set<std::string> names;  // where the training tasks are judged, both lists have them
  for (const auto* list : {&set.train, &set.held_out}) {
    for (const tasks::Task& other : *list) {
      if (fits(task, other, control) && names.insert(other.name).second) fitting.push_back(&other);
    }
  }
  SplitMix64 random = stream(seed, stream_of(task.name, control.id));
  std::vector<const tasks::Task*> ordered;
  for (const std::size_t index : draw_without_replacement(fitting.size(), fitting.size(), random)) {
    ordered.push_back(fitting[index]);
  }
  return ordered;
}

std::vector<std::string> random_text(std::size_t count, std::uint64_t seed, std::uint64_t number) {
  SplitMix64 random = stream(seed, number);
  std::vector<std::string> lines(count);
  for (std::string& line : lines) {
    const std::uint64_t words = 8 + random.below(9);
    for (std::uint64_t i = 0; i < words; ++i) {
      line += (i == 0 ? "" : " ");
      line += kWords.at(random.below(kWords.size()));
    }
  }
  return lines;
}

double cosine(std::span<const float> x, std::span<const float> y) {
  double xy = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto a = static_cast<double>(x[i]);
    const auto b = static_cast<double>(y[i]);
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return xx > 0.0 && yy > 0.0 ? xy / std::sqrt(xx * yy) : 0.0;
}

std::size_t nearest(std::span<const float> query,
                    const std::vector<std::vector<float>>& candidates) {
  if (candidates.empty()) fail(ErrorKind::internal, "eval: no candidates to be near to");
  std::size_t best = 0;
  double highest = -2.0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const double value = cosine(query, candidates[i]);
    if (value > highest) {
      highest = value;
      best = i;
    }
  }
  return best;
}

}  // namespace dnd::eval
