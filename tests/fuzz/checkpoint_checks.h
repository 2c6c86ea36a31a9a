// What holds for every checkpoint that TorchCheckpoint accepts.
#pragma once

#include <algorithm>
#include <filesystem>

#include "formats/torch_checkpoint.h"
#include "fuzz/fuzz_support.h"

namespace dnd::fuzz {

// Tensors whose bytes are read: many may share one storage.
inline constexpr std::size_t kMostRead = 16;

inline void check_tensor(const formats::TorchCheckpoint& checkpoint,
                         const formats::CheckpointTensor& tensor) {
  require(checkpoint.find(tensor.name) == &tensor, "a tensor is found by its name");
  std::uint64_t seen = 0;
  const bool whole = accepted([&] {
    checkpoint.read(tensor, [&](std::span<const std::byte> piece) { seen += piece.size(); });
  });
  require(!whole || seen == tensor.byte_size, "a tensor's bytes all arrive");
  accepted([&] {
    const std::vector<float> values = checkpoint.read_f32(tensor);
    require(values.size() == tensor.byte_size * 8 / dtype_bits(tensor.dtype),
            "every element becomes a float");
  });
}

inline void check_checkpoint(const std::filesystem::path& path) {
  accepted([&] {
    const formats::TorchCheckpoint checkpoint(path);
    const auto& tensors = checkpoint.tensors();
    for (std::size_t i = 0; i < std::min(tensors.size(), kMostRead); ++i) {
      check_tensor(checkpoint, tensors[i]);
    }
  });
}

}  // namespace dnd::fuzz
