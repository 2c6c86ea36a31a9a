#include "generate_seconds.h"

#include <cmath>

namespace dnd::app {

Json seconds_json(const Seconds& s) {
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  return {{"load", rounded(s.load)},
          {"encode", rounded(s.encode)},
          {"decode", rounded(s.decode)},
          {"detokenize", rounded(s.detokenize)},
          {"write", rounded(s.write)},
          {"total", rounded(s.load + s.encode + s.decode + s.detokenize + s.write)}};
}

}  // namespace dnd::app
