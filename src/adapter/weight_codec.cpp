#include "adapter/weight_codec.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "base/strings.h"

namespace dnd::adapter {
namespace {

struct Scale {
  double mean = 0.0;
  double deviation = 1.0;
};

// The coded pair (s0, s1) of a scale.
using Code = std::array<double, 2>;

Code encode_scale(const Scale& scale) {
  return {scale.mean * 8.0, std::log(0.9 * scale.deviation + 0.1) + 1.6};
}

Scale decode_scale(const Code& code) {
  return {code[0] / 8.0, (std::exp(code[1] - 1.6) - 0.1) / 0.9};
}

// A token (R, S) in C order.
template <typename Value>
struct Token {
  std::span<Value> cells;
  std::int64_t rows;
  std::int64_t columns;

  Value& at(std::int64_t row, std::int64_t column) const {
    return cells[static_cast<std::size_t>(row * columns + column)];
  }
};

// Mean and unbiased standard deviation of a chunk; deviation 1 where it is undefined (one value).
Scale measure(std::span<const float> chunk) {
  double sum = 0.0;
  for (const float value : chunk) sum += static_cast<double>(value);
  const double count = static_cast<double>(chunk.size());
  Scale scale;
  scale.mean = sum / count;
  double squares = 0.0;
  for (const float value : chunk) {
    const double centered = static_cast<double>(value) - scale.mean;
    squares += centered * centered;
  }
  if (chunk.size() > 1) scale.deviation = std::sqrt(squares / (count - 1.0));
  return scale;
}

// Pair `j` of the scales: rows R-2.. hold pair j in row R-2+j as (s0, s1) along the columns; columns
// S-2.. hold it in rows j, j+2, ... as (s0, s1) side by side. Both are averaged.
Code read_code(const Token<const float>& token, std::int64_t pair) {
  Code code{};
  const std::int64_t along = token.columns / kScaleCells;
  const std::int64_t down = token.rows / kScaleCells;
  for (std::int64_t part = 0; part < kScaleCells; ++part) {
    double width = 0.0;
    for (std::int64_t i = 0; i < along; ++i) {
      width += static_cast<double>(token.at(token.rows - kScaleCells + pair, 2 * i + part));
    }
    double height = 0.0;
    for (std::int64_t i = 0; i < down; ++i) {
      height += static_cast<double>(token.at(2 * i + pair, token.columns - kScaleCells + part));
    }
    code[static_cast<std::size_t>(part)] =
        (width / static_cast<double>(along) + height / static_cast<double>(down)) / 2.0;
  }
  return code;
}

Scale read_scale(const Token<const float>& token) {
  const Scale first = decode_scale(read_code(token, 0));
  const Scale second = decode_scale(read_code(token, 1));
  return {(first.mean + second.mean) / 2.0, (first.deviation + second.deviation) / 2.0};
}

void write_scale(const Token<float>& token, const Scale& scale) {
  const Code code = encode_scale(scale);
  const auto part = [&](std::int64_t i) { return static_cast<float>(code[i % 2 == 0 ? 0 : 1]); };
  for (std::int64_t row = token.rows - kScaleCells; row < token.rows; ++row) {
    for (std::int64_t column = 0; column < token.columns; ++column) {
      token.at(row, column) = part(column);
    }
  }
  for (std::int64_t row = 0; row < token.rows; ++row) {
    for (std::int64_t i = 0; i < kScaleCells; ++i) {
      token.at(row, token.columns - kScaleCells + i) = part(i);
    }
  }
}

// Walks the chunks of one factor: fn(token index, first column, width).
template <typename Function>
void for_each_chunk(const FactorLayout& factor, Function fn) {
  const std::int64_t width = factor.chunk_width();
  for (std::int64_t chunk = 0; chunk < factor.chunks; ++chunk) {
    const std::int64_t begin = chunk * width;
    fn(factor.first_token + chunk, begin, std::min(width, factor.size - begin));
  }
}

// Index of element (row r of the rank, column c of the long side) in the stored matrix: A is
// (rank, in), B is (out, rank), the transpose of the assembled chunks.
std::size_t matrix_index(const FactorLayout& factor, std::int64_t rank, std::int64_t r,
                         std::int64_t c) {
  return static_cast<std::size_t>(factor.factor == Factor::a ? r * factor.size + c : c * rank + r);
}

template <typename Value>
Token<Value> token_at(const AdapterLayout& layout, std::span<Value> tokens, std::int64_t index) {
  const std::int64_t cells = layout.token_rows * layout.token_columns;
  return {tokens.subspan(static_cast<std::size_t>(index * cells), static_cast<std::size_t>(cells)),
          layout.token_rows, layout.token_columns};
}

std::vector<float> detokenize_factor(const AdapterLayout& layout, const FactorLayout& factor,
                                     std::span<const float> tokens) {
  std::vector<float> matrix(static_cast<std::size_t>(layout.rank * factor.size));
  for_each_chunk(factor, [&](std::int64_t index, std::int64_t begin, std::int64_t width) {
    const Token<const float> token = token_at(layout, tokens, index);
    const Scale scale = read_scale(token);
    for (std::int64_t r = 0; r < layout.rank; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        const double value = static_cast<double>(token.at(r, c)) * scale.deviation + scale.mean;
        matrix[matrix_index(factor, layout.rank, r, begin + c)] = static_cast<float>(value);
      }
    }
  });
  return matrix;
}

void tokenize_factor(const AdapterLayout& layout, const FactorLayout& factor,
                     std::span<const float> matrix, std::span<float> tokens) {
  std::vector<float> chunk;
  for_each_chunk(factor, [&](std::int64_t index, std::int64_t begin, std::int64_t width) {
    chunk.clear();
    for (std::int64_t r = 0; r < layout.rank; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        chunk.push_back(matrix[matrix_index(factor, layout.rank, r, begin + c)]);
      }
    }
    const Scale scale = measure(chunk);
    // A constant chunk has deviation 0, coded as such; its tokens are zeros instead of 0 / 0.
    const double divisor = scale.deviation > 0.0 ? scale.deviation : 1.0;
    const Token<float> token = token_at(layout, tokens, index);
    for (std::int64_t r = 0; r < layout.rank; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        const auto value = static_cast<double>(chunk[static_cast<std::size_t>(r * width + c)]);
        token.at(r, c) = static_cast<float>((value - scale.mean) / divisor);
      }
    }
    write_scale(token, scale);
  });
}

std::size_t cell_count(const AdapterLayout& layout) {
  return static_cast<std::size_t>(layout.token_count() * layout.token_rows * layout.token_columns);
}

// A or B of the pair, if it is what the layout has there.
std::span<const float> checked_values(const AdapterLayout& layout, const FactorLayout& factor,
                                      const LoraPair& pair) {
  if (!pair.magnitude.empty()) {
    fail(ErrorKind::data, "weight codec: module '", printable(factor.module),
         "' is DoRA, tokens hold no magnitude");
  }
  const bool is_a = factor.factor == Factor::a;
  const std::vector<float>& values = is_a ? pair.a : pair.b;
  const auto found = is_a ? std::vector{pair.rank, pair.in} : std::vector{pair.out, pair.rank};
  const auto shape = factor.shape(layout.rank);
  if (found != shape || values.size() != static_cast<std::size_t>(shape[0] * shape[1])) {
    fail(ErrorKind::data, "weight codec: tensor '", printable(factor.key), "': shape ",
         shape_text(found), " (", values.size(), " values), the layout needs ", shape_text(shape));
  }
  return values;
}

}  // namespace

LoraAdapter detokenize(const AdapterLayout& layout, std::span<const float> tokens) {
  if (tokens.size() != cell_count(layout)) {
    fail(ErrorKind::data, "weight codec: ", tokens.size(), " token values, the layout needs ",
         layout.token_count(), " x ", layout.token_rows, " x ", layout.token_columns);
  }
  LoraAdapter adapter = lora_of_layout(layout);
  const std::vector<FactorLayout> factors = layout.factors();
  for (std::size_t i = 0; i < factors.size(); ++i) {
    factor_values(adapter, i) = detokenize_factor(layout, factors[i], tokens);
  }
  return adapter;
}

std::vector<float> tokenize(const AdapterLayout& layout, const LoraAdapter& adapter) {
  std::unordered_map<std::string_view, const LoraPair*> by_module;
  for (const LoraPair& pair : adapter.pairs) by_module[pair.module] = &pair;
  std::vector<float> tokens(cell_count(layout), std::numeric_limits<float>::quiet_NaN());
  for (const FactorLayout& factor : layout.factors()) {
    const auto found = by_module.find(factor.module);
    if (found == by_module.end()) {
      fail(ErrorKind::data, "weight codec: the adapter has no module '", printable(factor.module),
           "', the layout has it");
    }
    tokenize_factor(layout, factor, checked_values(layout, factor, *found->second), tokens);
  }
  return tokens;
}

}  // namespace dnd::adapter
