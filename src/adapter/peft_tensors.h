// Tensors of PEFT-style files, whichever container they come in, and the pairs they make.
//
// Non-goals: what the pairs mean (scale, base); that is the readers' part.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "base/dtype.h"
#include "formats/safetensors.h"

namespace dnd::adapter {

// `read` gives the values in C order and keeps the file open as long as it lives.
struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  formats::Shape shape;
  std::function<std::vector<float>()> read;
};

struct TensorFile {
  std::string who;  // for messages: "adapter: PATH"
  formats::Metadata metadata;
  std::vector<StoredTensor> tensors;  // in file order
};

// A .safetensors file, or a checkpoint of torch.save (.bin, .pt, .pth), of which no code is run.
// Throws Error(no_input) or Error(data).
TensorFile open_tensor_file(const std::filesystem::path& path);

// The tensors of one module. `magnitude` (DoRA) and `alpha` (diffusers) may be absent.
struct StoredPair {
  std::string stem;  // the name up to ".lora_A" and the like
  const StoredTensor* a = nullptr;
  const StoredTensor* b = nullptr;
  const StoredTensor* magnitude = nullptr;
  const StoredTensor* alpha = nullptr;
};

// All tensors of `file` as pairs, in file order; an adapter's name ("lora_A.default.weight") is passed
// over. Throws Error(data) naming the tensor for anything else: half pairs, embeddings, biases, saved
// modules, a module that comes twice, other dialects. `allow_alpha`: "<stem>.alpha" is known.
std::vector<StoredPair> collect_pairs(const TensorFile& file, bool allow_alpha);

// Reads one pair as `module`, scale 1. Throws Error(data) where shapes are no (rank, in) and
// (out, rank), or the magnitude is not (out).
LoraPair load_pair(const TensorFile& file, const StoredPair& stored, const std::string& module);

}  // namespace dnd::adapter
