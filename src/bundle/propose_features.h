// Decoder features for a layout nobody has released a generator for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "base/json.h"
#include "bundle/generator_config.h"
#include "dnd/error.h"

namespace dnd::bundle {

// Decoder parameters (no projection) of features with a kernel k: the exact count of
// decoder_parameters().
std::int64_t count_parameters(const std::vector<Feature>& features, std::int64_t kernel);

// A cascade from the condition (N, L, C) to the layout's tokens (T, R, S) with at most `budget`
// decoder parameters. H and W go from (L, C) to (R, S) by equal ratios, N from the condition's to a
// largest M by equal ratios and then to T, as the released generators do roughly:
//
//   feature i of m layers, 0 < i < m:  N (M/N)^(i/(m-1)),  L (R/L)^(i/m),  C (S/C)^(i/m)   (rounded)
//
// M is the largest of N..T that keeps within the budget. m is 6 (released: 5 to 8), less where not
// even M = N fits, and more, up to 8, where M = T leaves some of the budget. Beyond that the rest
// of the budget stays unused: take a larger kernel. Deterministic. Throws Error(usage) if `budget`
// is below the one-layer cascade, which is the smallest there is, naming its parameters; and what
// check_features() throws.
std::vector<Feature> propose_features(const adapter::AdapterLayout& layout,
                                      const Feature& condition, std::int64_t budget,
                                      std::int64_t kernel);

// [[128,384,384],[128,200,300]], as train.json and `dnd new --features` take it; and its text.
Json features_json(const std::vector<Feature>& features);
std::string features_text(const std::vector<Feature>& features);

// Reads that, or "128,384,384;128,200,300". `who` begins messages. Throws Error(kind).
std::vector<Feature> features_from_text(const std::string& text, const std::string& who,
                                        ErrorKind kind);

}  // namespace dnd::bundle
