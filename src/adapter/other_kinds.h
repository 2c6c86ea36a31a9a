// Files of image and video trainers that look like LoRA and are another method: told by name.
#pragma once

#include <string_view>

namespace dnd::adapter {

// What a tensor of this name belongs to ("LoHa (LyCORIS, Hadamard products)"); empty where it may be
// one of a LoRA pair.
std::string_view other_kind(std::string_view tensor);

}  // namespace dnd::adapter
