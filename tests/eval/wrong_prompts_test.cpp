#include "eval/wrong_prompts.h"

#include <gtest/gtest.h>

#include <set>

namespace dnd::eval {
namespace {

using Partners = std::vector<std::optional<std::size_t>>;

std::vector<tasks::Task> of_forms(const std::vector<std::string>& forms) {
  std::vector<tasks::Task> tasks(forms.size());
  for (std::size_t i = 0; i < forms.size(); ++i) tasks[i].form = forms[i];
  return tasks;
}

std::size_t different(const Partners& partners) {
  std::set<std::size_t> places;
  for (const auto& partner : partners) {
    if (partner) places.insert(*partner);
  }
  return places.size();
}

TEST(HaveForms, IsWhatATaskSays) {
  EXPECT_FALSE(have_forms(of_forms({"", ""})));
  EXPECT_TRUE(have_forms(of_forms({"", "word"})));
}

TEST(WrongPartners, OfTheSameFormAreEachOthers) {
  const auto tasks = of_forms({"word", "list", "word", "word", "list", "code", ""});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Partners partners = wrong_partners(tasks, Form::same, seed);
    for (std::size_t i = 0; i < 5; ++i) {
      ASSERT_TRUE(partners[i]);
      EXPECT_NE(*partners[i], i);
      EXPECT_EQ(tasks[*partners[i]].form, tasks[i].form);
    }
    EXPECT_FALSE(partners[5]) << "alone of its form";
    EXPECT_FALSE(partners[6]) << "without a form";
    EXPECT_EQ(different(partners), 5U) << "each serves once";
  }
}

TEST(WrongPartners, OfAnotherFormServeOnceWherePossible) {
  const auto tasks = of_forms({"word", "list", "word", "code", "list", "word", "", "list"});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Partners partners = wrong_partners(tasks, Form::other, seed);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (tasks[i].form.empty()) continue;
      ASSERT_TRUE(partners[i]);
      EXPECT_NE(tasks[*partners[i]].form, tasks[i].form);
      EXPECT_NE(tasks[*partners[i]].form, "");
    }
    EXPECT_EQ(different(partners), 7U);
  }
}

TEST(WrongPartners, OfTheOtherFormsServeSeveralTimesWhereTheyAreFew) {
  const auto tasks = of_forms({"word", "word", "list", "word", "word", "code", "word"});
  const Partners partners = wrong_partners(tasks, Form::other, 3);
  std::size_t serves = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    ASSERT_TRUE(partners[i]);
    EXPECT_NE(tasks[*partners[i]].form, tasks[i].form);
    serves += *partners[i] == 2 ? 1 : 0;
  }
  EXPECT_GE(serves, 2U);
  EXPECT_EQ(different(partners), 4U) << "both of the few, and a word for each of them";
}

TEST(WrongPartners, NeedASecondForm) {
  for (const auto& partner : wrong_partners(of_forms({"word", "word", ""}), Form::other, 0)) {
    EXPECT_FALSE(partner);
  }
  EXPECT_TRUE(wrong_partners({}, Form::same, 0).empty());
}

TEST(WrongPartners, DependOnTheSeedAlone) {
  const auto tasks = of_forms(std::vector<std::string>(8, "word"));
  std::set<Partners> all;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    all.insert(wrong_partners(tasks, Form::same, seed));
    EXPECT_EQ(wrong_partners(tasks, Form::same, seed), wrong_partners(tasks, Form::same, seed));
  }
  EXPECT_GT(all.size(), 5U);
}

}  // namespace
}  // namespace dnd::eval
