#include <array>

#include "formats/gguf.h"

namespace dnd::formats {
namespace {

// Source: ggml.h (the ids; 4, 5, 31 to 33 and 36 to 38 were removed), ggml-common.h (the blocks).
// gguf-py 0.19 agrees but for Q8_1, where it says 40 bytes, and Q2_0, which it does not know.
constexpr std::array<GgmlType, 35> kTypes = {{
    {0, "F32", 1, 4, Dtype::f32},  {1, "F16", 1, 2, Dtype::f16},    {2, "Q4_0", 32, 18, {}},
    {3, "Q4_1", 32, 20, {}},       {6, "Q5_0", 32, 22, {}},         {7, "Q5_1", 32, 24, {}},
    {8, "Q8_0", 32, 34, {}},       {9, "Q8_1", 32, 36, {}},         {10, "Q2_K", 256, 84, {}},
    {11, "Q3_K", 256, 110, {}},    {12, "Q4_K", 256, 144, {}},      {13, "Q5_K", 256, 176, {}},
    {14, "Q6_K", 256, 210, {}},    {15, "Q8_K", 256, 292, {}},      {16, "IQ2_XXS", 256, 66, {}},
    {17, "IQ2_XS", 256, 74, {}},   {18, "IQ3_XXS", 256, 98, {}},    {19, "IQ1_S", 256, 50, {}},
    {20, "IQ4_NL", 32, 18, {}},    {21, "IQ3_S", 256, 110, {}},     {22, "IQ2_S", 256, 82, {}},
    {23, "IQ4_XS", 256, 136, {}},  {24, "I8", 1, 1, Dtype::i8},     {25, "I16", 1, 2, Dtype::i16},
    {26, "I32", 1, 4, Dtype::i32}, {27, "I64", 1, 8, Dtype::i64},   {28, "F64", 1, 8, Dtype::f64},
    {29, "IQ1_M", 256, 56, {}},    {30, "BF16", 1, 2, Dtype::bf16}, {34, "TQ1_0", 256, 54, {}},
    {35, "TQ2_0", 256, 66, {}},    {39, "MXFP4", 32, 17, {}},       {40, "NVFP4", 64, 36, {}},
    {41, "Q1_0", 128, 18, {}},     {42, "Q2_0", 64, 18, {}},
}};

}  // namespace

const GgmlType* find_ggml_type(std::uint32_t id) {
  for (const GgmlType& type : kTypes) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

std::string_view gguf_type_name(GgufType type) {
  constexpr std::array<std::string_view, 13> kNames = {"u8",  "i8",  "u16",  "i16",    "u32",
                                                       "i32", "f32", "bool", "string", "array",
                                                       "u64", "i64", "f64"};
  return kNames.at(static_cast<std::size_t>(type));
}

}  // namespace dnd::formats
