#include "base/line_batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "base/descriptor.h"
#include "support/expect_error.h"

namespace dnd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LineBatchesTest : public ::testing::Test {
 protected:
  LineBatchesTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    out_ = Descriptor(ends[0]);
    in_ = Descriptor(ends[1]);
  }

  void write(const std::string& text) const {
    ASSERT_EQ(::write(in_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  Descriptor out_, in_;
};

TEST_F(LineBatchesTest, GivesWhatIsThere) {
  LineBatches lines(out_.get());
  write("one\ntwo\n\n \t\nthree\nfo");
  EXPECT_THAT(lines.next({.lines = 2}), ElementsAre("one", "two"));
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre("three")) << "the rest has no end yet";
  write("ur\r\n last");
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre("four\r"));
  in_.close();
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre(" last"));
  EXPECT_THAT(lines.next({.lines = 9}), IsEmpty());
}

TEST_F(LineBatchesTest, DoesNotWaitForMoreThanOne) {
  LineBatches lines(out_.get());
  write("\n\none\n");
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre("one"));
  write("two\n");
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre("two"));
}

TEST_F(LineBatchesTest, TakesNoMoreTextThanItMay) {
  LineBatches lines(out_.get());
  write("one\ntwo\nthree\n");
  EXPECT_THAT(lines.next({.lines = 9, .bytes = 4}), ElementsAre("one", "two"));
  EXPECT_THAT(lines.next({.lines = 9, .bytes = 1}), ElementsAre("three")) << "one, however long";
}

// Longer than a piece that is read, than a pipe holds, and with ends where pieces end.
TEST_F(LineBatchesTest, LinesOfAnyLength) {
  LineBatches lines(out_.get());
  const std::string half(40000, 'x');
  write(half);
  write("\n");
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre(half));
  write(std::string(65535, 'y') + "\n");
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre(std::string(65535, 'y')));
  write(half);
  in_.close();
  EXPECT_THAT(lines.next({.lines = 9}), ElementsAre(half));
}

TEST_F(LineBatchesTest, AnInputThatCannotBeReadIsAnError) {
  LineBatches lines(in_.get());
  EXPECT_DND_ERROR(lines.next({}), ErrorKind::io, "standard input: ");
}

}  // namespace
}  // namespace dnd
