#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/strings.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/clean_up.h"
#include "tokenizer/code_points.h"
#include "tokenizer/decoder.h"
#include "tokenizer/fields.h"
#include "tokenizer/pre_tokenizer.h"

namespace dnd::tokenizer {
namespace {

class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(JsonObject& fields) : suffix_(fields.text("suffix")) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      replace_all(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
    }
  }

 private:
  std::string suffix_;
};

// How many bytes at the beginning of `bytes`, which is no character, become one U+FFFD: the longest beginning
// of a character, at least one byte (String::from_utf8_lossy).
std::size_t lost_bytes(std::string_view bytes) {
  const auto byte = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  const unsigned first = byte(0);
  const auto continues = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  if (first < 0xC2U || first > 0xF4U) return 1;
  const unsigned low = first == 0xE0U ? 0xA0U : first == 0xF0U ? 0x90U : 0x80U;
  const unsigned high = first == 0xEDU ? 0x9FU : first == 0xF4U ? 0x8FU : 0xBFU;
  if (!continues(1, low, high)) return 1;
  if (first < 0xE0U) return 2;
  if (!continues(2, 0x80U, 0xBFU)) return 2;
  if (first < 0xF0U) return 3;
  return continues(3, 0x80U, 0xBFU) ? 4 : 3;
}

std::string lossy_utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t size = lost_bytes(bytes);
    const std::string_view part = bytes.substr(0, size);
    text += is_valid_utf8(part) ? part : "\uFFFD";
    bytes.remove_prefix(size);
  }
  return text;
}

class ByteLevelDecoder final : public Decoder {
 public:
  explicit ByteLevelDecoder(JsonObject& fields) {
    required_boolean(fields, "add_prefix_space");
    required_boolean(fields, "trim_offsets");
    fields.boolean_or("use_regex", true);
  }

  void decode(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) {
      const std::size_t before = bytes.size();
      for (std::size_t at = 0; at < token.size();) {
        const auto byte = character_byte(decode_at(token, at));
        if (!byte) {  // then the token stands for itself
          bytes.resize(before);
          bytes += token;
          break;
        }
        bytes += static_cast<char>(*byte);
      }
    }
    tokens.assign(1, lossy_utf8(bytes));
  }
};

class WordPieceDecoder final : public Decoder {
 public:
  explicit WordPieceDecoder(JsonObject& fields)
      : prefix_(fields.text("prefix")), cleans_up_(required_boolean(fields, "cleanup")) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0 && token.starts_with(prefix_)) {
        token.erase(0, prefix_.size());
      } else if (i > 0) {
        token.insert(0, " ");
      }
      if (cleans_up_) clean_up(token, /*contracts_do_not=*/true);
    }
  }

 private:
  std::string prefix_;
  bool cleans_up_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  explicit MetaspaceDecoder(JsonObject& fields) : rules_(read_metaspace(fields)) {}

  void decode(std::vector<std::string>& tokens) const override {
    const std::string replacement = utf8(rules_.replacement);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool begins = i == 0 && rules_.scheme != PrependScheme::never;
      replace_all(tokens[i], replacement, begins ? "" : " ");
    }
  }

 private:
  Metaspace rules_;
};

class Ctc final : public Decoder {
 public:
  explicit Ctc(JsonObject& fields)
      : padding_(fields.text("pad_token")),
        delimiter_(fields.text("word_delimiter_token")),
        cleans_up_(required_boolean(fields, "cleanup")) {}

  void decode(std::vector<std::string>& tokens) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) {
      replace_all(token, padding_, "");
      if (!cleans_up_) continue;
      clean_up(token, /*contracts_do_not=*/true);
      replace_all(token, delimiter_, " ");
    }
    std::erase_if(tokens, [](const std::string& token) { return token.empty(); });
  }

 private:
  std::string padding_;
  std::string delimiter_;
  bool cleans_up_;
};

// Tokens "<0x41>" in a row are the bytes of a text; if they are not UTF-8, each is U+FFFD.
class ByteFallback final : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (is_valid_utf8(bytes)) {
        out.push_back(bytes);
      } else {
        out.insert(out.end(), bytes.size(), "\uFFFD");
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const int byte = byte_of(token); byte >= 0) {
        bytes += static_cast<char>(byte);
        continue;
      }
      flush();
      out.push_back(std::move(token));
    }
    flush();
    tokens = std::move(out);
  }

 private:
  static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }
  static int byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
    // Rust's from_str_radix takes a sign.
    if (token[3] == '+') return digit(token[4]);
    if (digit(token[3]) < 0 || digit(token[4]) < 0) return -1;
    return digit(token[3]) * 16 + digit(token[4]);
  }
};

class Fuse final : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::string text;
    for (const std::string& token : tokens) text += token;
    tokens.clear();
    tokens.push_back(std::move(text));
  }
};

class StripDecoder final : public Decoder {
 public:
  explicit StripDecoder(JsonObject& fields)
      : content_(utf8(one_character(fields, "content"))),
        start_(fields.integer("start", 0, std::numeric_limits<std::int64_t>::max())),
        stop_(fields.integer("stop", 0, std::numeric_limits<std::int64_t>::max())) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) strip(token);
  }

 private:
  void strip(std::string& token) const {
    const std::string_view text = token;
    std::size_t begin = 0;
    for (std::int64_t i = 0; i < start_ && text.substr(begin).starts_with(content_); ++i) {
      begin += content_.size();
    }
    std::size_t end = text.size();
    for (std::int64_t i = 0; i < stop_; ++i) {
      if (end == 0) refuse(token);
      if (!text.substr(0, end).ends_with(content_)) break;
      end -= content_.size();
    }
    if (end < begin) refuse(token);
    token = std::string(text.substr(begin, end - begin));
  }

  [[noreturn]] static void refuse(std::string_view token) {
    fail(ErrorKind::data, "tokenizer: the decoder Strip cannot take off more than the token '",
         printable(token), "' has");
  }

  std::string content_;
  std::int64_t start_;
  std::int64_t stop_;
};

class ReplaceDecoder final : public Decoder {
 public:
  explicit ReplaceDecoder(JsonObject& fields)
      : pattern_(read_pattern(fields, "pattern")), content_(fields.text("content")) {}

  void decode(std::vector<std::string>& tokens) const override {
    std::vector<Span> spans;
    for (std::string& token : tokens) {
      pattern_.find(token, spans);
      std::string out;
      for (const Span& span : spans) {
        if (span.is_match) {
          out += content_;
        } else {
          out.append(token, span.begin, span.end - span.begin);
        }
      }
      token = std::move(out);
    }
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class DecoderSequence final : public Decoder {
 public:
  DecoderSequence(JsonObject& fields, int depth) {
    for (const Json& value : fields.array("decoders")) {
      parts_.push_back(read_decoder(value, fields.where(), depth + 1));
    }
  }
  void decode(std::vector<std::string>& tokens) const override {
    for (const auto& part : parts_) part->decode(tokens);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> parts_;
};

}  // namespace

std::unique_ptr<Decoder> read_decoder(const Json& value, const std::string& who, int depth) {
  check_depth(depth, who);
  JsonObject fields(value, who);
  const std::string type = fields.text("type");
  if (type == "BPEDecoder") return std::make_unique<BpeDecoder>(fields);
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>(fields);
  if (type == "WordPiece") return std::make_unique<WordPieceDecoder>(fields);
  if (type == "Metaspace") return std::make_unique<MetaspaceDecoder>(fields);
  if (type == "CTC") return std::make_unique<Ctc>(fields);
  if (type == "ByteFallback") return std::make_unique<ByteFallback>();
  if (type == "Fuse") return std::make_unique<Fuse>();
  if (type == "Strip") return std::make_unique<StripDecoder>(fields);
  if (type == "Replace") return std::make_unique<ReplaceDecoder>(fields);
  if (type == "Sequence") return std::make_unique<DecoderSequence>(fields, depth);
  refuse_type(who, type);
}

}  // namespace dnd::tokenizer
