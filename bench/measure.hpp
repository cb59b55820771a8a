// What the benchmarks share: interleaved rounds, medians, a table and its JSON
// form, options. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

[[noreturn]] inline void die(std::string_view what, std::string_view why = {}) {
  std::fprintf(stderr, "bench: %.*s%s%.*s\n", static_cast<int>(what.size()), what.data(),
               why.empty() ? "" : ": ", static_cast<int>(why.size()), why.data());
  std::exit(1);
}

inline double now() {
  using clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}

/// Seconds that one call of `f` takes, over `count` of them.
template <class F>
double per_call(std::size_t count, F f) {
  const double start = now();
  for (std::size_t i = 0; i < count; ++i) f();
  return (now() - start) / static_cast<double>(count);
}

/// --rounds N, --quick, --json FILE; any other --NAME VALUE is kept for the benchmark itself.
class arguments {
 public:
  arguments(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view word = argv[i];
      if (word == "--quick") {
        quick = true;
      } else if (word.starts_with("--") && i + 1 < argc) {
        values_[std::string(word.substr(2))] = argv[++i];
      } else {
        die("usage: [--quick] [--rounds N] [--json FILE] [--NAME VALUE]...", word);
      }
    }
  }
  std::string text(const std::string& name, std::string fallback = {}) const {
    const auto at = values_.find(name);
    return at == values_.end() ? std::move(fallback) : at->second;
  }
  std::uint64_t number(const std::string& name, std::uint64_t fallback) const {
    const auto at = values_.find(name);
    return at == values_.end() ? fallback : std::strtoull(at->second.c_str(), nullptr, 10);
  }
  /// How many rounds: as the command line says, or `normal`, or a third of it under --quick.
  std::size_t rounds(std::size_t normal) const {
    return number("rounds", quick ? std::max<std::size_t>(3, normal / 3) : normal);
  }
  /// `normal`, or `small` under --quick.
  std::uint64_t pick(std::uint64_t normal, std::uint64_t small) const {
    return quick ? small : normal;
  }

  bool quick = false;

 private:
  std::map<std::string, std::string> values_;
};

/// One side of a comparison: does its work once and returns how much it cost.
struct contender {
  std::string name;
  std::function<double()> round;
};

struct quartiles {
  double low = 0;
  double median = 0;
  double high = 0;
};

/// The value below which the part `q` of them lies.
inline double quantile(std::vector<double> v, double q) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  const double place = q * static_cast<double>(v.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, v.size() - 1);
  return v[below] + (v[above] - v[below]) * (place - static_cast<double>(below));
}

inline quartiles summarise(const std::vector<double>& v) {
  return {quantile(v, 0.25), quantile(v, 0.5), quantile(v, 0.75)};
}

/// A ratio of which there is but one.
inline quartiles only(double x) { return {x, x, x}; }

/// What all contenders cost, round by round.
class measurement {
 public:
  using samples = std::vector<double>;

  /// Everybody once per round, each round beginning with another one, so that what changes on the
  /// machine meanwhile meets all alike; many short rounds bear noise better than few long ones. One
  /// round before them warms up and is not counted.
  measurement(const std::vector<contender>& all, std::size_t rounds) {
    for (const contender& c : all) c.round();
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        const contender& c = all[(i + round) % all.size()];
        samples_[c.name].push_back(c.round());
      }
    }
  }
  const samples& of(const std::string& name) const {
    const auto at = samples_.find(name);
    if (at == samples_.end()) die("nobody is called so", name);
    return at->second;
  }
  quartiles cost(const std::string& name) const { return summarise(of(name)); }

  /// Of `f` of what both cost in the same round: what slowed both down cancels out.
  template <class F>
  quartiles paired(const std::string& a, const std::string& b, F f) const {
    samples results;
    for (std::size_t i = 0; i < of(a).size(); ++i) results.push_back(f(of(a)[i], of(b)[i]));
    return summarise(std::move(results));
  }
  quartiles ratio(const std::string& ours, const std::string& peer) const {
    return paired(ours, peer, [](double a, double b) { return a / b; });
  }
  /// The same of the cheapest tenth of each: what is left of it when nobody else is at work.
  double calm_ratio(const std::string& ours, const std::string& peer) const {
    return quantile(of(ours), 0.1) / quantile(of(peer), 0.1);
  }

 private:
  std::map<std::string, samples> samples_;
};

/// What was promised; by default nothing.
struct bar {
  enum class about { nothing, ratio, value } of = about::nothing;
  double limit = 0;
  bool at_least = false;  ///< otherwise at most
};
inline bar ratio_at_most(double x) { return {bar::about::ratio, x, false}; }
inline bar ratio_at_least(double x) { return {bar::about::ratio, x, true}; }
inline bar value_at_most(double x) { return {bar::about::value, x, false}; }

struct row {
  std::string what;
  double ours = 0;
  std::optional<double> peer = {};
  std::string unit = {};
  std::optional<quartiles> ratio = {};
  bar promise = {};
  double calm = NAN;  ///< the ratio on a machine that does nothing else, as far as can be told
};

inline std::string format(const char* how, double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, how, x);
  return buffer;
}

/// Four significant digits at most, as people write them.
inline std::string digits(double x) {
  const double size = std::fabs(x);
  return format(size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", x);
}

/// The rows of one benchmark, printed as they come and written as JSON at the end.
class report {
 public:
  report(std::string name, const arguments& args)
      : name_(std::move(name)), file_(args.text("json")) {
    std::printf("%s\n%-48s %8s %8s %-6s %6s %-15s %6s %-8s %s\n", name_.c_str(), "  what", "ours",
                "peer", "unit", "ratio", "(quartiles)", "calm", "bar", "met");
  }
  report(const report&) = delete;
  report& operator=(const report&) = delete;
  ~report() { write(); }

  void note(const std::string& text) const { std::printf("  note: %s\n", text.c_str()); }

  void add(const row& r) {
    rows_.push_back(r);
    std::string ratio;
    std::string spread;
    if (r.ratio) {
      ratio = format("%.3f", r.ratio->median);
      spread = "(" + format("%.2f", r.ratio->low) + ".." + format("%.2f", r.ratio->high) + ")";
    }
    const auto ok = met(r);
    std::printf("  %-46s %8s %8s %-6s %6s %-15s %6s %-8s %s\n", r.what.c_str(),
                digits(r.ours).c_str(), r.peer ? digits(*r.peer).c_str() : "", r.unit.c_str(),
                ratio.c_str(), spread.c_str(),
                std::isfinite(r.calm) ? format("%.3f", r.calm).c_str() : "", bar_text(r).c_str(),
                !ok   ? ""
                : *ok ? "yes"
                      : "NO");
    std::fflush(stdout);
  }

  /// A row from a measurement; `scale` turns seconds into `unit`.
  void add(std::string what, const measurement& m, const std::string& ours, const std::string& peer,
           double scale, std::string unit, bar promise = {}) {
    add({std::move(what), m.cost(ours).median * scale, m.cost(peer).median * scale, std::move(unit),
         m.ratio(ours, peer), promise, m.calm_ratio(ours, peer)});
  }

 private:
  static std::optional<bool> met(const row& r) {
    if (r.promise.of == bar::about::nothing) return std::nullopt;
    const double x =
        r.promise.of == bar::about::value ? r.ours : r.ratio.value_or(quartiles{}).median;
    return r.promise.at_least ? x >= r.promise.limit : x <= r.promise.limit;
  }

  static std::string bar_text(const row& r) {
    if (r.promise.of == bar::about::nothing) return {};
    std::string text = (r.promise.at_least ? ">= " : "<= ") + format("%.4g", r.promise.limit);
    if (r.promise.of == bar::about::value && !r.unit.empty()) text += " " + r.unit;
    return text;
  }

  static std::string number(double x) { return std::isfinite(x) ? format("%.6g", x) : "null"; }
  static std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + '"';
  }

  void write() const {
    if (file_.empty()) return;
    std::FILE* f = std::fopen(file_.c_str(), "w");
    if (f == nullptr) die("cannot write", file_);
    const char* separator = "[\n";
    for (const row& r : rows_) {
      const auto ok = met(r);
      const std::string promise = bar_text(r);
      const quartiles ratio = r.ratio.value_or(quartiles{NAN, NAN, NAN});
      std::fprintf(f,
                   "%s{\"bench\": %s, \"what\": %s, \"ours\": %s, \"peer\": %s, \"unit\": %s, "
                   "\"ratio\": %s, \"ratio_low\": %s, \"ratio_high\": %s, \"ratio_calm\": %s, "
                   "\"bar\": %s, \"ok\": %s}",
                   separator, quoted(name_).c_str(), quoted(r.what).c_str(), number(r.ours).c_str(),
                   number(r.peer.value_or(NAN)).c_str(), quoted(r.unit).c_str(),
                   number(ratio.median).c_str(), number(ratio.low).c_str(),
                   number(ratio.high).c_str(), number(r.calm).c_str(),
                   promise.empty() ? "null" : quoted(promise).c_str(),
                   !ok   ? "null"
                   : *ok ? "true"
                         : "false");
      separator = ",\n";
    }
    std::fprintf(f, "%s]\n", rows_.empty() ? "[" : "\n");
    std::fclose(f);
  }

  std::string name_;
  std::string file_;
  std::vector<row> rows_;
};

}  // namespace bench
