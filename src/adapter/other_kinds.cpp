#include "adapter/other_kinds.h"

#include <algorithm>
#include <array>

namespace dnd::adapter {
namespace {

struct Kind {
  std::string_view mark;  // a component of the name begins with it
  std::string_view title;
};

// Names: ComfyUI's comfy/weight_adapter and comfy/lora.py, PEFT's tuners.
constexpr std::array kKinds = {
    Kind{".hada_", "LoHa (Hadamard products)"},
    Kind{".lokr_", "LoKr (Kronecker products)"},
    Kind{".lora_mid", "LoCon with a core (lora_mid: Tucker's form, for convolutions)"},
    Kind{".dora_scale", "DoRA in LyCORIS's form (dora_scale)"},
    Kind{".oft_", "OFT (orthogonal matrices)"},
    Kind{".boft_", "BOFT (orthogonal matrices)"},
    Kind{".ia3_", "IA3 (scaling vectors)"},
    Kind{".vera_", "VeRA (shared random matrices)"},
};

// The last component, whole.
constexpr std::array kEndings = {
    Kind{".diff", "differences of whole weights (diff)"},
    Kind{".diff_b", "differences of biases (diff_b)"},
    Kind{".set_weight", "replaced weights (set_weight)"},
    Kind{".w_norm", "differences of norms (w_norm)"},
    Kind{".b_norm", "differences of norms (b_norm)"},
    Kind{".reshape_weight", "LoRA of widened layers (reshape_weight)"},
};

}  // namespace

std::string_view other_kind(std::string_view tensor) {
  const auto* const kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& each) {
    return tensor.find(each.mark) != tensor.npos;
  });
  if (kind != kKinds.end()) return kind->title;
  const auto* const ending = std::find_if(kEndings.begin(), kEndings.end(), [&](const Kind& each) {
    return tensor.ends_with(each.mark);
  });
  return ending == kEndings.end() ? "" : ending->title;
}

}  // namespace dnd::adapter
