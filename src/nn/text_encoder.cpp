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

std::vector<Chunk> cut_into_chunks(const TokenBatch& batch, const Cut& cut,
                                   const EncoderModel& model) {
  std::vector<Chunk> chunks;
  for (std::int64_t i = 0; i < batch.prompts * cut.chunks; ++i) {
    chunks.push_back(chunk_at(batch, cut, i, model));
  }
  return chunks;
}

struct Copy {
  std::size_t from = 0;
  std::size_t to = 0;
};

struct Plan {
  std::vector<std::size_t> work;  // chunks to compute
  std::vector<Copy> copies;       // the others, each of one of those
};

struct ChunkLess {
  bool operator()(const Chunk* a, const Chunk* b) const {
    if (a->real != b->real) return a->real < b->real;
    return std::lexicographical_compare(a->ids.begin(), a->ids.end(), b->ids.begin(), b->ids.end());
  }
};

Plan make_plan(const std::vector<Chunk>& chunks, Repeats repeats) {
  Plan plan;
  std::map<const Chunk*, std::size_t, ChunkLess> seen;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto [first, is_new] = seen.emplace(&chunks[i], i);
    if (is_new || repeats == Repeats::compute) {
      plan.work.push_back(i);
    } else {
      plan.copies.push_back({first->second, i});
    }
  }
  return plan;
}

}  // namespace

std::unique_ptr<EncoderModel> load_text_encoder(const fs::path& folder, EncoderProducts products,
                                                const at::Device& device) {
  const fs::path path = folder / "config.json";
  const std::string who = "encoder: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject config(json, who);
  const std::string type = config.text("model_type");
  const bool is_bert = type == "bert" || type == "roberta" || type == "xlm-roberta";
  if (is_bert && !device.is_cpu()) return load_torch_bert(folder, config, device);
  if (is_bert) return load_bert(folder, config, products);
  if (type == "t5") return load_t5(folder, config, products);
  fail(ErrorKind::data, who, ": model_type '", printable(type),
       "' is not supported; supported: bert, roberta, xlm-roberta, t5");
}

void encode_to(const ops::Workers& workers, const EncoderModel& model, const TokenBatch& batch,
               bundle::EmptyChunk empty_chunk, const at::Tensor& out, Repeats repeats) {
  const Cut cut = cut_length(batch.length, model);
  const std::vector<Chunk> chunks = cut_into_chunks(batch, cut, model);
  const Plan plan = make_plan(chunks, repeats);
  const at::Tensor all = out.view({-1, cut.chunk_length, model.width()});
  const auto states = [&](std::size_t index) {
    return all.select(0, static_cast<std::int64_t>(index));
  };
  workers.run(static_cast<std::int64_t>(plan.work.size()), [&](std::int64_t i) {
    const std::size_t index = plan.work[static_cast<std::size_t>(i)];
    model.forward(chunks[index], empty_chunk, states(index));
  });
  workers.run(static_cast<std::int64_t>(plan.copies.size()), [&](std::int64_t i) {
    const Copy& copy = plan.copies[static_cast<std::size_t>(i)];
    states(copy.to).copy_(states(copy.from));
  });
}

}  // namespace dnd::nn
