// Describes results and errors for `--json`; the order of the members is for people.
// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include <algorithm>
#include <cstddef>

#include <brood/status.hpp>

#include "json_writer.hpp"

namespace cli {

namespace {

bool is_collected(const brood::stdio& stream) {
  const auto is_pipe = [](const brood::stdio& t) { return t.what() == brood::stdio::kind::pipe; };
  return is_pipe(stream) || std::any_of(stream.targets().begin(), stream.targets().end(), is_pipe);
}

void add_output(json_object& to, const char* name, const std::string& bytes,
                std::uint64_t omitted) {
  to.bytes(name, bytes);
  if (omitted > 0) to.number(std::string(name) + "_omitted", omitted);
}

void add_facts(json_object& to, const batch_facts& batch) {
  to.number("seq", batch.seq).number("slot", static_cast<std::uint64_t>(batch.slot));
  to.words("args", *batch.args);
}

void add_usage(json_object& to, const brood::usage& u) {
  to.seconds("wall_seconds", u.wall).seconds("user_seconds", u.user);
  to.seconds("system_seconds", u.system).number("max_rss_bytes", u.max_rss_bytes);
}

void add_status(json_object& to, const brood::exit_status& status) {
  to.number("exit_code", status.code()).number("signal", status.signal());
}

void describe(json_object& to, const brood::completed_process& result, const settings& s,
              const batch_facts* batch = nullptr) {
  if (batch != nullptr) add_facts(to, *batch);
  to.words("argv", result.args).number("pid", static_cast<std::uint64_t>(result.pid));
  to.text("reason", brood::to_string(result.reason));
  add_status(to, result.status);
  add_usage(to, result.usage);
  to.flag("complete", result.complete).text("containment", brood::to_string(result.containment));
  to.number("attempts", batch != nullptr ? static_cast<std::uint64_t>(batch->attempts)
                                         : result.attempts.size() + 1);
  to.flag("success", result.success());
  const brood::options& o = s.options;
  const bool all = batch != nullptr || o.capture_output;
  if (all || is_collected(o.out)) add_output(to, "stdout", result.out, result.out_omitted);
  if (all || is_collected(o.err)) add_output(to, "stderr", result.err, result.err_omitted);
  if (!result.degraded.empty()) to.words("degraded", result.degraded);
}

void add_not_started(json_object& to, const brood::command& cmd, const brood::error& e,
                     std::size_t attempts) {
  to.words("argv", cmd.args()).null("pid");
  to.text("reason", brood::to_string(brood::reason::not_started));
  to.null("exit_code").null("signal").number("attempts", attempts).bytes("error", e.what());
}

}  // namespace

std::string to_json(const brood::completed_process& result, const brood::error* wrong,
                    const settings& s, const batch_facts* batch) {
  json_object o;
  describe(o, result, s, batch);
  if (wrong != nullptr) o.bytes("error", wrong->what());
  return o.done() + "\n";
}

std::string to_json(const brood::completed_pipeline& result, const settings& s) {
  json_object o;
  o.text("reason", brood::to_string(result.reason));
  add_status(o, result.status);
  add_usage(o, result.usage);
  o.flag("complete", result.complete).flag("success", result.success());
  const bool all = s.options.capture_output;
  if (all || is_collected(s.options.out)) o.bytes("stdout", result.out);
  settings of_stages = s;  // only the last stage has a stdout to show, and the pipeline shows it
  of_stages.options.capture_output = false;
  of_stages.options.out = brood::INHERIT;
  if (all) of_stages.options.err = brood::PIPE;
  std::string stages;
  for (const brood::completed_process& stage : result.stages) {
    json_object one;
    describe(one, stage, of_stages);
    (stages += stages.empty() ? "" : ",") += one.done();
  }
  return o.raw("stages", "[" + stages + "]").done() + "\n";
}

std::string to_json(const brood::command& cmd, const brood::error& e, std::size_t attempts) {
  json_object o;
  add_not_started(o, cmd, e, attempts);
  return o.done() + "\n";
}

std::string to_json(const brood::command& cmd, const brood::error& e, const batch_facts& batch) {
  json_object o;
  add_facts(o, batch);
  add_not_started(o, cmd, e, static_cast<std::size_t>(batch.attempts));
  return o.done() + "\n";
}

}  // namespace cli
