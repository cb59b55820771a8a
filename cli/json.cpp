// Writes the JSON objects of `brood run --json`; the key order is for people.
// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include <brood/status.hpp>

namespace cli {

namespace {

using json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

/// Length of the UTF-8 sequence at the start of `s`, 0 if there is none (RFC 3629, table 3-7 of
/// the Unicode standard: no surrogates, nothing overlong).
std::size_t sequence_length(std::string_view s) {
  const auto byte = [s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < length) return 0;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool is_utf8(std::string_view s) {
  while (!s.empty()) {
    const std::size_t n = sequence_length(s);
    if (n == 0) return false;
    s.remove_prefix(n);
  }
  return true;
}

std::string base64(std::string_view s) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((s.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < s.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, s.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(s[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

void add_output(json& object, const char* name, const std::string& bytes, std::uint64_t omitted) {
  if (is_utf8(bytes)) {
    object[name] = bytes;
  } else {
    object[std::string(name) + "_base64"] = base64(bytes);
  }
  if (omitted > 0) object[std::string(name) + "_omitted"] = omitted;
}

bool is_collected(const brood::stdio& stream) {
  const auto is_pipe = [](const brood::stdio& t) { return t.what() == brood::stdio::kind::pipe; };
  return is_pipe(stream) || std::any_of(stream.targets().begin(), stream.targets().end(), is_pipe);
}

template <class T>
json nullable(const T& value) {
  return value ? json(*value) : json(nullptr);
}

// Arguments are bytes, JSON is not: what is no text is replaced rather than refused.
std::string line(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

namespace {

void add_facts(json& object, const batch_facts& batch) {
  object["seq"] = batch.seq;
  object["slot"] = batch.slot;
  object["args"] = *batch.args;
}

json describe(const brood::completed_process& result, const settings& s,
              const batch_facts* batch = nullptr) {
  json object;
  if (batch != nullptr) add_facts(object, *batch);
  object["argv"] = result.args;
  object["pid"] = result.pid;
  object["reason"] = brood::to_string(result.reason);
  object["exit_code"] = nullable(result.status.code());
  object["signal"] = nullable(result.status.signal());
  object["wall_seconds"] = seconds(result.usage.wall);
  object["user_seconds"] = seconds(result.usage.user);
  object["system_seconds"] = seconds(result.usage.system);
  object["max_rss_bytes"] = result.usage.max_rss_bytes;
  object["complete"] = result.complete;
  object["containment"] = brood::to_string(result.containment);
  object["attempts"] =
      batch != nullptr ? static_cast<std::size_t>(batch->attempts) : result.attempts.size() + 1;
  object["success"] = result.success();
  const brood::options& o = s.options;
  if (batch != nullptr || o.capture_output || is_collected(o.out)) {
    add_output(object, "stdout", result.out, result.out_omitted);
  }
  if (batch != nullptr || o.capture_output || is_collected(o.err)) {
    add_output(object, "stderr", result.err, result.err_omitted);
  }
  if (!result.degraded.empty()) object["degraded"] = result.degraded;
  return object;
}

}  // namespace

std::string to_json(const brood::completed_process& result, const brood::error* wrong,
                    const settings& s, const batch_facts* batch) {
  json object = describe(result, s, batch);
  if (wrong) object["error"] = wrong->what();
  return line(object);
}

std::string to_json(const brood::completed_pipeline& result, const settings& s) {
  json object;
  object["reason"] = brood::to_string(result.reason);
  object["exit_code"] = nullable(result.status.code());
  object["signal"] = nullable(result.status.signal());
  object["wall_seconds"] = seconds(result.usage.wall);
  object["user_seconds"] = seconds(result.usage.user);
  object["system_seconds"] = seconds(result.usage.system);
  object["max_rss_bytes"] = result.usage.max_rss_bytes;
  object["complete"] = result.complete;
  object["success"] = result.success();
  const brood::options& o = s.options;
  if (o.capture_output || is_collected(o.out)) add_output(object, "stdout", result.out, 0);
  settings of_stages = s;  // what a stage has for itself
  of_stages.options.capture_output = false;
  of_stages.options.out = brood::INHERIT;
  if (o.capture_output) of_stages.options.err = brood::PIPE;
  object["stages"] = json::array();
  for (const brood::completed_process& stage : result.stages) {
    object["stages"].push_back(describe(stage, of_stages));
  }
  return line(object);
}

namespace {

void add_not_started(json& object, const brood::command& cmd, const brood::error& e,
                     std::size_t attempts) {
  object["argv"] = cmd.args();
  object["pid"] = nullptr;
  object["reason"] = brood::to_string(brood::reason::not_started);
  object["exit_code"] = nullptr;
  object["signal"] = nullptr;
  object["attempts"] = attempts;
  object["error"] = e.what();
}

}  // namespace

std::string to_json(const brood::command& cmd, const brood::error& e, std::size_t attempts) {
  json object;
  add_not_started(object, cmd, e, attempts);
  return line(object);
}

std::string to_json(const brood::command& cmd, const brood::error& e, const batch_facts& batch) {
  json object;
  add_facts(object, batch);
  add_not_started(object, cmd, e, static_cast<std::size_t>(batch.attempts));
  return line(object);
}

}  // namespace cli
