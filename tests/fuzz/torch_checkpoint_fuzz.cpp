// Bytes of a whole .pth file: the archive around the pickle.
#include "fuzz/checkpoint_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  check_checkpoint(scratch().file("x.pth", as_text(data, size)));
  return 0;
}
