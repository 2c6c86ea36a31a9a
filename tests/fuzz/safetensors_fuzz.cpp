// Bytes -> parse_safetensors. Accepted: the tensors fill the data part without overlap, and the
// writer's header for them says the same.
#include <cstring>

#include "base/checked_math.h"
#include "formats/safetensors.h"
#include "fuzz/fuzz_support.h"

namespace dnd::fuzz {
namespace {

using namespace formats;

constexpr std::size_t kPrefixBytes = 8;

void check_tensors(const SafetensorsHeader& header, std::span<const std::byte> file) {
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, file.data(), kPrefixBytes);
  const std::byte* next = file.data() + kPrefixBytes + header_size;
  for (const TensorView& tensor : header.tensors) {
    const auto elements = checked_elements(tensor.shape);
    require(elements.has_value(), "a shape has a number of elements");
    const auto bits = checked_mul(*elements, dtype_bits(tensor.dtype));
    require(bits && *bits == tensor.bytes.size() * 8, "a tensor has the bytes of its shape");
    require(tensor.bytes.data() == next, "a tensor begins where the one before it ends");
    next += tensor.bytes.size();
  }
  require(next == file.data() + file.size(), "tensors fill the file");
}

std::string rewritten(const SafetensorsHeader& header) {
  std::vector<TensorSpec> specs;
  std::string data;
  for (const TensorView& tensor : header.tensors) {
    specs.push_back({tensor.name, tensor.dtype, tensor.shape});
    data.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  const std::string text = SafetensorsWriter::header(specs, header.metadata);
  const std::uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), kPrefixBytes) + text + data;
}

void check_same(const SafetensorsHeader& a, const SafetensorsHeader& b) {
  require(a.metadata == b.metadata, "metadata survives writing");
  require(a.tensors.size() == b.tensors.size(), "every tensor survives writing");
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    const TensorView& x = a.tensors[i];
    const TensorView& y = b.tensors[i];
    require(x.name == y.name && x.dtype == y.dtype && x.shape == y.shape &&
                std::equal(x.bytes.begin(), x.bytes.end(), y.bytes.begin(), y.bytes.end()),
            "a tensor survives writing");
  }
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  const std::span file = std::as_bytes(std::span(data, size));
  dnd::formats::SafetensorsHeader header;
  if (!accepted([&] { header = dnd::formats::parse_safetensors(file, "x"); })) return 0;
  check_tensors(header, file);
  const std::string again = rewritten(header);
  check_same(header,
             dnd::formats::parse_safetensors(std::as_bytes(std::span(again)), "written again"));
  return 0;
}
