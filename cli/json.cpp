// Writes the JSON objects of `brood run --json`; the key order is for people.
// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include <brood/status.hpp>

#include "bytes.hpp"

namespace cli {

namespace {

using json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

void add_output(json& object, const char* name, const std::string& bytes, std::uint64_t omitted) {
  if (is_utf8(bytes)) {
    object[name] = bytes;
  } else {
    object[std::string(name) + "_base64"] = base64(bytes);
  }
  if (omitted > 0) object[std::string(name) + "_omitted"] = omitted;
}

/// Arguments are bytes, JSON is not: what is no text has a twin.
void add_words(json& object, const std::string& name, const std::vector<std::string>& words) {
  object[name] = words;
  if (std::all_of(words.begin(), words.end(), [](const auto& w) { return is_utf8(w); })) return;
  json& exact = object[name + "_base64"] = json::array();
  for (const std::string& w : words) exact.push_back(base64(w));
}

bool is_collected(const brood::stdio& stream) {
  const auto is_pipe = [](const brood::stdio& t) { return t.what() == brood::stdio::kind::pipe; };
  return is_pipe(stream) || std::any_of(stream.targets().begin(), stream.targets().end(), is_pipe);
}

template <class T>
json nullable(const T& value) {
  return value ? json(*value) : json(nullptr);
}

// What is no text is replaced rather than refused.
std::string line(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

namespace {

void add_facts(json& object, const batch_facts& batch) {
  object["seq"] = batch.seq;
  object["slot"] = batch.slot;
  add_words(object, "args", *batch.args);
}

json describe(const brood::completed_process& result, const settings& s,
              const batch_facts* batch = nullptr) {
  json object;
  if (batch != nullptr) add_facts(object, *batch);
  add_words(object, "argv", result.args);
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
  add_words(object, "argv", cmd.args());
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
