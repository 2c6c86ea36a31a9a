// States below the lowest layer that an adapter acts on: they never change, so each lesson's are computed
// once and kept in a file, as many as a given size takes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "dnd/tuner.h"
#include "lm/learn/learning_base.h"
#include "ops/workers.h"

namespace dnd::lm::learn {

class LowerStates {
 public:
  // Of the first of these lessons whose states fit into `most_bytes`, and that come before `should_stop` says
  // so (asked now and then, where it is given); they must outlive the object. `path` is made anew, and
  // removed with the object. Throws Error(io), Error(cannot_create).
  LowerStates(const ops::Workers& workers, const LearningBase& base, std::int64_t layer,
              std::vector<const TuneLesson*> lessons, std::filesystem::path path,
              std::uint64_t most_bytes = UINT64_MAX, const std::function<bool()>& should_stop = {});
  LowerStates(const LowerStates&) = delete;
  LowerStates& operator=(const LowerStates&) = delete;
  ~LowerStates();

  // (tokens, C), as they go into layer `layer`; nothing of a lesson that it has not.
  std::span<const float> of(const TuneLesson& lesson) const;

 private:
  std::filesystem::path path_;
  std::unordered_map<const TuneLesson*, std::span<const float>> states_;
  MappedFile file_;
};

}  // namespace dnd::lm::learn
