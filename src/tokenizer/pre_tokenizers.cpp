#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/code_points.h"
#include "tokenizer/fields.h"
#include "tokenizer/pre_tokenizer.h"

namespace dnd::tokenizer {
namespace {

void add_span(std::vector<Span>& spans, std::size_t begin, std::size_t end, bool is_match = false) {
  spans.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), is_match});
}

// Every code point that `is_match` holds for is a match of its own.
template <typename IsMatch>
void find_points(std::string_view text, const IsMatch& is_match, std::vector<Span>& spans) {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (!is_match(decode_at(text, at))) continue;
    if (done < begin) add_span(spans, done, begin);
    add_span(spans, begin, at, true);
    done = at;
  }
  if (done < text.size()) add_span(spans, done, text.size());
}

SplitBehavior read_behavior(JsonObject& fields, const std::string& name) {
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  fail(ErrorKind::data, fields.where(), ": the behavior '", printable(name),
       "' is not supported (expected Removed, Isolated, MergedWithPrevious, MergedWithNext or "
       "Contiguous)");
}

// Cuts at every code point of a set.
class PointSplit final : public PreTokenizer {
 public:
  PointSplit(const CodePointSet& (*set)(), SplitBehavior behavior)
      : set_(set()), behavior_(behavior) {}

  void split(Pieces& pieces) const override {
    pieces.split([this](std::string_view text, std::vector<Span>& spans) {
      find_points(
          text, [this](char32_t point) { return set_.contains(point); }, spans);
      apply_behavior(spans, behavior_);
    });
  }

 private:
  const CodePointSet& set_;
  SplitBehavior behavior_;
};

class CharDelimiterSplit final : public PreTokenizer {
 public:
  explicit CharDelimiterSplit(JsonObject& fields)
      : delimiter_(one_character(fields, "delimiter")) {}

  void split(Pieces& pieces) const override {
    pieces.split([this](std::string_view text, std::vector<Span>& spans) {
      find_points(
          text, [this](char32_t point) { return point == delimiter_; }, spans);
      apply_behavior(spans, SplitBehavior::removed);
    });
  }

 private:
  char32_t delimiter_;
};

class BertPreTokenizer final : public PreTokenizer {
 public:
  void split(Pieces& pieces) const override {
    const CodePointSet& blanks = rust_whitespace();
    const CodePointSet& marks = punctuation();
    pieces.split([&](std::string_view text, std::vector<Span>& spans) {
      std::size_t word = 0;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t point = decode_at(text, at);
        const bool blank = blanks.contains(point);
        if (!blank && !marks.contains(point)) continue;
        if (word < begin) add_span(spans, word, begin);
        if (!blank) add_span(spans, begin, at);
        word = at;
      }
      if (word < text.size()) add_span(spans, word, text.size());
    });
  }
};

// \w+|[^\w\s]+ of Rust's regex.
class Whitespace final : public PreTokenizer {
 public:
  void split(Pieces& pieces) const override {
    pieces.split([](std::string_view text, std::vector<Span>& spans) {
      int kind = 0;
      std::size_t begin = 0;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t here = at;
        const int next = kind_of(decode_at(text, at));
        if (next == kind) continue;
        if (kind != 0) add_span(spans, begin, here);
        kind = next;
        begin = here;
      }
      if (kind != 0) add_span(spans, begin, text.size());
    });
  }

 private:
  static int kind_of(char32_t point) {
    static const CodePointSet& words = rust_word();
    static const CodePointSet& blanks = rust_whitespace();
    return words.contains(point) ? 1 : blanks.contains(point) ? 0 : 2;
  }
};

class UnicodeScripts final : public PreTokenizer {
 public:
  void split(Pieces& pieces) const override {
    pieces.split([](std::string_view text, std::vector<Span>& spans) {
      // What stands before the first character of a script is lost, as in the reference.
      int last = -1;
      std::size_t begin = text.size();
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t here = at;
        const int script = script_of(decode_at(text, at));
        if (script == 0 || script == last) continue;
        if (last >= 0) add_span(spans, begin, here);
        last = script;
        begin = here;
      }
      add_span(spans, begin, text.size());
    });
  }
};

class FixedLength final : public PreTokenizer {
 public:
  explicit FixedLength(JsonObject& fields)
      : length_(static_cast<std::size_t>(
            fields.integer_or("length", 5, 1, std::numeric_limits<std::int64_t>::max()))) {}

  void split(Pieces& pieces) const override {
    pieces.split([this](std::string_view text, std::vector<Span>& spans) {
      std::size_t begin = 0;
      std::size_t points = 0;
      for (std::size_t at = 0; at < text.size();) {
        decode_at(text, at);
        if (++points < length_) continue;
        add_span(spans, begin, at);
        begin = at;
        points = 0;
      }
      add_span(spans, begin, text.size());
    });
  }

 private:
  std::size_t length_;
};

class Split final : public PreTokenizer {
 public:
  explicit Split(JsonObject& fields)
      : pattern_(read_pattern(fields, "pattern")),
        behavior_(read_behavior(fields, fields.text("behavior"))),
        inverted_(required_boolean(fields, "invert")) {}

  void split(Pieces& pieces) const override {
    pieces.split([this](std::string_view text, std::vector<Span>& spans) {
      pattern_.find(text, spans);
      if (inverted_) {
        for (Span& span : spans) span.is_match = !span.is_match;
      }
      apply_behavior(spans, behavior_);
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool inverted_;
};

const Pattern& gpt2_pattern() {
  static const Pattern pattern = Pattern::expression(
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
      "tokenizer: ByteLevel");
  return pattern;
}

class ByteLevel final : public PreTokenizer {
 public:
  explicit ByteLevel(JsonObject& fields)
      : adds_space_(required_boolean(fields, "add_prefix_space")),
        splits_(fields.boolean_or("use_regex", true)) {
    required_boolean(fields, "trim_offsets");
    if (splits_) gpt2_pattern();
  }

  void split(Pieces& pieces) const override {
    if (adds_space_) {
      pieces.rewrite([](NormalizedText& text) {
        if (!text.text().starts_with(' ')) text.prepend(" ");
      });
    }
    if (splits_) {
      pieces.split([](std::string_view text, std::vector<Span>& spans) {
        gpt2_pattern().find(text, spans);
      });
    }
    if (!maps_) return;
    pieces.rewrite([](NormalizedText& text) { map_bytes(text); });
  }

  bool drop_byte_level() override {
    maps_ = false;
    return true;
  }

 private:
  static void map_bytes(NormalizedText& text) {
    const std::string& old = text.text();
    if (!text.tracked()) {
      std::string mapped;
      append_byte_level(mapped, old);
      text.replace_text(std::move(mapped));
      return;
    }
    std::vector<ChangedPoint> changed;
    for (const char c : old) {
      const auto byte = static_cast<unsigned char>(c);
      changed.push_back({byte_character(byte), (byte & 0xC0U) == 0x80U ? 1 : 0});
    }
    text.change(changed);
  }

  bool adds_space_;
  bool splits_;
  bool maps_ = true;
};

class MetaspaceSplit final : public PreTokenizer {
 public:
  explicit MetaspaceSplit(JsonObject& fields)
      : rules_(read_metaspace(fields)),
        replacement_(utf8(rules_.replacement)),
        space_(Pattern::literal(" ")) {}

  void split(Pieces& pieces) const override {
    std::vector<Span> found;
    pieces.rewrite([&](NormalizedText& text) {
      space_.find(text.text(), found);
      text.replace(found, replacement_);
      const bool wanted = rules_.scheme == PrependScheme::always ||
                          (rules_.scheme == PrependScheme::first && text.begin() == 0);
      if (wanted && !text.text().starts_with(replacement_)) text.prepend(replacement_);
    });
    if (!rules_.splits) return;
    pieces.split([this](std::string_view text, std::vector<Span>& spans) {
      find_points(
          text, [this](char32_t point) { return point == rules_.replacement; }, spans);
      apply_behavior(spans, SplitBehavior::merged_with_next);
    });
  }
  bool needs_origins() const override { return rules_.scheme == PrependScheme::first; }

 private:
  Metaspace rules_;
  std::string replacement_;
  Pattern space_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  PreTokenizerSequence(JsonObject& fields, int depth) {
    for (const Json& value : fields.array("pretokenizers")) {
      parts_.push_back(read_pre_tokenizer(value, fields.where(), depth + 1));
    }
  }

  void split(Pieces& pieces) const override {
    for (const auto& part : parts_) part->split(pieces);
  }
  bool needs_origins() const override {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const auto& part) { return part->needs_origins(); });
  }
  bool drop_byte_level() override { return !parts_.empty() && parts_.back()->drop_byte_level(); }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> parts_;
};

}  // namespace

Metaspace read_metaspace(JsonObject& fields) {
  Metaspace rules;
  rules.replacement = one_character(fields, "replacement");
  const std::string scheme =
      fields.has("prepend_scheme") ? fields.text("prepend_scheme") : "always";
  if (scheme == "first") {
    rules.scheme = PrependScheme::first;
  } else if (scheme == "never") {
    rules.scheme = PrependScheme::never;
  } else if (scheme != "always") {
    fail(ErrorKind::data, fields.where(), ": 'prepend_scheme': '", printable(scheme),
         "' is not supported (expected first, never or always)");
  }
  if (!fields.boolean_or("add_prefix_space", true) && rules.scheme != PrependScheme::never) {
    fail(ErrorKind::data, fields.where(),
         ": 'add_prefix_space' is false, and 'prepend_scheme' is not \"never\"");
  }
  rules.splits = fields.boolean_or("split", true);
  return rules;
}

std::unique_ptr<PreTokenizer> read_pre_tokenizer(const Json& value, const std::string& who,
                                                 int depth) {
  check_depth(depth, who);
  JsonObject fields(value, who);
  const std::string type = fields.text("type");
  if (type == "ByteLevel") return std::make_unique<ByteLevel>(fields);
  if (type == "Split") return std::make_unique<Split>(fields);
  if (type == "Digits") {
    return std::make_unique<PointSplit>(&rust_numeric, required_boolean(fields, "individual_digits")
                                                           ? SplitBehavior::isolated
                                                           : SplitBehavior::contiguous);
  }
  if (type == "Metaspace") return std::make_unique<MetaspaceSplit>(fields);
  if (type == "Punctuation") {
    const std::string behavior = fields.text_or("behavior", "Isolated");
    return std::make_unique<PointSplit>(&punctuation, read_behavior(fields, behavior));
  }
  if (type == "Whitespace") return std::make_unique<Whitespace>();
  if (type == "WhitespaceSplit") {
    return std::make_unique<PointSplit>(&rust_whitespace, SplitBehavior::removed);
  }
  if (type == "BertPreTokenizer") return std::make_unique<BertPreTokenizer>();
  if (type == "UnicodeScripts") return std::make_unique<UnicodeScripts>();
  if (type == "FixedLength") return std::make_unique<FixedLength>(fields);
  if (type == "CharDelimiterSplit") return std::make_unique<CharDelimiterSplit>(fields);
  if (type == "Sequence") return std::make_unique<PreTokenizerSequence>(fields, depth);
  refuse_type(who, type);
}

}  // namespace dnd::tokenizer
