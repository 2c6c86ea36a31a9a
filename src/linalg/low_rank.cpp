#include "linalg/low_rank.h"

#include <Eigen/Dense>
#include <algorithm>

#include "base/strings.h"

namespace dnd::linalg {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Index stacked_rank(const std::vector<LowRankTerm>& terms) {
  Index rank = 0;
  for (const LowRankTerm& term : terms) rank += term.rank;
  return rank;
}

// (in, R): the transposed A of all terms, side by side.
MatrixXd stacked_a(const std::vector<LowRankTerm>& terms) {
  MatrixXd out(terms[0].in, stacked_rank(terms));
  Index column = 0;
  for (const LowRankTerm& term : terms) {
    const Eigen::Map<const RowMajor> a(term.a.data(), term.rank, term.in);
    out.middleCols(column, a.rows()) = a.cast<double>().transpose();
    column += a.rows();
  }
  return out;
}

// (out, R): scale * B of all terms, side by side.
MatrixXd stacked_b(const std::vector<LowRankTerm>& terms) {
  MatrixXd out(terms[0].out, stacked_rank(terms));
  Index column = 0;
  for (const LowRankTerm& term : terms) {
    const Eigen::Map<const RowMajor> b(term.b.data(), term.out, term.rank);
    out.middleCols(column, b.cols()) = term.scale * b.cast<double>();
    column += b.cols();
  }
  return out;
}

// A matrix as Q (n, k) with orthonormal columns times R (k, columns), k = min(n, columns).
struct ThinQr {
  MatrixXd q;
  MatrixXd r;
};

ThinQr thin_qr(const MatrixXd& matrix) {
  const Index k = std::min(matrix.rows(), matrix.cols());
  const Eigen::HouseholderQR<MatrixXd> qr(matrix);
  return {qr.householderQ() * MatrixXd::Identity(matrix.rows(), k),
          qr.matrixQR().topRows(k).template triangularView<Eigen::Upper>()};
}

// Singular vectors are known up to a sign: this one does not depend on how they were found.
void fix_signs(MatrixXd& u, MatrixXd& v) {
  for (Index column = 0; column < u.cols(); ++column) {
    Index largest = 0;
    u.col(column).cwiseAbs().maxCoeff(&largest);
    if (u(largest, column) >= 0.0) continue;
    u.col(column) = -u.col(column);
    v.col(column) = -v.col(column);
  }
}

std::vector<float> row_major(const MatrixXd& matrix) {
  std::vector<float> values(static_cast<std::size_t>(matrix.size()));
  Eigen::Map<RowMajor>(values.data(), matrix.rows(), matrix.cols()) = matrix.cast<float>();
  return values;
}

}  // namespace

LowRankProduct compress(const std::vector<LowRankTerm>& terms, std::int64_t rank,
                        const std::string& who) {
  const ThinQr left = thin_qr(stacked_b(terms));
  const ThinQr right = thin_qr(stacked_a(terms));
  const Eigen::JacobiSVD<MatrixXd> svd(left.r * right.r.transpose(),
                                       Eigen::ComputeThinU | Eigen::ComputeThinV);
  if (svd.info() != Eigen::Success) {
    fail(ErrorKind::data, who, ": no singular values (values that are not finite?)");
  }
  const Eigen::VectorXd& singular = svd.singularValues();
  const Index kept = std::min<Index>(rank, singular.size());
  MatrixXd u = left.q * svd.matrixU().leftCols(kept);
  MatrixXd v = right.q * svd.matrixV().leftCols(kept);
  fix_signs(u, v);
  const Eigen::VectorXd roots = singular.head(kept).cwiseSqrt();
  MatrixXd b = MatrixXd::Zero(u.rows(), rank);
  MatrixXd a = MatrixXd::Zero(rank, v.rows());
  b.leftCols(kept) = u * roots.asDiagonal();
  a.topRows(kept) = roots.asDiagonal() * v.transpose();
  return {row_major(a), row_major(b), singular.squaredNorm(),
          singular.tail(singular.size() - kept).squaredNorm()};
}

}  // namespace dnd::linalg
