// Text of a generator.json. Accepted: written and read again it is the same; its sizes are numbers
// that can be worked with.
#include <cmath>

#include "bundle/generator_config.h"
#include "fuzz/fuzz_support.h"

namespace dnd::fuzz {
namespace {

// A million tokens are allowed; to list them several times takes seconds under the sanitizers.
constexpr std::int64_t kMostTokens = 1LL << 14U;

void check_config(const bundle::GeneratorConfig& config) {
  const Json written = bundle::generator_to_json(config);
  const Json read = parse_json(json_pretty(written), "written");
  require(bundle::generator_to_json(bundle::generator_from_json(read, "x")) == written,
          "a generator's description survives writing");
  require(config.decoder_parameters() > 0, "a decoder has parameters");
  require(std::isfinite(config.multiply_adds()), "a decoder's work is a number");
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd;
  fuzz::accepted([&] {
    const auto config =
        bundle::generator_from_json(parse_json(fuzz::as_text(data, size), "x"), "x");
    if (config.layout.token_count() <= fuzz::kMostTokens) fuzz::check_config(config);
  });
  return 0;
}
