// The tensors of a GGUF file, one after the other, as fp32 on standard output: what the test of block types
// against gguf-py drives.
#include <cstdio>
#include <exception>
#include <vector>

#include "formats/gguf.h"

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    const dnd::formats::GgufFile file(argv[1]);
    for (const dnd::formats::GgufTensor& tensor : file.tensors()) {
      const std::vector<float> values = file.read_f32(tensor);
      if (std::fwrite(values.data(), sizeof(float), values.size(), stdout) != values.size()) {
        return 74;
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 65;
  }
  return 0;
}
