#include "linalg/ridge.h"

#include <Eigen/Dense>
#include <array>
#include <limits>

#include "base/strings.h"

namespace dnd::linalg {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::array<double, 10> kGrid = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3};
constexpr std::int64_t kMinRows = 3;

MatrixXd matrix_of(const char* name, std::int64_t rows, std::span<const float> values) {
  if (rows < kMinRows || values.empty() || values.size() % static_cast<std::size_t>(rows) != 0) {
    fail(ErrorKind::data, "ridge regression: ", values.size(), " values of ", name, " in ", rows,
         " rows, expected at least ", kMinRows, " rows of one length");
  }
  const auto columns = static_cast<Index>(values.size()) / rows;
  MatrixXd out = Eigen::Map<const RowMajor>(values.data(), rows, columns).cast<double>();
  if (!out.allFinite())
    fail(ErrorKind::data, "ridge regression: a value of ", name, " is not finite");
  return out;
}

}  // namespace

struct Ridge::Fit {
  MatrixXd x;  // (rows, inputs), centred
  VectorXd mean_x;
  VectorXd mean_y;
  MatrixXd dual;  // (rows, outputs): (Xc Xc^T + lambda)^-1 Yc
  double lambda = 0.0;
  double error = 0.0;
};

// With Xc Xc^T = V diag(s) V^T the leave-one-out residual of row i is (y - H y)_i / (1 - H_ii), where
// H = V diag(s / (s + lambda)) V^T + 1/n also predicts the mean (Allen's PRESS statistic).
Ridge::Ridge(std::int64_t rows, std::span<const float> x, std::span<const float> y)
    : fit_(std::make_unique<Fit>()) {
  fit_->x = matrix_of("x", rows, x);
  MatrixXd targets = matrix_of("y", rows, y);
  fit_->mean_x = fit_->x.colwise().mean();
  fit_->mean_y = targets.colwise().mean();
  fit_->x.rowwise() -= fit_->mean_x.transpose();
  targets.rowwise() -= fit_->mean_y.transpose();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(fit_->x * fit_->x.transpose());
  const MatrixXd& v = eigen.eigenvectors();
  const VectorXd s = eigen.eigenvalues().cwiseMax(0.0);
  const MatrixXd rotated = v.transpose() * targets;
  const double unit = s.mean();
  if (unit <= 0.0) fail(ErrorKind::data, "ridge regression: all rows of x are equal");
  fit_->error = std::numeric_limits<double>::infinity();
  for (const double factor : kGrid) {
    const double lambda = factor * unit;
    const VectorXd left = lambda / (s.array() + lambda);  // 1 - s / (s + lambda)
    const VectorXd slack =
        (v.array().square().matrix() * left).array() - 1.0 / static_cast<double>(rows);  // 1 - H_ii
    if (slack.minCoeff() <= 0.0) continue;
    const MatrixXd residuals =
        slack.cwiseInverse().asDiagonal() * (v * (left.asDiagonal() * rotated));
    const double error = residuals.squaredNorm() / static_cast<double>(residuals.size());
    if (!(error < fit_->error)) continue;
    fit_->error = error;
    fit_->lambda = lambda;
  }
  const VectorXd weights = (s.array() + fit_->lambda).inverse();
  fit_->dual = v * (weights.asDiagonal() * rotated);
}

Ridge::Ridge(Ridge&&) noexcept = default;
Ridge::~Ridge() = default;

std::vector<float> Ridge::predict(std::span<const float> x) const {
  if (static_cast<Index>(x.size()) != fit_->x.cols()) {
    fail(ErrorKind::data, "ridge regression: ", x.size(), " inputs, expected ", fit_->x.cols());
  }
  const VectorXd input =
      Eigen::Map<const Eigen::VectorXf>(x.data(), fit_->x.cols()).cast<double>() - fit_->mean_x;
  const VectorXd output = fit_->mean_y + fit_->dual.transpose() * (fit_->x * input);
  std::vector<float> values(static_cast<std::size_t>(output.size()));
  Eigen::Map<Eigen::VectorXf>(values.data(), output.size()) = output.cast<float>();
  return values;
}

double Ridge::lambda() const { return fit_->lambda; }
double Ridge::leave_one_out_error() const { return fit_->error; }

}  // namespace dnd::linalg
