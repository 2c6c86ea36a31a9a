// Frozen text encoders: token ids -> the condition of the decoder.
//
// Loaded from ordinary Hugging Face folders (config.json + model.safetensors): BERT-type models and
// the encoder half of T5. Positions of padding keep their hidden states: they feed the decoder.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "bundle/generator_config.h"
#include "ops/cpu/packed_linear.h"
#include "ops/workers.h"
#include "text/tokenizer.h"

namespace dnd::nn {

// The longest sequence encoded at once; longer ones are cut into such chunks, each on its own with
// positions from 0 (docs/architecture.md).
inline constexpr std::int64_t kChunkLength = 512;

// One sequence for the model: its ids and how many of them, from the start, are not padding.
struct Chunk {
  std::span<const std::int32_t> ids;
  std::int64_t real = 0;

  std::int64_t length() const { return static_cast<std::int64_t>(ids.size()); }
};

// The two model families. Construct with load_text_encoder(). Immutable, thread-safe.
class EncoderModel {
 public:
  virtual ~EncoderModel() = default;
  virtual std::int64_t width() const = 0;            // C
  virtual std::int64_t vocabulary_size() const = 0;  // ids must be below
  virtual std::int64_t max_positions() const = 0;    // longest chunk; INT64_MAX where unlimited
  // Hidden states of one chunk to `x` (L, C), contiguous fp32, on the calling thread.
  virtual void forward(const Chunk& chunk, bundle::EmptyChunk empty_chunk, at::Tensor x) const = 0;
};

// How an encoder multiplies by its weights.
using EncoderProducts = ops::cpu::PackedLinear::Backend;

// Throws Error(no_input), or Error(data) naming what is not supported. On a device that is not the
// CPU BERT-type models run there, by LibTorch's own operations in fp32, whatever `products` says;
// others stay on the CPU.
std::unique_ptr<EncoderModel> load_text_encoder(const std::filesystem::path& folder,
                                                EncoderProducts products = EncoderProducts::onednn,
                                                const at::Device& device = at::kCPU);

// Whether chunks with the same ids and mask, whose states are equal, are computed once.
enum class Repeats { share, compute };

// States to `out` (N, L, C), contiguous fp32: the same bytes for both values of `repeats` and any
// number of workers. Throws Error(data) for ids or lengths that the model does not have.
void encode_to(const ops::Workers& workers, const EncoderModel& model,
               const text::TokenBatch& batch, bundle::EmptyChunk empty_chunk, const at::Tensor& out,
               Repeats repeats = Repeats::share);

}  // namespace dnd::nn
