// EXPECT_DND_ERROR(statement, kind, substring): the statement throws dnd::Error of that kind whose
// message contains the substring.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnd/error.h"

#define EXPECT_DND_ERROR(statement, expected_kind, substring)     \
  do {                                                            \
    try {                                                         \
      statement;                                                  \
      ADD_FAILURE() << "no error from " #statement;               \
    } catch (const dnd::Error& error) {                           \
      EXPECT_EQ(error.kind(), expected_kind) << error.what();     \
      EXPECT_THAT(error.what(), ::testing::HasSubstr(substring)); \
    }                                                             \
  } while (false)
