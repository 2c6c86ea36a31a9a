#include "base/remembered_hashes.h"

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

using testing::TempDir;

TEST(RememberedHashes, OfFilesAreTheirDigests) {
  const TempDir dir;
  const auto file = dir.file("x", "abc");
  EXPECT_EQ(remembered_sha256(file), sha256_hex("abc"));
  dir.file("x", "abd");
  EXPECT_EQ(remembered_sha256(file), sha256_hex("abd"));
  EXPECT_DND_ERROR(remembered_sha256(dir / "absent"), ErrorKind::no_input, "absent");
  EXPECT_DND_ERROR(remembered_sha256(dir.path()), ErrorKind::no_input, "is a folder");
}

TEST(RememberedHashes, OfFoldersAreThoseOfNamesAndFiles) {
  const TempDir dir;
  dir.file("a", "1");
  const std::string first = remembered_sha256_of_files(dir.path());
  dir.file(".hidden", "");
  std::filesystem::create_directory(dir / "folder");
  dir.file("folder/file", "");
  EXPECT_EQ(remembered_sha256_of_files(dir.path()), first);
  dir.file("b", "");
  const std::string second = remembered_sha256_of_files(dir.path());
  EXPECT_NE(second, first);
  dir.file("a", "2");
  EXPECT_NE(remembered_sha256_of_files(dir.path()), second);
  EXPECT_EQ(remembered_sha256_of_files(dir / "a"), sha256_hex("2"));
}

}  // namespace
}  // namespace dnd
