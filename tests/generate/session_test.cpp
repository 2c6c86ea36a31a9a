#include "generate/session.h"

#include <gmock/gmock.h>

#include "adapter/weight_codec.h"
#include "generate/condition_file.h"
#include "generate/fake_engine.h"
#include "generate/nano_generator.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::generate {
namespace {

using ::testing::ElementsAre;
using Prompts = Session::Prompts;

constexpr std::size_t kMuch = std::size_t{1} << 20U;

class SessionTest : public ::testing::Test {
 protected:
  Session session(const SessionOptions& options = {}) {
    return {engine_, generator_, nano_.encoder(), formats::SafetensorsFile(generator_.weights()),
            options};
  }

  dnd::testing::NanoGenerator nano_;
  const Generator& generator_ = nano_.generator();
  dnd::testing::FakeEngine engine_;
};

TEST_F(SessionTest, LoadsTheEncoderAndTheDecoder) {
  session();
  EXPECT_EQ(engine_.encoder, nano_.encoder().string());
  EXPECT_TRUE(engine_.has_decoder);
  engine_.width = 3;
  EXPECT_DND_ERROR(session(), ErrorKind::data, "is 3 wide, the generator needs 2");
}

TEST_F(SessionTest, AConditionHasItsPromptsInOrder) {
  for (const std::size_t kept : {std::size_t{0}, kMuch}) {
    Session session = this->session({.kept_bytes = kept});
    const HostTensor condition = session.condition({"b", "a"});
    EXPECT_THAT(condition.shape, ElementsAre(2, 1, 2));
    EXPECT_THAT(condition.values, ElementsAre(10, 10, 8, 8));
    EXPECT_THAT(session.condition({"a", "a", "c"}).values, ElementsAre(8, 8, 8, 8, 12, 12));
  }
}

TEST_F(SessionTest, NoPromptIsEncodedTwice) {
  Session session = this->session({.kept_bytes = kMuch});
  session.condition({"a", "b"});
  session.condition({"b", "a", "a"});
  session.condition({"c", "b", "c", "d"});
  EXPECT_THAT(engine_.encoded, ElementsAre(2, 2));
}

TEST_F(SessionTest, NothingIsKeptUnlessAsked) {
  Session session = this->session();
  session.condition({"a", "b"});
  session.condition({"a", "b"});
  EXPECT_THAT(engine_.encoded, ElementsAre(2, 2));
}

// Two rows of (1, 2) fp32 fit.
TEST_F(SessionTest, WhenTooManyAreKeptAllGo) {
  Session session = this->session({.kept_bytes = 2 * 2 * sizeof(float)});
  session.condition({"a", "b"});
  EXPECT_THAT(session.condition({"b", "c"}).values, ElementsAre(10, 10, 12, 12));
  EXPECT_THAT(engine_.encoded, ElementsAre(2, 2)) << "b once more, with c";
  session.condition({"c", "b"});
  EXPECT_THAT(engine_.encoded, ElementsAre(2, 2));
  EXPECT_EQ(session.condition({"a", "b", "c", "d"}).values.size(), 8U) << "more than may be kept";
}

TEST_F(SessionTest, EmbeddingsAreOfRealTokensAndMadeOnTheWay) {
  Session session = this->session({.kept_bytes = kMuch, .embeddings = true});
  // [CLS] a [SEP]: (2 + 4 + 3) / 3; [CLS] b [SEP]: 10 / 3.
  EXPECT_THAT(session.embed({"a"}), ElementsAre(3.0F, 3.0F));
  EXPECT_NEAR(session.embed({"a", "b"})[0], (3.0 + 10.0 / 3.0) / 2.0, 1e-6);
  session.condition({"a", "b"});
  EXPECT_THAT(engine_.encoded, ElementsAre(1, 1));
  EXPECT_DND_ERROR(this->session({.kept_bytes = kMuch}).embed({"a"}), ErrorKind::internal, "embed");
}

TEST_F(SessionTest, EmbeddingsOutliveTheirConditions) {
  Session session = this->session({.kept_bytes = 1, .embeddings = true});
  session.condition({"a"});
  session.condition({"b"});
  session.embed({"a", "b"});
  EXPECT_THAT(engine_.encoded, ElementsAre(1, 1));
}

TEST_F(SessionTest, ConditionsAreDecodedTogetherAndApart) {
  Session session = this->session();
  std::vector<HostTensor> conditions;
  conditions.push_back(session.condition({"a", "b"}));
  conditions.push_back(session.condition({"c", "d"}));
  std::size_t layers = 0;
  const auto tokens =
      session.decode(std::move(conditions), [&](std::size_t done, std::size_t) { layers = done; });
  EXPECT_THAT(engine_.decoded, ElementsAre(2));
  EXPECT_EQ(layers, 1U);
  EXPECT_EQ(tokens[0].values[0], 8 + 8 + 10 + 10);
  EXPECT_EQ(tokens[1].values[0], 12 + 12 + 14 + 14);
}

TEST_F(SessionTest, AnAdapterIsItsTokensInTheLayout) {
  Session session = this->session();
  std::vector<HostTensor> conditions;
  conditions.push_back(session.condition({"a", "b"}));
  const HostTensor tokens = session.decode(std::move(conditions), {})[0];
  adapter::Provenance provenance;
  provenance.generator = "nano";
  const adapter::LoraAdapter adapter = session.adapter(tokens, provenance);
  const adapter::AdapterLayout& layout = generator_.config.layout;
  EXPECT_EQ(adapter.pairs.size(), layout.factors().size() / 2);
  EXPECT_EQ(adapter.pairs[0].a, adapter::detokenize(layout, tokens.values).pairs[0].a);
  EXPECT_EQ(adapter.metadata.at("dnd.generator"), "nano");
}

TEST_F(SessionTest, WithoutAnEncoderConditionsAreGiven) {
  Session session(engine_, generator_, {}, formats::SafetensorsFile(generator_.weights()), {});
  EXPECT_EQ(engine_.encoder, "");
  const HostTensor given{{2, 4, 2}, std::vector<float>(16, 5.0F)};
  EXPECT_THAT(session.project(given).values, ElementsAre(10, 10, 10, 10));
  EXPECT_DND_ERROR(session.condition({"a", "b"}), ErrorKind::internal, "no encoder");
}

TEST_F(SessionTest, AFailureLeavesItUsable) {
  Session session = this->session({.kept_bytes = kMuch});
  engine_.fails = true;
  std::vector<HostTensor> conditions;
  conditions.push_back(session.condition({"a", "b"}));
  EXPECT_DND_ERROR(session.decode(std::move(conditions), {}), ErrorKind::memory, "too large");
  engine_.fails = false;
  conditions.clear();
  conditions.push_back(session.condition({"a", "b"}));
  EXPECT_EQ(session.decode(std::move(conditions), {}).size(), 1U);
  EXPECT_THAT(engine_.encoded, ElementsAre(2));
}

TEST(ConditionFile, IsReadAsItWasWritten) {
  const dnd::testing::TempDir dir;
  const HostTensor condition{{2, 1, 2}, {1, 2, 3, 4}};
  write_condition(dir / "c", condition, {{"format", "pt"}}, OnExisting::refuse);
  bundle::ConditionConfig config;
  config.prompts = 2;
  config.max_length = 1;
  config.width = 2;
  EXPECT_EQ(read_condition(dir / "c", config).values, condition.values);
  EXPECT_NO_THROW(check_replaceable(dir / "c", condition_file()));
  config.width = 3;
  EXPECT_DND_ERROR(read_condition(dir / "c", config), ErrorKind::data, "shape");
}

}  // namespace
}  // namespace dnd::generate
