// Opening pipes and redirects.
// SPDX-License-Identifier: Apache-2.0
#include "executor/streams.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/make_error.hpp"
#include "stream/text.hpp"

namespace brood::detail {

namespace {

using kind = stdio::kind;
using maybe = std::optional<error>;

bool is_text(const options& o) { return o.text || !o.encoding.empty(); }

class opener {
 public:
  opener(const options& o, opened_streams& streams)
      : o_(o), child_(streams.theirs), ours_(streams.ours) {}

  maybe run() {
    if (auto e = open_in()) return e;
    if (auto e = open_output(o_.out, output_stream::out)) return e;
    if (auto e = open_output(o_.err, output_stream::err)) return e;
    if (o_.on_line) ours_.pump.on_line(o_.on_line);
    if (o_.on_chunk) ours_.pump.on_chunk(o_.on_chunk);
    return {};
  }

 private:
  maybe open_in() {
    if (o_.input || o_.in.what() == kind::pipe) {
      sys::fd theirs;
      if (const int r = sys::make_pipe(theirs, ours_.plain.in); r < 0) return no_pipe("stdin", r);
      if (o_.input && is_text(o_)) {
        auto bytes = encode(*o_.input, o_.encoding.empty() ? "UTF-8" : o_.encoding, o_.errors);
        if (!bytes) return bytes.error();
        ours_.encoded = std::move(*bytes);
      }
      give(std::move(theirs), 0);
      return {};
    }
    return open_plain(o_.in, 0, "r");
  }

  maybe open_output(const stdio& target, output_stream which) {
    const bool is_out = which == output_stream::out;
    const int number = is_out ? 1 : 2;
    kind k = target.what();
    const bool collect = k == kind::pipe || (k == kind::inherit && o_.capture_output);
    if (k == kind::inherit && (o_.capture_output || watched())) k = kind::pipe;
    if (k == kind::merge_stdout) {
      (out_opened_ ? child_.copies : child_.moves).push_back({out_from_, 2});
      return {};
    }
    if (k != kind::pipe && k != kind::tee) {
      return open_plain(target, number, "w");
    }
    return open_source(target, which, collect);
  }

  maybe open_source(const stdio& target, output_stream which, bool collect) {
    const bool is_out = which == output_stream::out;
    source s;
    s.which = which;
    s.name = is_out ? "stdout" : "stderr";
    s.collect = collect;
    s.kept = collector(o_.max_output, is_out ? "" : ".err");
    if (is_text(o_)) {
      s.text.emplace(o_.encoding.empty() ? "UTF-8" : o_.encoding, o_.errors);
    }
    if (target.what() == kind::tee) {
      if (auto e = add_relays(target, s, is_out ? 1 : 2)) return e;
    }
    sys::fd mine;
    sys::fd theirs;
    if (const int r = sys::make_pipe(mine, theirs); r < 0) return no_pipe(s.name.c_str(), r);
    if (is_out) out_from_ = theirs.get();
    give(std::move(theirs), is_out ? 1 : 2);
    const bool for_caller = collect && s.relays.empty();
    (for_caller ? is_out ? ours_.plain.out : ours_.plain.err : s.end) = std::move(mine);
    ours_.pump.add(std::move(s));
    return {};
  }

  maybe add_relays(const stdio& tee, source& s, int inherited) {
    for (const stdio& t : tee.targets()) {
      switch (t.what()) {
        case kind::pipe:
          s.collect = true;
          break;
        case kind::inherit:
          s.relays.push_back(inherited);
          break;
        case kind::descriptor:
          s.relays.push_back(t.descriptor());
          break;
        case kind::file: {
          sys::fd opened;
          if (auto e = open_file(t, "w", opened)) return e;
          s.relays.push_back(opened.get());
          ours_.held.push_back(std::move(opened));
          break;
        }
        default:
          break;
      }
    }
    return {};
  }

  // A file is opened by the child: a FIFO or a dead server does not hold us.
  maybe open_plain(const stdio& target, int number, std::string_view mode) {
    switch (target.what()) {
      case kind::devnull:
        child_.opens.push_back({"/dev/null", O_RDWR, 0, number});
        break;
      case kind::file:
        child_.opens.push_back({target.path(), flags_of(target, mode), 0666, number});
        break;
      case kind::descriptor:
        child_.moves.push_back({target.descriptor(), number});
        break;
      default:
        break;
    }
    if (number == 1) {
      out_opened_ = target.what() == kind::devnull || target.what() == kind::file;
      out_from_ = target.what() == kind::descriptor ? target.descriptor() : 1;
    }
    return {};
  }

  static int flags_of(const stdio& target, std::string_view mode) {
    if (!target.mode().empty()) mode = target.mode();
    if (mode == "w") return O_WRONLY | O_CREAT | O_TRUNC;
    if (mode == "a") return O_WRONLY | O_CREAT | O_APPEND;
    if (mode == "x") return O_WRONLY | O_CREAT | O_EXCL;
    return O_RDONLY;
  }

  // What we write to ourselves. A FIFO without a reader has both ends here: the open would wait for
  // one, and so would whoever waits for us.
  static maybe open_file(const stdio& target, std::string_view mode, sys::fd& opened) {
    const int flags = flags_of(target, mode);
    int r = sys::open_file(target.path().c_str(), flags | O_NONBLOCK, 0666);
    if (r == -ENXIO) r = sys::open_file(target.path().c_str(), O_RDWR | O_NONBLOCK, 0666);
    if (r < 0) return os_error(error_stage::open, target.path(), -r);
    opened.reset(r);
    return {};
  }

  static error no_pipe(const char* name, int r) { return os_error(error_stage::pipe, name, -r); }

  void give(sys::fd theirs, int number) {
    child_.moves.push_back({theirs.get(), number});
    child_.open.push_back(std::move(theirs));
  }

  bool watched() const { return o_.on_line || o_.on_chunk; }

  const options& o_;
  child_streams& child_;
  stream_ends& ours_;
  int out_from_ = 1;         // what err = STDOUT copies...
  bool out_opened_ = false;  // ...once the child has opened it
};

}  // namespace

std::optional<error> open_streams(const options& o, opened_streams& streams) {
  return opener(o, streams).run();
}

}  // namespace brood::detail
