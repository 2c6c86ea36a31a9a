// Bytes of a whole GGUF file. Accepted: tensors lie in the file, aligned and apart, with the bytes
// of their shapes.
#include "base/checked_math.h"
#include "formats/gguf.h"
#include "fuzz/fuzz_support.h"

namespace dnd::fuzz {
namespace {

using namespace formats;

void check_tensor(const GgufFile& file, const GgufTensor& tensor) {
  require(file.find_tensor(tensor.name) == &tensor, "a tensor is found by its name");
  require(tensor.name.size() <= kMaxGgufName, "a tensor's name is short");
  const auto elements = checked_elements(tensor.shape);
  require(elements && tensor.type != nullptr, "a tensor has a size and a type");
  require(*elements / tensor.type->block_size * tensor.type->block_bytes == tensor.bytes.size(),
          "a tensor has the bytes of its shape");
  accepted(
      [&] { require(file.read_f32(tensor).size() == *elements, "every element becomes a float"); });
}

void check_apart(const GgufFile& file) {
  std::vector<std::span<const std::byte>> parts;
  for (const GgufTensor& tensor : file.tensors()) {
    if (!tensor.bytes.empty()) parts.push_back(tensor.bytes);
  }
  std::sort(parts.begin(), parts.end(),
            [](auto a, auto b) { return std::less<>()(a.data(), b.data()); });
  for (std::size_t i = 1; i < parts.size(); ++i) {
    require(parts[i - 1].data() + parts[i - 1].size() <= parts[i].data(), "tensors lie apart");
  }
}

void check_entry(const GgufFile& file, const std::string& key) {
  require(file.find(key) != nullptr, "an entry is found by its key");
  accepted([&] { file.text(key); });
  accepted([&] { file.integer(key); });
  accepted([&] { file.number(key); });
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  const auto path = scratch().file("x.gguf", as_text(data, size));
  accepted([&] {
    const dnd::formats::GgufFile file(path);
    for (const auto& [key, value] : file.entries()) check_entry(file, key);
    for (const auto& tensor : file.tensors()) check_tensor(file, tensor);
    check_apart(file);
  });
  return 0;
}
