// Tensors of PEFT-style files, whichever container they come in, and the pairs they make.
//
// Non-goals: what the pairs mean (scale, base); that is the readers' part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
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

// The tensors of one module. `magnitude` (DoRA) and `alpha` (one number) may be absent.
struct StoredPair {
  std::string stem;          // the name up to ".lora_A" and the like
  std::string adapter_name;  // of "lora_A.default.weight"; mostly empty
  const StoredTensor* a = nullptr;
  const StoredTensor* b = nullptr;
  const StoredTensor* magnitude = nullptr;
  const StoredTensor* alpha = nullptr;
};

// What tensors of a pair are called.
enum class PairNames {
  peft,        // lora_A, lora_B, lora_magnitude_vector
  with_alpha,  // also "<stem>.alpha"
  trainers,    // also lora_down for lora_A, lora_up for lora_B
};

// All tensors of `file` as pairs, in file order; an adapter's name ("lora_A.default.weight") is kept apart.
// Throws Error(data) naming another kind of file (adapter/other_kinds.h), then the tensor for anything else:
// half pairs, embeddings, biases, saved modules, a module that comes twice, other dialects; but for tensors
// that `is_beside`, where it is given, says to pass over.
std::vector<StoredPair> collect_pairs(
    const TensorFile& file, PairNames names,
    const std::function<bool(const StoredTensor&)>& is_beside = nullptr);

// Reads one pair as `module`, scale 1. Throws Error(data) where shapes are no (rank, in) and
// (out, rank), or the magnitude is not (out).
LoraPair load_pair(const TensorFile& file, const StoredPair& stored, const std::string& module);

// The number of an alpha tensor. Throws Error(data) where it is not one finite number.
double alpha_value(const TensorFile& file, const StoredTensor& tensor);

// alpha / rank, or 1 where the pair has no alpha. Throws Error(data) for alpha 0, which loaders read in two
// ways, and as alpha_value() does.
double scale_by_alpha(const TensorFile& file, const StoredPair& stored, std::int64_t rank);

// Whether `path` is a file of safetensors, by its name or its beginning, with a tensor whose name passes
// `test`. Throws as SafetensorsFile does.
bool has_tensor(const std::filesystem::path& path, bool (*test)(std::string_view name));

}  // namespace dnd::adapter
