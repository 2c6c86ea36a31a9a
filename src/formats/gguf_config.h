// What a GGUF file says of a model, in the words of a Hugging Face config.json.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "formats/gguf_model.h"

namespace dnd::formats {

// The rope_type of Llama 3's factors, of which GGUF keeps only the result: {"rope_type": "gguf_factors",
// "rope_theta": ..., "factors": [...]}; each rotary frequency is divided by its factor.
inline constexpr std::string_view kGgufRopeFactors = "gguf_factors";

// Tensors that are configuration: factors of the rotary frequencies.
bool is_gguf_rope_tensor(std::string_view gguf_name);

// The first Hugging Face class of `general.architecture`, the one with experts where the file has them; empty
// where none is known.
std::string class_of_gguf(const GgufFile& metadata, const std::string& architecture);

// What transformers would need to run the model, as far as the file says; what it does not say is left out.
// Values are not checked: readers of a config.json do. Throws Error(data) for factors that are no short list.
Json gguf_config(const GgufModel& model);

}  // namespace dnd::formats
