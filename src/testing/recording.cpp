// Making recordings, and their JSON: flat objects of texts, numbers, truths and lists of texts.
// SPDX-License-Identifier: Apache-2.0
#include "testing/recording.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>

#include <brood/run.hpp>

#include "base/decimal.hpp"
#include "base/make_error.hpp"
#include "base/seconds.hpp"
#include "stream/text.hpp"

namespace brood::detail {

namespace {

// --- writing ---

bool is_text(const std::string& s) { return encode(s, "UTF-8", text_errors::strict).has_value(); }

constexpr char digits[] = "0123456789abcdef";

std::string hex(const std::string& bytes) {
  std::string r;
  for (const char c : bytes) {
    r += digits[static_cast<unsigned char>(c) >> 4];
    r += digits[static_cast<unsigned char>(c) & 15U];
  }
  return r;
}

std::string quoted(const std::string& text) {
  std::string r = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      r += {'\\', c};
    } else if (c == '\n') {
      r += "\\n";
    } else if (byte < 0x20) {
      r += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15U]};
    } else {
      r += c;
    }
  }
  return r + '"';
}

std::string member(const std::string& name, const std::string& bytes) {
  return is_text(bytes) ? quoted(name) + ": " + quoted(bytes)
                        : quoted(name + "_hex") + ": " + quoted(hex(bytes));
}

std::string member(const std::string& name, const std::vector<std::string>& all) {
  bool text = true;
  for (const std::string& s : all) text &= is_text(s);
  std::string r = quoted(text ? name : name + "_hex") + ": [";
  for (const std::string& s : all) {
    if (&s != &all.front()) r += ", ";
    r += quoted(text ? s : hex(s));
  }
  return r + "]";
}

// --- reading ---

struct value {
  std::vector<std::string> texts;
  double number = 0;  // also of a truth
};

class reader {
 public:
  explicit reader(std::string_view text) : left_(text) {}

  // `take` gets the name and the value of each member.
  template <class Take>
  bool object(Take take) {
    if (!sign('{')) return false;
    if (sign('}')) return at_end();
    do {
      std::string name;
      value v;
      if (!string(name) || !sign(':') || !any(v)) return false;
      take(name, std::move(v));
    } while (sign(','));
    return sign('}') && at_end();
  }

 private:
  void space() {
    const std::size_t n = left_.find_first_not_of(" \t\r\n");
    left_.remove_prefix(n == left_.npos ? left_.size() : n);
  }
  bool at_end() {
    space();
    return left_.empty();
  }
  bool sign(char c) {
    space();
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  bool fixed(std::string_view text) {
    if (left_.substr(0, text.size()) != text) return false;
    left_.remove_prefix(text.size());
    return true;
  }

  bool any(value& v) {
    space();
    if (left_.empty()) return false;
    if (left_.front() == '"') return string(v.texts.emplace_back());
    if (sign('[')) return list(v.texts);
    if (fixed("true")) return v.number = 1, true;
    if (fixed("false") || fixed("null")) return true;
    const auto number = take_number(left_);
    if (number) v.number = *number;
    return number.has_value();
  }

  bool list(std::vector<std::string>& all) {
    if (sign(']')) return true;
    do {
      if (!string(all.emplace_back())) return false;
    } while (sign(','));
    return sign(']');
  }

  bool string(std::string& to) {
    if (!sign('"')) return false;
    while (!left_.empty()) {
      const char c = left_.front();
      left_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\') {
        to += c;
      } else if (!escape(to)) {
        return false;
      }
    }
    return false;
  }

  bool escape(std::string& to) {
    if (left_.empty()) return false;
    const char c = left_.front();
    left_.remove_prefix(1);
    constexpr std::string_view names = "\"\\/bfnrt";
    if (const std::size_t i = names.find(c); i != names.npos)
      return to += "\"\\/\b\f\n\r\t"[i], true;
    std::uint32_t code = 0;
    if (c != 'u' || !unit(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (!fixed("\\u") || !unit(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append(to, code);
    return true;
  }

  bool unit(std::uint32_t& code) {
    if (left_.size() < 4) return false;
    const char* const end = left_.data() + 4;
    if (std::from_chars(left_.data(), end, code, 16).ptr != end) return false;
    left_.remove_prefix(4);
    return true;
  }

  static void append(std::string& to, std::uint32_t code) {
    const auto tail = [&](unsigned shift) {
      to += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
    };
    if (code < 0x80) {
      to += static_cast<char>(code);
    } else if (code < 0x800) {
      to += static_cast<char>(0xC0U | (code >> 6));
      tail(0);
    } else if (code < 0x10000) {
      to += static_cast<char>(0xE0U | (code >> 12));
      tail(6);
      tail(0);
    } else {
      to += static_cast<char>(0xF0U | (code >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view left_;
};

std::optional<std::string> bytes_of(const std::string& hexadecimal) {
  std::string r;
  if (hexadecimal.size() % 2 != 0) return {};
  for (std::size_t i = 0; i < hexadecimal.size(); i += 2) {
    unsigned byte = 0;
    const char* const end = hexadecimal.data() + i + 2;
    if (std::from_chars(hexadecimal.data() + i, end, byte, 16).ptr != end) return {};
    r += static_cast<char>(byte);
  }
  return r;
}

// In their range and whole: what is beyond int is not converted to it (that is undefined).
bool take_number(const value& v, int least, int most, int& to) {
  if (!(v.number >= least && v.number <= most)) return false;
  to = static_cast<int>(v.number);
  return to == v.number && v.texts.empty();
}

bool take_seconds(const value& v, std::int64_t& ns) {
  const duration d = duration::from_seconds(v.number);
  ns = d.nanoseconds();
  return !d.not_a_number() && !d.too_large() && ns >= 0 && v.texts.empty();
}

bool take_texts(std::string_view name, std::vector<std::string> texts, recording& r) {
  if (name == "args") return r.args = std::move(texts), true;
  if (texts.size() != 1) return false;
  std::string* const to = name == "cwd"     ? &r.cwd
                          : name == "input" ? &r.input
                          : name == "out"   ? &r.out
                          : name == "err"   ? &r.err
                                            : nullptr;
  if (to) *to = std::move(texts.front());
  return true;
}

bool take_member(std::string_view name, value v, recording& r) {
  if (name == "exit") return take_number(v, 0, 255, r.code);
  if (name == "signal") return take_number(v, 1, 64, r.signal);
  if (name == "errno") return take_number(v, 1, 4095, r.os);
  if (name == "hangs") r.hangs = v.number != 0;
  if (name == "seconds") return take_seconds(v, r.wall_ns);
  if (v.texts.empty()) return true;
  if (name.ends_with("_hex")) {
    name.remove_suffix(4);
    for (std::string& s : v.texts) {
      auto bytes = bytes_of(s);
      if (!bytes) return false;
      s = std::move(*bytes);
    }
  }
  return take_texts(name, std::move(v.texts), r);
}

}  // namespace

std::string to_line(const recording& r) {
  std::string s = "{" + member("args", r.args);
  if (!r.cwd.empty()) s += ", " + member("cwd", r.cwd);
  if (!r.input.empty()) s += ", " + member("input", r.input);
  if (!r.out.empty()) s += ", " + member("out", r.out);
  if (!r.err.empty()) s += ", " + member("err", r.err);
  if (r.os != 0) return s + ", \"errno\": " + std::to_string(r.os) + "}\n";
  if (r.hangs) {
    s += ", \"hangs\": true";
  } else if (r.signal != 0) {
    s += ", \"signal\": " + std::to_string(r.signal);
  } else {
    s += ", \"exit\": " + std::to_string(r.code);
  }
  return s + ", \"seconds\": " + decimal_seconds(r.wall_ns) + "}\n";
}

std::optional<recording> from_line(std::string_view line) {
  recording r;
  bool good = true;
  const bool read = reader(line).object(
      [&](const std::string& name, value v) { good &= take_member(name, std::move(v), r); });
  if (!read || !good || r.args.empty()) return {};
  return r;
}

expected<recording, error> record_run(const command& cmd, const options& opts) {
  if (opts.in.what() == stdio::kind::pipe && !opts.input) {
    return unexpected(bad_request("in", "a recorded command has its input by options::input"));
  }
  options o = opts;
  o.out = PIPE;
  if (o.err.what() != stdio::kind::merge_stdout) o.err = PIPE;
  o.on_line = {};
  o.on_chunk = {};
  o.text = false;
  o.encoding.clear();
  o.max_output = {};
  o.check = false;
  o.retry = {};
  auto ended = try_run(cmd, o);
  recording r;
  r.args = cmd.args();
  r.cwd = opts.cwd;
  r.input = opts.input.value_or("");
  const completed_process* const p = ended ? &*ended : ended.error().result();
  if (!p) {
    r.os = ended.error().stage() == error_stage::exec ? ended.error().code().value() : 0;
    if (r.os == 0) return unexpected(ended.error());
    return r;
  }
  r.out = p->out;
  r.err = p->err;
  r.code = p->status.code().value_or(0);
  r.signal = p->status.signal().value_or(0);
  r.hangs = p->reason == reason::timed_out || p->reason == reason::idle_timed_out;
  r.wall_ns = p->usage.wall.count();
  return r;
}

}  // namespace brood::detail
