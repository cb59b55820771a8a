// The forms json and trace, written attempt by attempt, so that a long run needs no memory.
// SPDX-License-Identifier: Apache-2.0
#include "report/json_forms.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "journal/ending.hpp"
#include "json_writer.hpp"
#include "report/formats.hpp"
#include "report/words.hpp"

namespace cli {

namespace {

void add_output(json_object& to, const std::string& name, const journal::kept_output& kept,
                const journal::reader& journal) {
  if (kept.path.empty()) return;
  json_object inner;
  inner.bytes("path", journal.path_of(kept)).number("offset", kept.offset);
  to.raw(name, inner.number("bytes", kept.bytes).done());
}

std::string attempt_object(const journal::attempt& a, const report_source& from) {
  json_object o;
  o.number("seq", a.seq).number("attempt", a.number).number("slot", a.slot);
  o.words("argv", a.argv).text("key", journal::to_text(a.identity.key));
  o.text("started", utc_time(a.started)).flag("ended", a.ended);
  o.text("state", to_text(from.state_of(a)));
  if (a.ended) {
    o.flag("success", a.success).flag("last", a.last);
    o.number("pid", a.pid == 0 ? std::nullopt : std::optional(a.pid)).text("reason", a.reason);
    o.number("exit_code", a.exit_code).number("signal", a.signal);
    o.seconds("wall_seconds", a.wall).seconds("user_seconds", a.user);
    o.seconds("system_seconds", a.system).number("max_rss_bytes", a.max_rss_bytes);
    o.flag("complete", a.complete).text("containment", a.containment);
    if (!a.error.empty()) o.bytes("error", a.error);
    add_output(o, "stdout", a.out, from.journal);
    add_output(o, "stderr", a.err, from.journal);
  }
  return o.done();
}

}  // namespace

std::string run_object(const journal::run_record& run) {
  json_object o;
  o.number("run", static_cast<std::uint64_t>(run.id)).words("argv", run.info.argv);
  o.bytes("cwd", run.info.cwd).text("version", run.info.version);
  o.number("workers", run.info.workers).text("started", utc_time(run.info.started));
  o.text("state", to_text(run.state)).seconds("wall_seconds", wall_of(run));
  o.number("exit_status", run.exit_status).number("succeeded", run.succeeded);
  o.number("failed", run.failed).number("stopped", run.stopped);
  return o.number("skipped", run.skipped).done();
}

void write_json(const report_source& from, sink& to) {
  to << "{\"run\":" << run_object(from.run) << ",\n\"attempts\":[";
  bool first = true;
  from.each([&](const journal::attempt& a) {
    to << (first ? "\n" : ",\n") << attempt_object(a, from);
    first = false;
  });
  to << "\n]}\n";
}

// The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
void write_trace(const report_source& from, sink& to) {
  const auto named = [](std::string_view what, std::uint32_t thread, std::string_view name) {
    json_object o;
    o.text("ph", "M").text("name", what).number("pid", 1).number("tid", thread);
    return o.raw("args", json_object().text("name", name).done()).done();
  };
  const auto microseconds = [](std::chrono::nanoseconds t) { return json_decimal(t.count(), 3); };
  to << "{\"displayTimeUnit\":\"ms\",\"otherData\":" << run_object(from.run)
     << ",\n\"traceEvents\":[\n"
     << named("process_name", 0, "run " + std::to_string(from.run.id));
  const journal::moment end = from.run.info.started + wall_of(from.run);
  std::set<std::uint32_t> slots;
  from.each([&](const journal::attempt& a) {
    if (slots.insert(a.slot).second) {
      to << ",\n" << named("thread_name", a.slot, "worker " + std::to_string(a.slot));
    }
    const auto length = a.ended ? a.wall : std::max(end - a.started, std::chrono::nanoseconds(0));
    json_object event;
    event.text("ph", "X").text("name", command_line(a.argv));
    const journal::attempt_state state = from.state_of(a);
    event.text("cat", to_text(state));
    event.number("pid", 1).number("tid", a.slot);
    event.raw("ts", microseconds(a.started - from.run.info.started));
    event.raw("dur", microseconds(length));
    if (state == journal::attempt_state::failed) event.text("cname", "terrible");
    if (state == journal::attempt_state::stopped) event.text("cname", "grey");
    json_object args;
    args.number("seq", a.seq)
        .number("attempt", a.number)
        .text("end", describe_end(a, from.run.state));
    args.seconds("user_seconds", a.user).seconds("system_seconds", a.system);
    args.number("max_rss_bytes", a.max_rss_bytes);
    to << ",\n" << event.raw("args", args.done()).done();
  });
  to << "\n]}\n";
}

}  // namespace cli
