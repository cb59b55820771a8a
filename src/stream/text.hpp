// Bytes of a command to UTF-8 text and back, in pieces of any size.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>

namespace brood::detail {

/// Whether iconv(3) knows it, in both directions.
bool known_encoding(const std::string& name);

/// Whether it is a byte of a UTF-8 character, but not its first.
constexpr bool continues_character(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Where the character of byte `at` begins, in UTF-8. In what is none, at most three bytes before.
constexpr std::size_t start_of_character(std::string_view text, std::size_t at) noexcept {
  for (int back = 0; back < 3 && at > 0 && continues_character(text[at]); ++back) --at;
  return at;
}

/// Turns bytes into UTF-8 with "\n" for "\r\n" and "\r". Characters may be split anywhere.
class decoder {
 public:
  decoder(const std::string& encoding, text_errors errors);
  decoder(decoder&& o) noexcept;
  decoder& operator=(decoder&&) = delete;
  ~decoder();

  /// Append the text of `bytes` to `out`. \param last  no more will come.
  /// Errors: bad_data under text_errors::strict, naming the offset.
  expected<void, error> decode(std::string_view bytes, bool last, std::string& out);

 private:
  bool convert(std::string& text, bool last);
  bool bad_byte(std::string& text);
  void add_newlines(std::string_view text, std::string& out);

  void* iconv_;
  bool beyond_unicode_;  // iconv_ passes UTF-8 that is not Unicode
  std::string encoding_;
  text_errors errors_;
  std::string pending_;       // bytes not yet converted
  std::size_t used_ = 0;      // of pending_
  std::uint64_t offset_ = 0;  // of pending_[0] in the stream
  bool after_cr_ = false;
};

/// UTF-8 text as bytes in `encoding`, newlines unchanged.
expected<std::string, error> encode(std::string_view text, const std::string& encoding,
                                    text_errors errors);

}  // namespace brood::detail
