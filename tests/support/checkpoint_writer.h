// Small .pth files as torch.save(state_dict) writes them, right and wrong ones.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/pickle_writer.h"
#include "support/zip_writer.h"

namespace dnd::testing {

struct CheckpointEntry {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// The bytes of a checkpoint; every tensor has a storage of its own. `storage_type` is a class of
// torch with 4-byte elements.
inline std::string checkpoint_bytes(const std::vector<CheckpointEntry>& entries,
                                    std::string_view storage_type = "FloatStorage") {
  ZipWriter zip;
  std::vector<std::string> items;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const CheckpointEntry& entry = entries[i];
    std::vector<std::int64_t> strides(entry.shape.size(), 1);
    for (std::size_t d = strides.size(); d-- > 1;) strides[d - 1] = strides[d] * entry.shape[d];
    const std::string key = std::to_string(i);
    const auto count = static_cast<std::int64_t>(entry.values.size());
    items.push_back(pickled::text(entry.name));
    items.push_back(pickled::Tensor{.storage = pickled::storage(storage_type, key, count),
                                    .size = pickled::numbers(entry.shape),
                                    .stride = pickled::numbers(strides)}
                        .done());
    std::string bytes(entry.values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), entry.values.data(), bytes.size());
    zip.add("top/data/" + key, bytes);
  }
  return zip.add("top/data.pkl", pickled::whole(pickled::dict(items))).bytes();
}

}  // namespace dnd::testing
