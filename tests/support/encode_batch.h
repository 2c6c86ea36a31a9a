// A text encoder's states as a tensor of their own.
#pragma once

#include <ATen/ops/empty.h>

#include "nn/text_encoder.h"

namespace dnd::testing {

// nn::encode_to(), to a new (N, L, C).
inline at::Tensor encode_batch(const ops::Workers& workers, const nn::EncoderModel& model,
                               const text::TokenBatch& batch, bundle::EmptyChunk empty_chunk,
                               nn::Repeats repeats = nn::Repeats::share) {
  at::Tensor out = at::empty({batch.prompts, batch.length, model.width()}, at::kFloat);
  nn::encode_to(workers, model, batch, empty_chunk, out, repeats);
  return out;
}

}  // namespace dnd::testing
