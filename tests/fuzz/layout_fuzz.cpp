// Text of a layout file. Accepted: written and read again it is the same; its factors cover its
// tokens in order.
#include "adapter/adapter_layout.h"
#include "fuzz/fuzz_support.h"

namespace dnd::fuzz {
namespace {

// A million tokens are allowed; to list them several times takes seconds under the sanitizers.
constexpr std::int64_t kMostTokens = 1LL << 14U;

void check_layout(const adapter::AdapterLayout& layout) {
  const Json written = adapter::layout_to_json(layout);
  const Json read = parse_json(json_pretty(written), "written");
  require(adapter::layout_to_json(adapter::layout_from_json(read, "x")) == written,
          "a layout survives writing");
  std::int64_t token = 0;
  for (const adapter::FactorLayout& factor : layout.factors()) {
    require(factor.first_token == token, "factors follow each other");
    require(factor.chunk_width() <= layout.token_columns - adapter::kScaleCells,
            "a chunk fits its token");
    token += factor.chunks;
  }
  require(token == layout.token_count(), "factors cover all tokens");
  require(layout.parameter_count() > 0, "a layout has parameters");
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd;
  fuzz::accepted([&] {
    const auto layout = adapter::layout_from_json(parse_json(fuzz::as_text(data, size), "x"), "x");
    if (layout.token_count() <= fuzz::kMostTokens) fuzz::check_layout(layout);
  });
  return 0;
}
