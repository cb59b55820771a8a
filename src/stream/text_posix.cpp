// Text by iconv(3).
// SPDX-License-Identifier: Apache-2.0
#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/make_error.hpp"
#include "stream/text.hpp"

namespace brood::detail {

namespace {

const iconv_t none = reinterpret_cast<iconv_t>(-1);

iconv_t open_pair(const char* to, const char* from) { return ::iconv_open(to, from); }

void add_escape(std::string& to, unsigned char byte) {
  constexpr char digits[] = "0123456789abcdef";
  to += "\\x";
  to += digits[byte >> 4];
  to += digits[byte & 15];
}

// POSIX lets iconv(3) write something of its own for what the encoding lacks, and only count that.
// musl does: "*".
bool iconv_substitutes() {
  static const bool does = [] {
    const iconv_t converter = open_pair("US-ASCII", "UTF-8");
    if (converter == none) return false;
    char euro[] = "\xe2\x82\xac";
    char* from = euro;
    std::size_t left = 3;
    char room[16];
    char* to = room;
    std::size_t space = sizeof room;
    const bool passed =
        ::iconv(converter, &from, &left, &to, &space) != static_cast<std::size_t>(-1);
    ::iconv_close(converter);
    return passed;
  }();
  return does;
}

// Where the character at `at` ends.
std::size_t end_of_character(std::string_view text, std::size_t at) {
  if (at < text.size()) ++at;
  while (at < text.size() && continues_character(text[at])) ++at;
  return at;
}

error bad_text(error_stage stage, const std::string& encoding, std::uint64_t offset) {
  return error(error_kind::bad_data, stage, encoding,
               std::error_code(EILSEQ, std::generic_category()),
               "not valid at byte " + std::to_string(offset));
}

// glibc's UTF-8 goes on to U+7FFFFFFF, Unicode's ends at U+10FFFF: F4 8F BF BF.
// Asked of a converter of its own: musl's does not forget a byte order, once seen, when it is
// reset.
bool goes_beyond_unicode(const char* encoding) {
  const iconv_t converter = open_pair("UTF-8", encoding);
  if (converter == none) return false;
  char first_beyond[] = "\xf4\x90\x80\x80";
  char* from = first_beyond;
  std::size_t left = 4;
  char room[16];
  char* to = room;
  std::size_t space = sizeof room;
  const bool passed = ::iconv(converter, &from, &left, &to, &space) == 0;
  ::iconv_close(converter);
  return passed && std::string_view(room, sizeof room - space) == "\xf4\x90\x80\x80";
}

// Where the first byte of UTF-8 that starts nothing in Unicode is, or the end.
std::size_t find_beyond_unicode(std::string_view bytes, std::size_t at) {
  for (; at < bytes.size(); ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    if (byte < 0xF4) continue;
    if (byte > 0xF4) return at;
    const bool high = at + 1 < bytes.size() && static_cast<unsigned char>(bytes[at + 1]) > 0x8F;
    if (high) return at;
  }
  return at;
}

}  // namespace

bool known_encoding(const std::string& name) {
  const iconv_t in = open_pair("UTF-8", name.c_str());
  if (in == none) return false;
  ::iconv_close(in);
  const iconv_t out = open_pair(name.c_str(), "UTF-8");
  if (out == none) return false;
  ::iconv_close(out);
  return true;
}

decoder::decoder(const std::string& encoding, text_errors errors)
    : iconv_(open_pair("UTF-8", encoding.c_str())),
      beyond_unicode_(goes_beyond_unicode(encoding.c_str())),
      encoding_(encoding),
      errors_(errors) {}

decoder::decoder(decoder&& o) noexcept
    : iconv_(std::exchange(o.iconv_, none)),
      beyond_unicode_(o.beyond_unicode_),
      encoding_(std::move(o.encoding_)),
      errors_(o.errors_),
      pending_(std::move(o.pending_)),
      used_(o.used_),
      offset_(o.offset_),
      after_cr_(o.after_cr_) {}

decoder::~decoder() {
  if (iconv_ != none) ::iconv_close(iconv_);
}

// The byte at used_ starts nothing valid. False under strict.
bool decoder::bad_byte(std::string& text) {
  const auto byte = static_cast<unsigned char>(pending_[used_]);
  if (errors_ == text_errors::strict) return false;
  ++used_;
  if (errors_ == text_errors::replace) text += "\xEF\xBF\xBD";
  if (errors_ == text_errors::backslashreplace) add_escape(text, byte);
  return true;
}

bool decoder::convert(std::string& text, bool last) {
  char room[8192];
  std::size_t end = beyond_unicode_ ? 0 : pending_.size();  // of what iconv may be shown
  while (used_ < pending_.size()) {
    if (beyond_unicode_ && end <= used_) end = find_beyond_unicode(pending_, used_);
    char* from = pending_.data() + used_;
    std::size_t left = end - used_;
    char* to = room;
    std::size_t space = sizeof room;
    const std::size_t r = ::iconv(iconv_, &from, &left, &to, &space);
    const int why = errno;
    text.append(room, sizeof room - space);
    const bool stuck = end == used_;
    used_ = end - left;
    if (!stuck && (r != static_cast<std::size_t>(-1) || why == E2BIG)) continue;
    if (!stuck && why == EINVAL && end == pending_.size()) {
      if (!last) return true;  // the rest of this character is still to come
      // It will not come: one mistake, however many bytes there are of it (as in Python).
      if (errors_ == text_errors::replace) {
        text += "\xEF\xBF\xBD";
        used_ = pending_.size();
        return true;
      }
    }
    if (!bad_byte(text)) return false;
  }
  return true;
}

void decoder::add_newlines(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    if (after_cr_ && text[at] == '\n') ++at;
    after_cr_ = false;
    const std::size_t cr = std::min(text.find('\r', at), text.size());
    out.append(text.substr(at, cr - at));
    at = cr;
    if (at == text.size()) break;
    out += '\n';
    after_cr_ = true;
    ++at;
  }
}

expected<void, error> decoder::decode(std::string_view bytes, bool last, std::string& out) {
  pending_.append(bytes);
  std::string text;
  const bool good = convert(text, last);
  add_newlines(text, out);
  if (!good) return unexpected(bad_text(error_stage::decode, encoding_, offset_ + used_));
  offset_ += used_;
  pending_.erase(0, used_);
  used_ = 0;
  return {};
}

expected<std::string, error> encode(std::string_view text, const std::string& encoding,
                                    text_errors errors) {
  const iconv_t to_bytes = open_pair(encoding.c_str(), "UTF-8");
  if (to_bytes == none) {
    return unexpected(bad_request("encoding", "'" + encoding + "' is not known"));
  }
  std::string out;
  std::string source(text);
  std::size_t at = 0;
  char room[8192];
  const bool one_by_one = iconv_substitutes();
  for (;;) {
    std::size_t end = find_beyond_unicode(source, at);
    if (one_by_one) end = std::min(end, end_of_character(source, at));
    char* from = source.data() + at;
    std::size_t left = end - at;
    char* to = room;
    std::size_t space = sizeof room;
    const bool flushing = at == source.size();
    const bool stuck = left == 0 && !flushing;
    const std::size_t r = flushing ? ::iconv(to_bytes, nullptr, nullptr, &to, &space)
                                   : ::iconv(to_bytes, &from, &left, &to, &space);
    const int why = errno;
    const bool substituted = one_by_one && r > 0 && r != static_cast<std::size_t>(-1);
    if (!substituted) {
      out.append(room, sizeof room - space);
      at = end - left;
    }
    if (flushing && r != static_cast<std::size_t>(-1)) break;
    if (!stuck && !substituted && (r != static_cast<std::size_t>(-1) || why == E2BIG)) continue;
    if (errors == text_errors::strict) {
      ::iconv_close(to_bytes);
      return unexpected(bad_text(error_stage::encode, encoding, at));
    }
    // Pass over one whole character of the text.
    const std::size_t first = std::exchange(at, end_of_character(source, at));
    if (errors == text_errors::replace) out += '?';
    if (errors == text_errors::backslashreplace) {
      for (std::size_t i = first; i < at; ++i) {
        add_escape(out, static_cast<unsigned char>(source[i]));
      }
    }
  }
  ::iconv_close(to_bytes);
  return out;
}

}  // namespace brood::detail
