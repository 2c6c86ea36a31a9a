#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "support/golden.h"
#include "support/lora.h"
#include "verify/verify.h"

namespace dnd::verify {
namespace {

using adapter::LoraAdapter;
using adapter::LoraPair;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTinyLayers;
using testing::tiny_adapter;
using testing::tiny_base;

auto finding(Severity severity, const char* check, const char* text) {
  return AllOf(Field(&Finding::severity, severity), Field(&Finding::check, check),
               Field(&Finding::message, HasSubstr(text)));
}

auto error(const char* check, const char* text) { return finding(Severity::error, check, text); }
auto warning(const char* check, const char* text) {
  return finding(Severity::warning, check, text);
}

std::vector<Finding> against_base(const LoraAdapter& adapter, bool partial = false) {
  const target::BaseModel base = tiny_base(kTinyLayers);
  return find_problems(adapter, {&base, nullptr, partial});
}

TEST(FindProblems, FindsNoneInAWholeAdapter) {
  EXPECT_THAT(against_base(tiny_adapter(kTinyLayers)), IsEmpty());
  EXPECT_THAT(find_problems(tiny_adapter(kTinyLayers), {}), IsEmpty());
}

TEST(FindProblems, AnEmptyAdapter) {
  EXPECT_THAT(against_base({}), ElementsAre(error("modules", "holds no LoRA matrices")));
}

TEST(FindProblems, AWrongPrefix) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  for (LoraPair& pair : adapter.pairs) pair.module.replace(0, 5, "transformer");
  EXPECT_THAT(against_base(adapter),
              ElementsAre(error("modules",
                                "6 of 6 modules are not in the base: "
                                "'transformer.layers.0.self_attn.q_proj', "
                                "'transformer.layers.0.mlp.down_proj', "
                                "'transformer.layers.1.self_attn.q_proj', ... (wrong prefix? the "
                                "base has 'model.layers.0.self_attn.q_proj')")));
}

TEST(FindProblems, APrefixTooMany) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  for (LoraPair& pair : adapter.pairs) pair.module = "base_model.model." + pair.module;
  EXPECT_THAT(against_base(adapter), ElementsAre(error("modules", "wrong prefix?")));
}

TEST(FindProblems, NamesOfAnotherVersionOfAVisionModelAreFine) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  for (LoraPair& pair : adapter.pairs) pair.module.insert(6, "language_model.");
  EXPECT_THAT(against_base(adapter), IsEmpty());
  adapter.pairs.pop_back();
  EXPECT_THAT(against_base(adapter), ElementsAre(error("coverage", "1 of 6 layers")));
}

TEST(FindProblems, AZeroB) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs[1].b.assign(adapter.pairs[1].b.size(), 0.0F);
  EXPECT_THAT(against_base(adapter),
              ElementsAre(warning("zero", "1 of 6 modules have a factor of zeros")));
  for (LoraPair& pair : adapter.pairs) pair.b.assign(pair.b.size(), -0.0F);
  EXPECT_THAT(against_base(adapter), ElementsAre(error("zero", "the adapter does nothing")));
}

TEST(FindProblems, AZeroScale) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  for (LoraPair& pair : adapter.pairs) pair.scale = 0.0;
  EXPECT_THAT(against_base(adapter), ElementsAre(error("scale", "6 of 6 modules have scale 0")));
}

TEST(FindProblems, ValuesThatAreNotFinite) {
  for (const float value :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    LoraAdapter adapter = tiny_adapter(kTinyLayers);
    adapter.pairs[5].a.back() = value;
    EXPECT_THAT(against_base(adapter), ElementsAre(error("finite", "1 of 6 modules hold NaN")));
  }
}

TEST(FindProblems, MatricesTheWrongWayRound) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  std::swap(adapter.pairs[1].in, adapter.pairs[1].out);
  std::swap(adapter.pairs[1].a, adapter.pairs[1].b);
  EXPECT_THAT(against_base(adapter),
              ElementsAre(error("shapes",
                                "the first takes 8 to 12, the base's layer 12 to 8 "
                                "(matrices the wrong way round?)")));
}

TEST(FindProblems, AnotherBase) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  for (std::size_t i = 0; i < adapter.pairs.size(); ++i) {
    LoraPair& pair = adapter.pairs[i];
    pair = testing::random_pair(pair.module, 2 * pair.out, 2 * pair.in, 4, 1);
  }
  EXPECT_THAT(against_base(adapter),
              ElementsAre(error("shapes", "6 of 6 modules do not fit the base")));
  for (LoraPair& pair : adapter.pairs) pair.module = "h.0.attn.c_attn";
  EXPECT_THAT(against_base(adapter),
              ::testing::Contains(error("modules", "made for another base?")));
}

TEST(FindProblems, AGgufAdapterOfAnotherArchitecture) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.format = adapter::AdapterFormat::gguf;
  adapter.architecture = "gemma";
  EXPECT_THAT(against_base(adapter),
              ElementsAre(error("base", "the adapter is for 'gemma', the base is 'qwen2'")));
  adapter.architecture = "qwen2";
  EXPECT_THAT(against_base(adapter), IsEmpty());
}

TEST(FindProblems, MoreLayersThanTheBase) {
  EXPECT_THAT(against_base(tiny_adapter(kTinyLayers + 1)),
              ElementsAre(error("modules", "(the base has 3 such layers)")));
}

TEST(FindProblems, MissingLayers) {
  const LoraAdapter adapter = tiny_adapter(kTinyLayers - 1);
  EXPECT_THAT(against_base(adapter),
              ElementsAre(error("coverage",
                                "2 of 6 layers of the adapted kinds are left out: "
                                "'model.layers.2.self_attn.q_proj'")));
  EXPECT_THAT(against_base(adapter, /*partial=*/true), IsEmpty());
}

TEST(FindProblems, AKindThatIsNotAdaptedIsNotMissing) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  std::erase_if(adapter.pairs,
                [](const LoraPair& pair) { return pair.module.ends_with("down_proj"); });
  EXPECT_THAT(against_base(adapter), IsEmpty());
}

TEST(FindProblems, AModuleTwice) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs.push_back(adapter.pairs[0]);
  EXPECT_THAT(against_base(adapter), ElementsAre(error("modules", "appear a second time")));
}

TEST(FindProblems, AnOutputHeadThatTheBaseTies) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs.push_back(testing::random_pair("lm_head", 20, 8, 4, 1));
  target::BaseModel base = tiny_base(kTinyLayers);
  EXPECT_THAT(find_problems(adapter, {&base}), IsEmpty());
  base.tied_embeddings = true;
  EXPECT_THAT(find_problems(adapter, {&base}),
              ElementsAre(error("embeddings", "'base_model.model.lm_head' is adapted")));
}

TEST(FindProblems, NormsOutsideTheTrainingRange) {
  const LoraAdapter usual = tiny_adapter(kTinyLayers);
  adapter::UpdateNorms norms;
  add_update_norms(norms, usual);
  EXPECT_THAT(find_problems(usual, {nullptr, &norms}), IsEmpty());
  LoraAdapter loud = usual;
  loud.pairs[3].scale *= 100.0;
  EXPECT_THAT(find_problems(loud, {nullptr, &norms}),
              ElementsAre(warning("norms",
                                  "1 of 6 modules lie outside the training range: "
                                  "'model.layers.1.mlp.down_proj'; the first has norm")));
  LoraAdapter faint = usual;
  for (LoraPair& pair : faint.pairs) pair.scale /= 100.0;
  EXPECT_THAT(find_problems(faint, {nullptr, &norms}), ElementsAre(warning("norms", "6 of 6")));
}

TEST(FindProblems, NamesFromFilesCannotWriteToTheTerminal) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs[0].module = "evil\x1b[31m";
  for (const Finding& finding : against_base(adapter)) {
    EXPECT_EQ(finding.message.find('\x1b'), std::string::npos) << finding.message;
  }
}

TEST(BaseOfLayout, HasTheLayoutsLinears) {
  const auto layout = adapter::read_layout_file(testing::data_path("decoder/layout.json"));
  const target::BaseModel base = base_of_layout(layout);
  ASSERT_EQ(base.linears.size() * 2, layout.factors().size());
  EXPECT_EQ(base.architecture, layout.architecture);
  const target::Linear* linear = find_linear(base, "model.layers.1.self_attn.k_proj");
  ASSERT_NE(linear, nullptr);
  EXPECT_EQ(linear->in, layout.blocks[0].modules[1].in);
  EXPECT_EQ(linear->out, layout.blocks[0].modules[1].out);
}

}  // namespace
}  // namespace dnd::verify
