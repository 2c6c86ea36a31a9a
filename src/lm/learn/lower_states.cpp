#include "lm/learn/lower_states.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace dnd::lm::learn {
namespace {

constexpr std::size_t kAtOnce = 64;  // lessons whose states are in memory

// The first lessons whose states take no more than that.
void keep_what_fits(std::vector<const TuneLesson*>& lessons, std::int64_t width,
                    std::uint64_t most_bytes) {
  std::uint64_t left = most_bytes;
  const auto end = std::find_if(lessons.begin(), lessons.end(), [&](const TuneLesson* lesson) {
    const std::uint64_t bytes =
        lesson->ids.size() * static_cast<std::uint64_t>(width) * sizeof(float);
    if (bytes > left) return true;
    left -= bytes;
    return false;
  });
  lessons.erase(end, lessons.end());
}

// Alone: what a lesson's are does not depend on others.
std::vector<float> states_of(const LearningBase& base, std::int64_t layer,
                             const TuneLesson& lesson) {
  const c10::InferenceMode off(false);
  const std::vector<Lesson> one = {{lesson.ids, lesson.answer, 0, nullptr, {}}};
  const at::Tensor states =
      base.run_layers(0, layer, base.embed(one), lay_out(one), {}).contiguous();
  const auto* values = states.const_data_ptr<float>();
  return {values, values + states.numel()};
}

}  // namespace

LowerStates::LowerStates(const ops::Workers& workers, const LearningBase& base, std::int64_t layer,
                         std::vector<const TuneLesson*> lessons, std::filesystem::path path,
                         std::uint64_t most_bytes, const std::function<bool()>& should_stop)
    : path_(std::move(path)) {
  keep_what_fits(lessons, base.width(), most_bytes);
  std::error_code left;
  std::filesystem::remove(path_, left);  // of a call that was killed
  FileWriter writer(path_);
  for (std::size_t first = 0; first < lessons.size(); first += kAtOnce) {
    if (should_stop && should_stop()) {
      lessons.resize(first);
      break;
    }
    const std::size_t count = std::min(kAtOnce, lessons.size() - first);
    std::vector<std::vector<float>> states(count);
    workers.run(static_cast<std::int64_t>(count), [&](std::int64_t i) {
      const auto index = static_cast<std::size_t>(i);
      states[index] = states_of(base, layer, *lessons[first + index]);
    });
    for (const std::vector<float>& each : states) writer.write(std::as_bytes(std::span(each)));
  }
  writer.finish();
  file_ = MappedFile(path_);
  const auto* next = reinterpret_cast<const float*>(file_.bytes().data());
  for (const TuneLesson* lesson : lessons) {
    const std::size_t size = lesson->ids.size() * static_cast<std::size_t>(base.width());
    states_[lesson] = {next, size};
    next += size;
  }
}

LowerStates::~LowerStates() {
  std::error_code left;
  std::filesystem::remove(path_, left);
}

std::span<const float> LowerStates::of(const TuneLesson& lesson) const {
  const auto found = states_.find(&lesson);
  return found == states_.end() ? std::span<const float>() : found->second;
}

}  // namespace dnd::lm::learn
