#include "tokenizer/gguf_words.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/strings.h"

namespace dnd::tokenizer {
namespace {

constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kDigit = R"(\p{N})";
constexpr std::string_view kDigits = R"(\p{N}+)";
constexpr std::string_view kThreeDigits = R"(\p{N}{1,3})";
constexpr std::string_view kThreeAsciiDigits = "[0-9][0-9][0-9]";
// Groups of three from the right, the first of them with all that is before it.
constexpr std::string_view kGroupedDigits = R"([^\p{N}]*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))";
constexpr std::string_view kLines = R"([^\n]+|[\n]+)";
constexpr std::string_view kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";
constexpr std::string_view kKanji = "[一-龥぀-ゟ゠-ヿ]+";
constexpr std::string_view kHangulAndSigns =
    "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|";
// Spaces of these ranges are none of them to llama.cpp.
constexpr std::string_view kEastern = R"([一-龥ࠀ-一가-퟿&&[^\s]]+)";

// Parts of others.
constexpr std::string_view kContractions =
    "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
constexpr std::string_view kWord = R"([^\r\n\p{L}\p{N}]?\p{L}+)";
constexpr std::string_view kMarkedWord = R"([^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+)";
constexpr std::string_view kSpaces = R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kSigns = R"( ?[^\s\p{L}\p{N}]+[\r\n]*)";
constexpr std::string_view kPaths = R"( ?[^\s\p{L}\p{N}]+[\r\n/]*)";
// Upper case before lower case; letters without case are both.
constexpr std::string_view kCapitalised = R"([^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]*[\p{L}&&[^A-Z]]+)";
constexpr std::string_view kCapitals = R"([^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]+[\p{L}&&[^A-Z]]*)";
constexpr std::string_view kCodeWord =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)";
// Unassigned characters of these ranges, too.
constexpr std::string_view kHan =
    R"(\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2EBEF})"
    R"(\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F})";
constexpr std::string_view kLatinGreekCyrillic =
    R"(A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-Ⴥ)"
    R"(Ꭰ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐ)"
    R"(ῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭ)"
    R"(Ꚁ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃)";
constexpr std::string_view kAsian =
    "一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟"
    "เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ";
constexpr std::string_view kHalvedSpaces =
    R"(\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|)"
    R"(\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})";

struct Rule {
  std::vector<std::string_view> names;
  GgufWords words;
};

std::string any_of(std::initializer_list<std::string_view> alternatives) {
  std::string expression;
  for (const std::string_view each : alternatives) {
    expression += expression.empty() ? "" : "|";
    expression += each;
  }
  return expression;
}

std::string optional(std::string_view expression, std::string_view end) {
  return cat(expression, end, "?");
}

GgufWords plain(std::vector<std::string> expressions) { return {std::move(expressions)}; }

GgufWords whole(std::vector<std::string> expressions, bool adds_begin = false) {
  return {std::move(expressions), true, adds_begin};
}

// Lines as they are, in UTF-8.
GgufWords lines() {
  GgufWords words = plain({std::string(kLines)});
  words.bytes = false;
  words.escapes_spaces = true;
  return words;
}

GgufWords gemma_lines() {
  GgufWords words = lines();
  words.adds_begin = true;
  words.ignores_merges_of_breaks = true;
  return words;
}

std::vector<Rule> gpt2_rules() {
  const std::string gpt2(kGpt2);
  const std::string digit(kDigit);
  return {
      {{"", "default"},
       plain({R"([\p{P}\$\+<=>\^~\|]+)", gpt2, std::string(kDigits),
              std::string(kThreeAsciiDigits)})},
      {{"falcon"}, plain({R"([\p{P}\$\+<=>\^~\|`]+)", gpt2, std::string(kThreeAsciiDigits)})},
      {{"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
        "mellum2"},
       plain({digit, gpt2})},
      {{"gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0",
        "mellum", "modern-bert", "jina-v1-en", "jina-v2-code", "roberta-bpe", "mpt", "olmo", "jais",
        "exaone4", "trillion", "granite-docling"},
       plain({gpt2})},
      {{"chameleon"},
       {{"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", R"(([\t\n]|    |  ))", digit,
         R"([\p{P}!-/:-@\[-`{-~])", gpt2},
        false,
        true}},
      {{"poro-chat", "bloom", "gpt3-finnish"}, plain({std::string(kBloom)})},
      {{"viking"}, plain({std::string(kBloom), digit})},
      {{"superbpe"}, plain({std::string(kDigits), "(?=([0-9]{3})+(?![0-9]))"})},
  };
}

std::vector<Rule> llama3_rules() {
  const std::string llama3 = any_of({kContractions, kWord, kThreeDigits, kSigns, kSpaces});
  const std::string qwen2 = any_of({kContractions, kWord, kDigit, kSigns, kSpaces});
  return {
      {{"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "jina-v5-nano"},
       whole({llama3}, true)},
      {{"dbrx", "smaug-bpe", "chatglm-bpe"}, plain({llama3})},
      {{"glm4", "glm5"}, whole({llama3})},
      {{"minicpm5"},
       whole(
           {std::string(kThreeDigits), any_of({kContractions, kWord, kDigits, kSigns, kSpaces})})},
      {{"jais-2"},
       plain(
           {any_of({kContractions, kWord, kThreeDigits, kSigns, R"(\s*[\r\n]+)", kHalvedSpaces})})},
      {{"qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "megrez", "hunyuan",
        "solar-open", "grok-2"},
       plain({qwen2})},
      {{"laguna"}, plain({std::string(kLines), qwen2})},
      {{"qwen35"},
       plain({any_of(
           {kContractions, kMarkedWord, kDigit, R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)", kSpaces})})},
      {{"ufakzeka"}, plain({any_of({kWord, kDigit, kSigns, kSpaces})})},
      {{"seed-coder"},
       plain({any_of({kContractions, kWord, kDigit, R"( ?[^\s\p{L}\p{N}\r\n]+)", kSpaces})})},
      {{"bailingmoe", "bailingmoe2", "llada-moe"},
       plain({any_of({"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])", kWord, kDigit, kSigns,
                      R"(\s*[\r\n]|\s+(?!\S)|\s+)"})})},
      {{"exaone-moe"},
       plain({any_of({kContractions, R"([^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+)",
                      kDigit, R"( ?[^\s\p{L}\p{N}]+[\r\n/]?)", R"(\s*[\r\n]|\s+(?!\S)|\s+)"})})},
  };
}

std::vector<Rule> cased_rules() {
  const std::string marked = optional(kMarkedWord, kContractions);
  const auto with_marks = [](std::string expression) {
    for (std::size_t at = 0; (at = expression.find("L}&&", at)) != std::string::npos; ++at) {
      expression.insert(at + 2, R"(\p{M})");
    }
    return expression;
  };
  const std::string both =
      any_of({optional(kCapitalised, kContractions), optional(kCapitals, kContractions),
              kThreeDigits, kPaths, kSpaces});
  return {
      {{"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, plain({both})},
      {{"granite-embed-multi-97m"}, whole({with_marks(both)})},
      {{"tekken"}, whole({any_of({kCapitalised, kCapitals, kDigit, kPaths, kSpaces})}, true)},
      {{"tiny_aya", "cohere2moe"},
       plain({std::string(kGroupedDigits), any_of({marked, kThreeDigits, kPaths, kSpaces})})},
      {{"youtu"}, whole({cat(kHangulAndSigns, kKanji), any_of({marked, kDigit, kPaths, kSpaces})})},
  };
}

std::vector<Rule> eastern_rules() {
  const std::string signs = R"( ?[\p{P}\p{S}]+)";
  const std::string words = any_of({kCodeWord, cat(signs, R"([\r\n]*)"), kSpaces});
  const std::string digits(kThreeDigits);
  const std::string kanji(kKanji);
  const std::string han_words =
      any_of({cat("[", kHan, "]+"),
              optional(cat(R"([^\r\n\p{L}\p{N}]?[\p{L}&&[^)", kHan, "]]+"), kContractions),
              kThreeDigits, kSigns, kSpaces});
  return {
      {{"deepseek-llm"},
       plain({R"([\r\n])", cat(R"(\s?[)", kLatinGreekCyrillic, "]+"),
              R"(\s?[!-/:-~！-／：-～‘-‟、-。]+)", R"(\s+\z)", std::string(kEastern),
              std::string(kDigits)})},
      {{"deepseek-coder"},
       plain({R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", std::string(kEastern),
              std::string(kDigit)})},
      {{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"}, plain({digits, kanji, words})},
      {{"spark2_5"},
       plain({digits, kanji, any_of({kCodeWord, signs, R"([\r\n]|\s+(?!\S)|\s+)"}),
              std::string(kDigit)})},
      {{"afmoe"}, plain({std::string(kGroupedDigits), cat("[", kAsian, "]+"), words})},
      {{"kimi-k2"}, plain({han_words})},
      {{"gemma4", "granite-embed-multi-311m"}, gemma_lines()},
      {{"sarvam-moe"}, lines()},
  };
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all_rules = [] {
    std::vector<Rule> all;
    for (const auto& some : {gpt2_rules(), llama3_rules(), cased_rules(), eastern_rules()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return all_rules;
}

}  // namespace

GgufWords gguf_words(std::string_view name, const std::string& who) {
  for (const Rule& rule : rules()) {
    if (std::find(rule.names.begin(), rule.names.end(), name) != rule.names.end()) {
      return rule.words;
    }
  }
  fail(ErrorKind::data, who, ": the words '", printable(name),
       "' (tokenizer.ggml.pre) are not known");
}

}  // namespace dnd::tokenizer
