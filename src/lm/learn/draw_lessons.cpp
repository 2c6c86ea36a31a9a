#include "lm/learn/draw_lessons.h"

#include <algorithm>

#include "base/random.h"

namespace dnd::lm::learn {
namespace {

// FNV-1a (Fowler, Noll, Vo), 64 bits: names become parts of seeds.
std::uint64_t name_number(const std::string& name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3ULL;
  }
  return hash;
}

// Item `place` of the order in which `size` things come in the round.
std::size_t drawn(std::size_t size, std::uint64_t seed, std::uint64_t stream, std::uint64_t round,
                  std::size_t place) {
  SplitMix64 random(SplitMix64(SplitMix64(seed).next() + stream).next() + round);
  return draw_without_replacement(size, size, random)[place];
}

}  // namespace

std::vector<LessonPlace> draw_lessons(const std::vector<std::size_t>& sizes, std::size_t batch,
                                      std::uint64_t seed, const std::string& name,
                                      std::int64_t step) {
  const std::uint64_t own = seed ^ name_number(name);
  std::vector<LessonPlace> places;
  for (std::size_t i = 0; i < batch; ++i) {
    const std::uint64_t draw = static_cast<std::uint64_t>(step) * batch + i;
    const std::uint64_t round = draw / sizes.size();  // how often each list came before
    const std::size_t list = drawn(sizes.size(), own, 0, round, draw % sizes.size());
    const std::size_t size = sizes[list];
    places.push_back({list, drawn(size, own, list + 1, round / size, round % size)});
  }
  return places;
}

}  // namespace dnd::lm::learn
