#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/strings.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/code_points.h"
#include "tokenizer/fields.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/precompiled.h"

namespace dnd::tokenizer {
namespace {

// Changes a text code point by code point: visit(point, sink), and sink(point, change) for each new one.
template <typename Visit>
void map_points(NormalizedText& text, const Visit& visit) {
  const std::string& old = text.text();
  if (!text.tracked()) {
    std::string out;
    out.reserve(old.size() + old.size() / 8);
    const auto sink = [&out](char32_t point, int /*change*/) { append_point(out, point); };
    for (std::size_t at = 0; at < old.size();) visit(decode_at(old, at), sink);
    text.replace_text(std::move(out));
    return;
  }
  std::vector<ChangedPoint> changed;
  const auto sink = [&changed](char32_t point, int change) { changed.push_back({point, change}); };
  for (std::size_t at = 0; at < old.size();) visit(decode_at(old, at), sink);
  text.change(changed);
}

template <typename Keep>
void filter_points(NormalizedText& text, const Keep& keep) {
  std::vector<ChangedPoint> changed;
  const std::string& old = text.text();
  int removed = 0;
  std::size_t dropped = 0;
  for (std::size_t at = 0; at < old.size();) {
    const char32_t point = decode_at(old, at);
    if (!keep(point)) {
      ++removed;
      continue;
    }
    if (changed.empty()) {
      dropped = static_cast<std::size_t>(removed);
    } else {
      changed.back().change = -removed;
    }
    changed.push_back({point, 0});
    removed = 0;
  }
  if (!changed.empty()) changed.back().change = -removed;
  text.change(changed, dropped);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0x80U; });
}

void lower_case(NormalizedText& text) {
  if (!text.tracked() && is_ascii(text.text())) {
    std::string lower = text.text();
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    text.replace_text(std::move(lower));
    return;
  }
  std::u32string lower;
  map_points(text, [&lower](char32_t point, const auto& sink) {
    lower.clear();
    append_lower(lower, point);
    for (std::size_t i = 0; i < lower.size(); ++i) sink(lower[i], i == 0 ? 0 : 1);
  });
}

void apply_form(NormalizedText& text, NormalForm form) {
  if (!text.tracked() && !may_change(text.text(), form)) return;
  text.change(normal_form(text.text(), form));
}

class Form final : public Normalizer {
 public:
  explicit Form(NormalForm form) : form_(form) {}
  void normalize(NormalizedText& text) const override { apply_form(text, form_); }

 private:
  NormalForm form_;
};

class Lowercase final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override { lower_case(text); }
};

class StripAccents final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    if (!text.tracked() && is_ascii(text.text())) return;
    filter_points(text, [](char32_t point) { return !combining_marks().contains(point); });
  }
};

class Strip final : public Normalizer {
 public:
  explicit Strip(JsonObject& fields)
      : left_(required_boolean(fields, "strip_left")),
        right_(required_boolean(fields, "strip_right")) {}

  void normalize(NormalizedText& text) const override {
    const std::string& old = text.text();
    std::vector<ChangedPoint> points;
    for (std::size_t at = 0; at < old.size();) points.push_back({decode_at(old, at), 0});
    const auto blank = [](const ChangedPoint& point) {
      return rust_whitespace().contains(point.point);
    };
    const auto kept = std::find_if_not(points.begin(), points.end(), blank);
    const auto leading = static_cast<std::size_t>(left_ ? kept - points.begin() : 0);
    const auto last = std::find_if_not(points.rbegin(), points.rend(), blank);
    const auto trailing = static_cast<std::size_t>(right_ ? last - points.rbegin() : 0);
    if (leading == 0 && trailing == 0) return;
    const std::size_t end = points.size() - trailing;
    // The reference looks for the last character by a count of bytes: found in ASCII texts.
    if (leading < end && old.size() == points.size()) {
      points[end - 1].change = -static_cast<int>(trailing);
    }
    points.resize(std::max(end, leading));
    text.change(std::span(points).subspan(leading), leading);
  }

 private:
  bool left_;
  bool right_;
};

class Replace final : public Normalizer {
 public:
  explicit Replace(JsonObject& fields)
      : pattern_(read_pattern(fields, "pattern")), content_(fields.text("content")) {}

  void normalize(NormalizedText& text) const override {
    std::vector<Span> spans;
    pattern_.find(text.text(), spans);
    if (spans.size() == 1 && !spans[0].is_match) return;
    text.replace(spans, content_);
  }
  bool needs_origins() const override { return pattern_.may_match_nothing(); }

 private:
  Pattern pattern_;
  std::string content_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(JsonObject& fields) : prefix_(fields.text("prepend")) {}
  void normalize(NormalizedText& text) const override { text.prepend(prefix_); }
  bool needs_origins() const override { return prefix_.empty(); }

 private:
  std::string prefix_;
};

class ByteLevelNormalizer final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    if (text.text().empty()) return;
    std::string bytes;
    map_points(text, [&bytes](char32_t point, const auto& sink) {
      bytes.clear();
      append_point(bytes, point);
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        sink(byte_character(static_cast<unsigned char>(bytes[i])), i == 0 ? 0 : 1);
      }
    });
  }
};

class Nmt final : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    filter_points(text, [](char32_t point) {
      return !((point >= 1 && point <= 8) || point == 0xB || (point >= 0xE && point <= 0x1F) ||
               point == 0x7F || point == 0x8F || point == 0x9F);
    });
    map_points(text,
               [](char32_t point, const auto& sink) { sink(blank(point) ? U' ' : point, 0); });
  }

 private:
  static bool blank(char32_t point) {
    return point == 9 || point == 0xA || point == 0xC || point == 0xD || point == 0x1680 ||
           (point >= 0x200B && point <= 0x200F) || point == 0x2028 || point == 0x2029 ||
           point == 0x2581 || point == 0xFEFF || point == 0xFFFD;
  }
};

bool is_bert_ideograph(char32_t point) {
  static constexpr std::array<CodePointRange, 8> kBlocks = {{{0x3400, 0x4DBF},
                                                             {0x4E00, 0x9FFF},
                                                             {0xF900, 0xFAFF},
                                                             {0x20000, 0x2A6DF},
                                                             {0x2A700, 0x2B73F},
                                                             {0x2B740, 0x2B81F},
                                                             {0x2B920, 0x2CEAF},
                                                             {0x2F800, 0x2FA1F}}};
  if (point < 0x3400) return false;
  return std::any_of(kBlocks.begin(), kBlocks.end(), [point](const CodePointRange& block) {
    return block.first <= point && point <= block.last;
  });
}

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(JsonObject& fields)
      : cleans_(required_boolean(fields, "clean_text")),
        spaces_(required_boolean(fields, "handle_chinese_chars")),
        lowers_(required_boolean(fields, "lowercase")),
        strips_(fields.has("strip_accents") ? required_boolean(fields, "strip_accents") : lowers_) {
  }

  void normalize(NormalizedText& text) const override {
    if (!text.tracked() && is_ascii(text.text())) {
      normalize_ascii(text);
      return;
    }
    if (cleans_) clean(text);
    if (spaces_) {
      map_points(text, [](char32_t point, const auto& sink) {
        if (is_bert_ideograph(point)) {
          sink(U' ', 0);
          sink(point, 1);
          sink(U' ', 1);
        } else {
          sink(point, 0);
        }
      });
    }
    if (strips_) {
      apply_form(text, NormalForm::nfd);
      filter_points(text, [](char32_t point) { return !bert_nonspacing().contains(point); });
    }
    if (lowers_) lower_case(text);
  }

 private:
  static void clean(NormalizedText& text) {
    filter_points(text, [](char32_t point) { return !bert_deleted().contains(point); });
    map_points(text, [](char32_t point, const auto& sink) {
      sink(rust_whitespace().contains(point) ? U' ' : point, 0);
    });
  }

  void normalize_ascii(NormalizedText& text) const {
    std::string out;
    out.reserve(text.text().size());
    for (const char c : text.text()) {
      const bool blank = c == '\t' || c == '\n' || c == '\r';
      if (cleans_ && !blank && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)) continue;
      out += cleans_ && blank                  ? ' '
             : lowers_ && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32)
                                               : c;
    }
    text.replace_text(std::move(out));
  }

  bool cleans_;
  bool spaces_;
  bool lowers_;
  bool strips_;
};

std::string decode_base64(const std::string& text, const std::string& who) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t letters = 0;
  for (; letters < text.size() && text[letters] != '='; ++letters) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t value = kAlphabet.find(text[letters]);
    if (value == std::string_view::npos) fail(ErrorKind::data, who, ": not base64");
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 0xFFU);
  }
  const std::string_view rest = std::string_view(text).substr(letters);
  if (rest.find_first_not_of('=') != std::string_view::npos || text.size() % 4 != 0 ||
      rest.size() > 2 || (bits & ((1U << count) - 1U)) != 0) {
    fail(ErrorKind::data, who, ": not base64");
  }
  return bytes;
}

class PrecompiledNormalizer final : public Normalizer {
 public:
  explicit PrecompiledNormalizer(JsonObject& fields)
      : rules_(decode_base64(fields.text("precompiled_charsmap"),
                             fields.where() + ": precompiled_charsmap"),
               fields.where()) {}

  void normalize(NormalizedText& text) const override {
    if (rules_.keeps(text.text())) return;
    std::vector<ChangedPoint> changed;
    if (rules_.normalize(text.text(), changed)) text.change(changed);
  }

 private:
  Precompiled rules_;
};

class NormalizerSequence final : public Normalizer {
 public:
  NormalizerSequence(JsonObject& fields, int depth) {
    for (const Json& value : fields.array("normalizers")) {
      parts_.push_back(read_normalizer(value, fields.where(), depth + 1));
    }
  }

  void normalize(NormalizedText& text) const override {
    for (const auto& part : parts_) part->normalize(text);
  }
  bool needs_origins() const override {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const auto& part) { return part->needs_origins(); });
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> parts_;
};

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const Json& value, const std::string& who, int depth) {
  check_depth(depth, who);
  JsonObject fields(value, who);
  const std::string type = fields.text("type");
  if (type == "NFC") return std::make_unique<Form>(NormalForm::nfc);
  if (type == "NFD") return std::make_unique<Form>(NormalForm::nfd);
  if (type == "NFKC") return std::make_unique<Form>(NormalForm::nfkc);
  if (type == "NFKD") return std::make_unique<Form>(NormalForm::nfkd);
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  if (type == "StripAccents") return std::make_unique<StripAccents>();
  if (type == "Strip") return std::make_unique<Strip>(fields);
  if (type == "Replace") return std::make_unique<Replace>(fields);
  if (type == "Prepend") return std::make_unique<Prepend>(fields);
  if (type == "BertNormalizer") return std::make_unique<BertNormalizer>(fields);
  if (type == "Precompiled") return std::make_unique<PrecompiledNormalizer>(fields);
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  if (type == "Nmt") return std::make_unique<Nmt>();
  if (type == "Sequence") return std::make_unique<NormalizerSequence>(fields, depth);
  refuse_type(who, type);
}

}  // namespace dnd::tokenizer
