#include "target/block_path.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/strings.h"

namespace dnd::target {
namespace {

std::optional<std::int64_t> as_number(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || text.front() == '-' || stop != end || error != std::errc()) return {};
  if (text.size() > 1 && text.front() == '0') return {};  // it could not be written back
  return value;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

template <typename Predicate>
bool any_component(std::string_view path, Predicate predicate) {
  const auto components = split(path, '.');
  return std::any_of(components.begin(), components.end(), predicate);
}

bool is_block_list(std::string_view prefix) {
  const auto components = split(prefix, '.');
  if (components.size() < 2) return false;
  const std::string_view list = components[components.size() - 2];
  constexpr std::array<std::string_view, 5> kEndings = {"layers", "layer", "blocks", "block",
                                                        "refiner"};
  return list == "h" || std::any_of(kEndings.begin(), kEndings.end(),
                                    [&](auto ending) { return list.ends_with(ending); });
}

}  // namespace

std::optional<BlockPath> parse_block_path(std::string_view path) {
  std::size_t begin = 0;
  for (std::size_t end = path.find('.'); end != std::string_view::npos;
       end = path.find('.', begin)) {
    if (const auto index = as_number(path.substr(begin, end - begin)); index && begin > 0) {
      const std::string_view name = path.substr(end + 1);
      if (name.empty()) return std::nullopt;
      return BlockPath{cat(path.substr(0, begin), "{i}"), *index, std::string(name)};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

std::string module_kind(std::string_view path) {
  const auto block = parse_block_path(path);
  return block ? cat(block->prefix, ".", block->name) : std::string(path);
}

std::set<std::string> repeated_blocks(const std::vector<Linear>& linears) {
  std::map<std::string, std::int64_t> first_index;
  std::set<std::string> repeated;
  for (const Linear& linear : linears) {
    const auto block = parse_block_path(linear.path);
    if (!block) continue;
    const auto [seen, is_new] = first_index.emplace(block->prefix, block->index);
    if (seen->second != block->index || (is_new && is_block_list(block->prefix))) {
      repeated.insert(block->prefix);
    }
  }
  return repeated;
}

bool is_tower(std::string_view path) {
  return any_component(path, [](std::string_view part) {
    return part == "visual" || part.starts_with("audio") || contains(part, "vision");
  });
}

bool has_side_tower(const std::vector<Linear>& linears) {
  const auto inside = [](const Linear& linear) { return is_tower(linear.path); };
  return std::any_of(linears.begin(), linears.end(), inside) &&
         !std::all_of(linears.begin(), linears.end(), inside);
}

bool is_modulation(std::string_view path) {
  const auto components = split(path, '.');
  if (components.size() > 1 && components.back() == "linear" &&
      components[components.size() - 2].starts_with("norm")) {
    return true;
  }
  return any_component(path, [](std::string_view part) {
    return part == "mod" || part.ends_with("_mod") || contains(part, "modulation") ||
           part.starts_with("adaLN");
  });
}

bool is_router(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('.') + 1);
  return name == "gate" || name == "router" || name == "shared_expert_gate";
}

std::optional<std::int64_t> expert_number(std::string_view path) {
  const auto components = split(path, '.');
  for (std::size_t i = 0; i + 2 < components.size(); ++i) {
    if (components[i] == "experts") return as_number(components[i + 1]);
  }
  return std::nullopt;
}

}  // namespace dnd::target
