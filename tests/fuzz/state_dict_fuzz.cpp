// Bytes of data.pkl, in a well-formed archive: a mutated pickle inside a .pth file never gets past
// the archive's CRC.
#include "fuzz/checkpoint_checks.h"
#include "support/zip_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  dnd::testing::ZipWriter zip;
  zip.add("x/data.pkl", as_text(data, size)).add("x/byteorder", "little");
  int key = 0;
  for (const std::size_t bytes : {24, 8, 12, 96}) {
    zip.add("x/data/" + std::to_string(key++), std::string(bytes, '\x01'));
  }
  check_checkpoint(scratch().file("x.pth", zip.bytes()));
  return 0;
}
