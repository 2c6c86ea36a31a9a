// Pieces of protocol 2 pickles as text, right and wrong ones, for hostile-file tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/zip_writer.h"

namespace dnd::testing::pickled {

inline std::string text(std::string_view value) {
  return "X" + little_endian(value.size(), 4) + std::string(value);
}
inline std::string number(std::int64_t value) {
  return "\x8a\x08" + little_endian(static_cast<std::uint64_t>(value), 8);
}
inline std::string global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}
inline std::string tuple(const std::vector<std::string>& items) {
  return "(" + joined(items) + "t";
}
inline std::string numbers(const std::vector<std::int64_t>& values) {
  std::vector<std::string> items;
  for (const std::int64_t value : values) items.push_back(number(value));
  return tuple(items);
}
// Keys and values alternate.
inline std::string dict(const std::vector<std::string>& items) {
  return "}(" + joined(items) + "u";
}
inline std::string ordered_dict() { return global("collections", "OrderedDict") + ")R"; }
inline std::string storage(std::string_view type, std::string_view key, std::int64_t elements) {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), number(elements)}) +
         "Q";
}

// A (2, 3) F32 tensor in storage "0"; tests change one part.
struct Tensor {
  std::string storage = pickled::storage("FloatStorage", "0", 6);
  std::string offset = number(0);
  std::string size = numbers({2, 3});
  std::string stride = numbers({3, 1});
  std::string requires_grad = "\x89";
  std::string hooks = ordered_dict();

  std::string arguments() const {
    return tuple({storage, offset, size, stride, requires_grad, hooks});
  }
  std::string done() const {
    return global("torch._utils", "_rebuild_tensor_v2") + arguments() + "R";
  }
};

inline std::string whole(std::string_view body) { return "\x80\x02" + std::string(body) + "."; }

}  // namespace dnd::testing::pickled
