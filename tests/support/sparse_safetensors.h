// Whole-size models that take no room: a real header, the tensor bytes as a hole in the file.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "formats/safetensors.h"

namespace dnd::testing {

// Writes `path` with these tensors in the reference writer's order; every byte of theirs is 0.
inline std::filesystem::path write_sparse(const std::filesystem::path& path,
                                          std::vector<formats::TensorSpec> specs) {
  formats::sort_for_safetensors(specs);
  const std::string header = formats::SafetensorsWriter::header(specs, {{"format", "pt"}});
  const std::uint64_t length = header.size();
  std::string prefix(sizeof length, '\0');
  std::memcpy(prefix.data(), &length, sizeof length);
  std::ofstream(path, std::ios::binary) << prefix << header;
  std::uint64_t size = prefix.size() + length;
  for (const formats::TensorSpec& spec : specs) size += spec.byte_size();
  std::filesystem::resize_file(path, size);
  return path;
}

}  // namespace dnd::testing
