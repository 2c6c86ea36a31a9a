#include "base/sha256.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

// FIPS 180-4, appendix B, and the empty message.
TEST(Sha256, KnownVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesAndFilesGiveTheSameHash) {
  const std::string text(1000, 'x');
  Sha256 hash;
  hash.update(std::string_view(text).substr(0, 1));
  hash.update("");
  hash.update(std::as_bytes(std::span(text).subspan(1)));
  EXPECT_EQ(hash.hex(), sha256_hex(text));
  const testing::TempDir dir;
  EXPECT_EQ(sha256_hex_of_file(dir.file("x", text)), sha256_hex(text));
  EXPECT_EQ(sha256_hex_of_file(dir.file("empty", "")), sha256_hex(""));
  EXPECT_DND_ERROR(sha256_hex_of_file(dir / "absent"), ErrorKind::no_input, "absent");
}

}  // namespace
}  // namespace dnd
