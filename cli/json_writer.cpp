// Escapes by RFC 8259, and prints numbers by std::to_string of integers, which knows no locale.
// SPDX-License-Identifier: Apache-2.0
#include "json_writer.hpp"

#include <algorithm>
#include <cstddef>

#include "bytes.hpp"

namespace cli {

namespace {

void append_escape(std::string& to, char32_t c) {
  constexpr std::string_view hex = "0123456789abcdef";
  to += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) to += hex[c >> shift & 15];
}

}  // namespace

std::string json_string(std::string_view text) {
  constexpr std::string_view short_forms = "\bb\ff\nn\rr\tt\"\"\\\\";  // the byte, then its letter
  std::string out = "\"";
  const std::string all = to_utf8(text);
  for (std::string_view rest = all; !rest.empty();) {
    const character c = first_character(rest);
    const std::size_t at = short_forms.find(rest[0]);
    if (at != std::string_view::npos && at % 2 == 0) {
      (out += '\\') += short_forms[at + 1];
    } else if (is_control(c.code)) {
      append_escape(out, c.code);  // more than RFC 8259 asks for: what terminals act upon
    } else {
      out += rest.substr(0, c.length);
    }
    rest.remove_prefix(c.length);
  }
  return out + "\"";
}

std::string json_decimal(std::int64_t units, int digits) {
  const auto width = static_cast<std::size_t>(digits);
  // Not std::abs, which has no result for the smallest number.
  const auto size =
      units < 0 ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
  std::string text = std::to_string(size);
  if (text.size() <= width) text.insert(0, width + 1 - text.size(), '0');
  text.insert(text.size() - width, 1, '.');
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return units < 0 ? "-" + text : text;
}

std::string json_in_html(std::string_view json) {
  std::string out;
  for (const char c : json) {
    // In valid JSON these stand in strings only, where an escape means the same.
    if (c == '<' || c == '>' || c == '&') {
      append_escape(out, static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

json_object& json_object::raw(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? "{" : ",";
  ((text_ += json_string(name)) += ":") += value;
  return *this;
}

json_object& json_object::text(std::string_view name, std::string_view value) {
  return raw(name, json_string(value));
}

json_object& json_object::bytes(std::string_view name, std::string_view value) {
  text(name, value);
  return is_utf8(value) ? *this : text(std::string(name) + "_base64", base64(value));
}

json_object& json_object::words(std::string_view name, const std::vector<std::string>& values) {
  const auto list = [&values](auto to_word) {
    std::string all;
    for (const std::string& v : values) (all += all.empty() ? "" : ",") += json_string(to_word(v));
    return "[" + all + "]";
  };
  raw(name, list([](const std::string& v) { return v; }));
  if (std::all_of(values.begin(), values.end(), is_utf8)) return *this;
  return raw(std::string(name) + "_base64", list(base64));
}

json_object& json_object::number(std::string_view name, std::uint64_t n) {
  return raw(name, std::to_string(n));
}

json_object& json_object::number(std::string_view name, const std::optional<int>& n) {
  return n ? raw(name, std::to_string(*n)) : null(name);
}

json_object& json_object::seconds(std::string_view name, std::chrono::nanoseconds t) {
  return raw(name, json_decimal(t.count(), 9));
}

json_object& json_object::flag(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

json_object& json_object::null(std::string_view name) { return raw(name, "null"); }

std::string json_object::done() const { return text_.empty() ? "{}" : text_ + "}"; }

}  // namespace cli
