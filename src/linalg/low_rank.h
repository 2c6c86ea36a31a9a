// Sums of low-rank products, compressed to a given rank.
//
// `linalg` is the one door to Eigen: small dense problems in double.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dnd::linalg {

// scale * B A.
struct LowRankTerm {
  std::span<const float> a;  // (rank, in), C order
  std::span<const float> b;  // (out, rank)
  std::int64_t rank = 0;
  std::int64_t in = 0;
  std::int64_t out = 0;
  double scale = 1.0;
};

// B A, with what the compression lost: squared Frobenius norms.
struct LowRankProduct {
  std::vector<float> a;       // (rank, in)
  std::vector<float> b;       // (out, rank)
  double squared_norm = 0.0;  // of the whole sum
  double squared_loss = 0.0;  // of what B A leaves out
};

// The best product of rank `rank` in the Frobenius norm for the sum of `terms`: QR of the stacked
// factors and an SVD of the small middle, in double. A and B share the singular values evenly; of
// each column of B the entry of largest magnitude (the first of equals) is positive. All terms are
// of one (out, in); ranks behind the sum's own are zero. `who` starts messages. Throws Error(data)
// for values that are not finite.
LowRankProduct compress(const std::vector<LowRankTerm>& terms, std::int64_t rank,
                        const std::string& who);

}  // namespace dnd::linalg
