// Ridge regression with many outputs: the linear baseline that a learned map has to beat.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace dnd::linalg {

// y = mean(Y) + (x - mean(X)) W with W = argmin |Yc - Xc W|^2 + lambda |W|^2, solved in its dual form
// (Saunders, Gammerman, Vovk: "Ridge regression learning algorithm in dual variables", ICML 1998), so
// that the cost grows with the rows, not with the columns. lambda is the one of a grid, 1e-6 to 1e3
// times the mean eigenvalue of Xc Xc^T, with the smallest exact leave-one-out error.
class Ridge {
 public:
  // x (rows, inputs), y (rows, outputs), C order. Throws Error(data) for fewer than three rows, for
  // sizes that do not match and for values that are not finite.
  Ridge(std::int64_t rows, std::span<const float> x, std::span<const float> y);
  Ridge(Ridge&&) noexcept;
  ~Ridge();

  // x (inputs) -> y (outputs).
  std::vector<float> predict(std::span<const float> x) const;

  double lambda() const;               // as chosen
  double leave_one_out_error() const;  // mean squared, over rows and outputs

 private:
  struct Fit;
  std::unique_ptr<Fit> fit_;
};

}  // namespace dnd::linalg
