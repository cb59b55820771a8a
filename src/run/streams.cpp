// Opening pipes and redirects.
// SPDX-License-Identifier: Apache-2.0
#include "run/streams.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/make_error.hpp"

namespace brood::detail {

namespace {

using kind = stdio::kind;
using maybe = std::optional<error>;

struct ours {
  sys::fd in;
  sys::fd out;
  sys::fd err;
};

class opener {
 public:
  opener(const options& o, spawn_spec& r, process::impl& impl) : o_(o), r_(r), impl_(impl) {}

  expected<child_ends, error> run() {
    if (auto e = open_in()) return unexpected(std::move(*e));
    if (auto e = open_output(o_.out, output_stream::out)) return unexpected(std::move(*e));
    if (auto e = open_output(o_.err, output_stream::err)) return unexpected(std::move(*e));
    impl_.adopt(std::move(ends_.in), std::move(ends_.out), std::move(ends_.err));
    return std::move(child_);
  }

 private:
  maybe open_in() {
    if (o_.input || o_.in.what() == kind::pipe) {
      sys::fd theirs;
      if (const int r = sys::make_pipe(theirs, ends_.in); r < 0) return no_pipe("stdin", r);
      impl_.in_piped = !o_.input;
      give(std::move(theirs), 0);
      return {};
    }
    return open_plain(o_.in, 0, "r");
  }

  maybe open_output(const stdio& target, output_stream which) {
    const bool is_out = which == output_stream::out;
    const int number = is_out ? 1 : 2;
    const bool watched = static_cast<bool>(o_.on_line) || static_cast<bool>(o_.on_chunk);
    kind k = target.what();
    const bool collect = k == kind::pipe || (k == kind::inherit && o_.capture_output);
    if (k == kind::inherit && (o_.capture_output || watched)) k = kind::pipe;
    if (k == kind::merge_stdout) {
      r_.moves.push_back({out_from_, 2});
      return {};
    }
    if (k != kind::pipe && k != kind::tee) {
      if (is_out) out_from_ = 1;
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
    if (o_.text || !o_.encoding.empty()) {
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
    (is_out ? impl_.out_piped : impl_.err_piped) = for_caller;
    if (for_caller) {
      (is_out ? ends_.out : ends_.err) = std::move(mine);
    } else {
      s.end = std::move(mine);
    }
    impl_.pump.add(std::move(s));
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
          impl_.held.push_back(std::move(opened));
          break;
        }
        default:
          break;
      }
    }
    return {};
  }

  maybe open_plain(const stdio& target, int number, const char* mode) {
    switch (target.what()) {
      case kind::devnull: {
        sys::fd null(sys::open_file("/dev/null", O_RDWR, 0));
        if (!null) return os_error(error_stage::open, "/dev/null", -null.release());
        if (number == 1) out_from_ = null.get();
        give(std::move(null), number);
        return {};
      }
      case kind::file: {
        sys::fd opened;
        if (auto e = open_file(target, mode, opened)) return e;
        if (number == 1) out_from_ = opened.get();
        give(std::move(opened), number);
        return {};
      }
      case kind::descriptor:
        if (number == 1) out_from_ = target.descriptor();
        r_.moves.push_back({target.descriptor(), number});
        return {};
      default:
        return {};
    }
  }

  static maybe open_file(const stdio& target, std::string_view mode, sys::fd& opened) {
    if (!target.mode().empty()) mode = target.mode();
    int flags = O_RDONLY;
    if (mode == "w") flags = O_WRONLY | O_CREAT | O_TRUNC;
    if (mode == "a") flags = O_WRONLY | O_CREAT | O_APPEND;
    if (mode == "x") flags = O_WRONLY | O_CREAT | O_EXCL;
    opened.reset(sys::open_file(target.path().c_str(), flags, 0666));
    if (!opened) return os_error(error_stage::open, target.path(), -opened.release());
    return {};
  }

  static error no_pipe(const char* name, int r) { return os_error(error_stage::pipe, name, -r); }

  void give(sys::fd theirs, int number) {
    r_.moves.push_back({theirs.get(), number});
    child_.open.push_back(std::move(theirs));
  }

  const options& o_;
  spawn_spec& r_;
  process::impl& impl_;
  ours ends_;
  child_ends child_;
  int out_from_ = 1;  // what err = STDOUT copies
};

}  // namespace

expected<child_ends, error> open_streams(const options& o, spawn_spec& r, process::impl& impl) {
  return opener(o, r, impl).run();
}

}  // namespace brood::detail
