// Which lessons a step learns from: a function of seed, name and step alone, so that learning can stop and go
// on, beside other learners or alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dnd::lm::learn {

// A lesson of one of a learner's lists.
struct LessonPlace {
  std::size_t list = 0;
  std::size_t lesson = 0;
  bool operator==(const LessonPlace&) const = default;
};

// `batch` lessons of step `step` (from 0): every list as often as the others, each of a list's lessons once
// before any comes again, in an order drawn anew each time. `sizes`: lessons of each list, none empty.
std::vector<LessonPlace> draw_lessons(const std::vector<std::size_t>& sizes, std::size_t batch,
                                      std::uint64_t seed, const std::string& name,
                                      std::int64_t step);

}  // namespace dnd::lm::learn
