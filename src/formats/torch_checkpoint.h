// PyTorch checkpoints: reads what torch.save(model.state_dict()) writes (.pth, .pt, .bin).
//
// Such a file is a ZIP archive: `<top>/data.pkl` is a pickle that describes the tensors,
// `<top>/data/<key>` holds the raw bytes of one storage. Goals: no code of the file is ever run
// (formats/pickle.h), every number in it is checked against the file, tensors of any size stream
// through a few MiB of memory. Non-goals: writing; files of PyTorch before 1.6; TorchScript; whole
// training states (nested dicts, numbers, optimisers): each is refused by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "formats/safetensors.h"
#include "formats/zip_archive.h"

namespace dnd::formats {

// One tensor of a checkpoint: `byte_size` bytes from `byte_offset` on in its storage, C order,
// little-endian. Several tensors may share a storage.
struct CheckpointTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::string storage;  // the name of the archive's entry
  std::uint64_t byte_offset = 0;
  std::uint64_t byte_size = 0;
};

// An open checkpoint. Movable. One thread at a time, read() included.
class TorchCheckpoint {
 public:
  // Throws Error(no_input) if the file cannot be opened, Error(data) for anything but a plain
  // state_dict of C-contiguous tensors that lie inside their storages.
  explicit TorchCheckpoint(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<CheckpointTensor>& tensors() const { return tensors_; }  // in the dict's order
  const CheckpointTensor* find(std::string_view name) const;                 // nullptr if absent

  // Passes the bytes of one of this object's tensors to `sink`, in pieces of 4 MiB (the last is
  // shorter). A tensor that covers its storage is checked against the archive's CRC after the last
  // piece: Error(data) may come when `sink` has seen all bytes.
  void read(const CheckpointTensor& tensor, const ByteSink& sink) const;
  // The whole tensor as fp32. Throws Error(data) unless it is a float type.
  std::vector<float> read_f32(const CheckpointTensor& tensor) const;

 private:
  std::filesystem::path path_;
  ZipArchive archive_;
  std::vector<CheckpointTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace dnd::formats
