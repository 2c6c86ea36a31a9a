#include "nn/text_encoder.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/strings.h"
#include "nn/bert_encoder.h"
#include "nn/t5_encoder.h"

namespace dnd::nn {
namespace fs = std::filesystem;
namespace {

using text::TokenBatch;

// How a row of L tokens is cut, and where a chunk's states go.
struct Cut {
  std::int64_t chunk_length = 0;
  std::int64_t chunks = 0;  // per prompt
};

Cut cut_length(std::int64_t length, const EncoderModel& model) {
  if (length <= kChunkLength) {
    if (length > model.max_positions()) {
      fail(ErrorKind::data, "encoder: ", length, " positions asked for, the model has ",
           model.max_positions());
    }
    return {length, 1};
  }
  if (length % kChunkLength != 0 || model.max_positions() < kChunkLength) {
    fail(ErrorKind::data, "encoder: ", length, " positions must be a multiple of ", kChunkLength,
         " and the model needs as many positions (it has ", model.max_positions(), ")");
  }
  return {kChunkLength, length / kChunkLength};
}

// The chunk of one prompt; checks that ids are in the vocabulary and that padding comes last.
Chunk chunk_at(const TokenBatch& batch, const Cut& cut, std::int64_t index,
               const EncoderModel& model) {
  const auto begin = static_cast<std::size_t>(index * cut.chunk_length);
  const auto size = static_cast<std::size_t>(cut.chunk_length);
  const Chunk chunk{std::span(batch.ids).subspan(begin, size), [&] {
                      const auto mask = std::span(batch.mask).subspan(begin, size);
                      const auto end = std::find(mask.begin(), mask.end(), 0);
                      if (std::find(end, mask.end(), 1) != mask.end()) {
                        fail(ErrorKind::internal, "encoder: padding before a token");
                      }
                      return end - mask.begin();
                    }()};
  for (const std::int32_t id : chunk.ids) {
    if (id < 0 || id >= model.vocabulary_size()) {
      fail(ErrorKind::data, "encoder: token id ", id, " is outside the model's vocabulary of ",
           model.vocabulary_size(), " (tokenizer and model of different encoders?)");
    }
  }
  return chunk;
}

}  // namespace

std::unique_ptr<EncoderModel> load_text_encoder(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  const std::string who = "encoder: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject config(json, who);
  const std::string type = config.text("model_type");
  if (type == "bert") return load_bert(folder, config);
  if (type == "t5") return load_t5(folder, config);
  fail(ErrorKind::data, who, ": model_type '", printable(type),
       "' is not supported; supported: bert, t5");
}

at::Tensor encode_batch(const ops::Workers& workers, const EncoderModel& model,
                        const TokenBatch& batch, bundle::EmptyChunk empty_chunk) {
  const Cut cut = cut_length(batch.length, model);
  const std::int64_t count = batch.prompts * cut.chunks;
  std::vector<Chunk> chunks;
  std::vector<std::int64_t> work;    // chunks to compute
  std::vector<std::int64_t> copies;  // empty chunks, all equal to ...
  std::int64_t first_empty = -1;     // ... this one
  for (std::int64_t i = 0; i < count; ++i) {
    chunks.push_back(chunk_at(batch, cut, i, model));
    const bool repeated = chunks.back().real == 0 && first_empty >= 0;
    (repeated ? copies : work).push_back(i);
    if (chunks.back().real == 0 && first_empty < 0) first_empty = i;
  }
  at::Tensor out = at::empty({count, cut.chunk_length, model.width()}, at::kFloat);
  workers.run(static_cast<std::int64_t>(work.size()), [&](std::int64_t i) {
    const std::int64_t index = work[static_cast<std::size_t>(i)];
    out.select(0, index).copy_(model.forward(chunks[static_cast<std::size_t>(index)], empty_chunk));
  });
  for (const std::int64_t index : copies) out.select(0, index).copy_(out.select(0, first_empty));
  return out.view({batch.prompts, batch.length, model.width()});
}

}  // namespace dnd::nn
