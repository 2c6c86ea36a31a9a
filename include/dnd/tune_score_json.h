// TuneScore in files: {"loss", "right"}, null where nothing was judged.
#pragma once

#include <optional>

#include "base/json.h"
#include "dnd/tuner.h"

namespace dnd {

inline Json score_json(const std::optional<TuneScore>& score) {
  if (!score) return nullptr;
  return {{"loss", score->loss}, {"right", score->right}};
}

inline std::optional<TuneScore> score_from(JsonObject& object, const char* key) {
  if (!object.has(key)) return std::nullopt;
  JsonObject score = object.object(key);
  return TuneScore{score.number_or("loss", 0.0), score.number_or("right", 0.0)};
}

}  // namespace dnd
