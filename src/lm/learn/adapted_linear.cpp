#include "lm/learn/adapted_linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "lm/learn/capsule.h"
#include "lm/learn/stored_values.h"

namespace dnd::lm::learn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// An adapted part: its outputs among the Linear's, its ranks among the adapter's.
struct PartPlace {
  std::int64_t first_out = 0;
  std::int64_t out = 0;
  std::int64_t first_rank = 0;
  std::int64_t rank = 0;
  double scale = 1.0;
};

// A run of rows with an adapter.
struct AdaptedRun {
  RowSpan rows;
  std::vector<PartPlace> parts;
};

struct LinearCall {
  const Linear* linear = nullptr;
  std::vector<AdaptedRun> runs;
};

std::vector<PartPlace> places_of(const Linear& linear, const LinearAdapter& adapter) {
  std::vector<PartPlace> places;
  std::int64_t out = 0;
  std::int64_t rank = 0;
  for (std::size_t i = 0; i < linear.parts().size(); ++i) {
    const std::int64_t width = linear.parts()[i].out;
    if (adapter.b[i].defined()) {
      places.push_back({out, width, rank, adapter.b[i].size(1), adapter.scales[i]});
      rank += adapter.b[i].size(1);
    }
    out += width;
  }
  return places;
}

at::Tensor rows_of(const at::Tensor& x, const RowSpan& rows) {
  return x.narrow(0, rows.first, rows.count);
}

at::Tensor ranks_of(const at::Tensor& low, const PartPlace& place) {
  return low.narrow(1, place.first_rank, place.rank);
}

at::Tensor outputs_of(const at::Tensor& y, const RowSpan& rows, const PartPlace& place) {
  return rows_of(y, rows).narrow(1, place.first_out, place.out);
}

// x W' + bias
at::Tensor base_product(const Linear& linear, const at::Tensor& x) {
  at::Tensor y = at::empty({x.size(0), linear.out()}, at::kFloat);
  std::int64_t first = 0;
  for (std::size_t i = 0; i < linear.parts().size(); ++i) {
    const StoredWeight& weight = linear.weight(i);
    at::Tensor part = y.narrow(1, first, weight.out());
    at::mm_out(part, x, values_of(weight).t());
    first += weight.out();
  }
  if (linear.bias().defined()) y.add_(linear.bias());
  return y;
}

// dy W
at::Tensor base_product_back(const Linear& linear, const at::Tensor& dy) {
  at::Tensor dx;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < linear.parts().size(); ++i) {
    const StoredWeight& weight = linear.weight(i);
    const at::Tensor part = dy.narrow(1, first, weight.out());
    if (dx.defined()) {
      dx.addmm_(part, values_of(weight));
    } else {
      dx = part.mm(values_of(weight));
    }
    first += weight.out();
  }
  return dx;
}

// Its matrices: of each run A, then B of each adapted part.
struct AdaptedLinear : Function<AdaptedLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, at::TensorList matrices,
                            const LinearCall& call) {
    at::Tensor y = base_product(*call.linear, x);
    variable_list saved = {x};
    saved.insert(saved.end(), matrices.begin(), matrices.end());
    std::size_t next = 0;
    for (const AdaptedRun& run : call.runs) {
      const at::Tensor low = rows_of(x, run.rows).mm(matrices[next++].t());  // (rows, ranks)
      for (const PartPlace& place : run.parts) {
        outputs_of(y, run.rows, place)
            .addmm_(ranks_of(low, place), matrices[next++].t(), 1.0, place.scale);
      }
      saved.push_back(low);
    }
    context->save_for_backward(std::move(saved));
    keep(context, call);
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& call = kept<LinearCall>(context);
    const variable_list saved = context->get_saved_variables();
    const std::size_t matrices = saved.size() - 1 - call.runs.size();
    const at::Tensor& dy = gradients[0];
    at::Tensor dx;
    if (context->needs_input_grad(0)) dx = base_product_back(*call.linear, dy);
    variable_list result(matrices + 2);  // x, matrices, call
    std::size_t next = 1;
    for (std::size_t i = 0; i < call.runs.size(); ++i) {
      const AdaptedRun& run = call.runs[i];
      const at::Tensor& low = saved[1 + matrices + i];
      at::Tensor dlow = at::empty_like(low);
      const std::size_t a = next++;
      for (const PartPlace& place : run.parts) {
        const at::Tensor dpart = outputs_of(dy, run.rows, place);
        const std::size_t b = next++;
        ranks_of(dlow, place).copy_(dpart.mm(saved[b])).mul_(place.scale);
        result[b] = dpart.t().mm(ranks_of(low, place)).mul_(place.scale);
      }
      result[a] = dlow.t().mm(rows_of(saved[0], run.rows));
      if (dx.defined()) rows_of(dx, run.rows).addmm_(dlow, saved[a]);
    }
    result[0] = dx;
    return result;
  }
};

}  // namespace

at::Tensor adapted_linear(const at::Tensor& x, const Linear& linear,
                          const std::vector<TaskRows>& tasks,
                          const std::vector<const LinearAdapter*>& adapters) {
  LinearCall call = {&linear, {}};
  variable_list matrices;
  for (std::size_t i = 0; i < adapters.size(); ++i) {
    const LinearAdapter* const adapter = adapters[i];
    if (adapter == nullptr || !adapter->a.defined()) continue;
    matrices.push_back(adapter->a);
    for (const at::Tensor& b : adapter->b) {
      if (b.defined()) matrices.push_back(b);
    }
    call.runs.push_back({tasks[i].rows, places_of(linear, *adapter)});
  }
  return AdaptedLinear::apply(x, at::TensorList(matrices), call);
}

}  // namespace dnd::lm::learn
