#include "lm/attention.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

namespace dnd::lm {
namespace {

using ops::cpu::AttentionRows;

// Tokens of a sequence that one thread takes at a time.
constexpr std::int64_t kTokens = 64;

// One token's heads; `row`: (H + 2 K, D) queries, keys, values.
void place_row(const ModelConfig& c, const LayerWeights& layer, std::int64_t index,
               const PassRows& rows, std::int64_t position, float* row) {
  const std::int64_t d = c.head_size;
  float* keys = row + c.query_width();
  if (c.head_norms) {
    rms_norm_rows(row, c.heads, layer.query_norm, c.epsilon);
    rms_norm_rows(keys, c.key_value_heads, layer.key_norm, c.epsilon);
  }
  if (rows.rotary != nullptr) {
    for (std::int64_t h = 0; h < c.heads + c.key_value_heads; ++h) {
      rows.rotary->turn(row + h * d, position);
    }
  }
  float* target = rows.sequence->place(index, position);
  for (std::int64_t h = 0; h < 2 * c.key_value_heads; ++h) {
    std::copy_n(keys + h * d, d, target + h * rows.sequence->head_stride());
  }
}

// A key/value head of some rows of a sequence.
struct Share {
  std::size_t sequence = 0;
  std::int64_t head = 0;
  AttentionRows rows;
};

}  // namespace

void place_rows(const ops::Workers& workers, const ModelConfig& config, const LayerWeights& layer,
                std::int64_t index, std::span<const PassRows> pass, const at::Tensor& qkv) {
  auto* values = qkv.mutable_data_ptr<float>();
  const std::int64_t width = qkv.size(1);
  for_rows(workers, qkv.size(0), [&](std::int64_t first, std::int64_t count) {
    auto rows = std::upper_bound(pass.begin(), pass.end(), first,
                                 [](std::int64_t row, const PassRows& r) { return row < r.first; });
    --rows;
    for (std::int64_t row = first; row < first + count; ++row) {
      while (row >= rows->first + rows->rows) ++rows;
      const std::int64_t position = rows->sequence->length() + row - rows->first;
      place_row(config, layer, index, *rows, position, values + row * width);
    }
  });
}

at::Tensor attend(const ops::Workers& workers, const ModelConfig& config, std::int64_t index,
                  std::span<const PassRows> pass, const at::Tensor& qkv) {
  const ModelConfig& c = config;
  const LayerAttention& layer = c.attention[static_cast<std::size_t>(index)];
  const ops::cpu::AttentionRule rule = {c.heads,
                                        c.key_value_heads,
                                        c.head_size,
                                        static_cast<float>(c.attention_scale),
                                        static_cast<float>(c.attention_softcap),
                                        layer.window};
  std::int64_t wanted = 0;
  for (const PassRows& rows : pass) wanted += rows.wanted;
  at::Tensor contexts = at::empty({wanted, c.query_width()}, at::kFloat);
  auto* to = contexts.mutable_data_ptr<float>();
  std::vector<std::vector<ops::cpu::CachedTokens>> caches;
  std::vector<Share> shares;
  for (const PassRows& rows : pass) {
    const Sequence& sequence = *rows.sequence;
    for (std::int64_t row = rows.rows - rows.wanted; row < rows.rows; row += kTokens) {
      const std::int64_t count = std::min(kTokens, rows.rows - row);
      const AttentionRows run = {qkv.const_data_ptr<float>() + (rows.first + row) * qkv.size(1),
                                 qkv.size(1),
                                 to,
                                 c.query_width(),
                                 sequence.length() + row,
                                 count};
      to += count * c.query_width();
      for (std::int64_t h = 0; h < c.key_value_heads; ++h)
        shares.push_back({caches.size(), h, run});
    }
    caches.push_back(sequence.cached(index, rows.rows));
  }
  workers.run(static_cast<std::int64_t>(shares.size()), [&](std::int64_t i) {
    const Share& share = shares[static_cast<std::size_t>(i)];
    ops::cpu::attend_cached(rule, caches[share.sequence], share.rows, share.head);
  });
  return contexts;
}

}  // namespace dnd::lm
