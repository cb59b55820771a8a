// Follows the grammar of POSIX shells as far as it takes to know what each word is.
// SPDX-License-Identifier: Apache-2.0
#include "map/shell_places.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "exit.hpp"
#include "map/shell_words.hpp"

namespace cli {

namespace {

constexpr char value = '\0';
constexpr std::string_view blanks = " \t";
constexpr std::string_view ends_word = " \t\n;&|<>()";
constexpr std::string_view digits = "0123456789";

const char* const where_arithmetic = "within arithmetic, which evaluates it whatever its quotes";
const char* const where_subscript = "within or after NAME[...], of which some shells have arrays";
const char* const first_parameter = "the first of $@";
const char* const where_command = "where a command, an assignment or a keyword can stand";

bool has(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

/// A simple command, as far as it has been read.
struct simple_command {
  std::string name;       // empty if it is not literal
  std::size_t words = 0;  // with the name
  shell_word previous;
  bool wants_name = false;  // after `command` and the like
  bool shell = false;       // a shell among its words may get code after -c
  bool code_follows = false;
  bool code_may_follow = false;
  bool name_follows = false;  // of printf -v
  bool format_read = false;   // of printf
  bool format_names = false;  // with %n
};

/// What the next word is.
enum class expected : unsigned char {
  command,   // the first word of a command
  prefix,    // the same, after an assignment or a redirection
  argument,  // a further word of a command
  loop_name,
  loop_in,
  loop_list,
  case_word,
  case_in,
  pattern,
};

class shell_reader {
 public:
  shell_reader(std::string_view text, const std::vector<bool>& many) : text_(text), many_(many) {}

  std::vector<shell_place> read() {
    read_list(0, 0);
    if (!evaluated_.contains("@") || !shifts_) evaluated_.erase("@");
    const bool meets = evaluates_all_ || std::any_of(evaluated_.begin(), evaluated_.end(),
                                                     [&](auto& n) { return held_in_.contains(n); });
    if (kept_ && meets) {
      refuse(evaluates_ + ", in a variable or parameter that may hold it", text_.size());
    }
    return std::move(places_);
  }

 private:
  /// One list of commands, up to its ")" or the end of the text.
  struct list {
    expected next = expected::command;
    simple_command command;
    int cases = 0;  // that are open
  };

  bool at_end() const { return at_ >= text_.size(); }
  char here() const { return at_end() ? '\n' : text_[at_]; }
  char after(std::size_t n = 1) const { return at_ + n < text_.size() ? text_[at_ + n] : '\n'; }
  bool ahead(std::string_view s) const { return text_.substr(at_).starts_with(s); }

  [[noreturn]] void refuse(const std::string& where, std::size_t at) const {
    std::string before(text_.substr(0, at));
    std::replace(before.begin(), before.end(), value, '?');
    constexpr std::size_t most = 40;
    if (before.size() > most) before = "..." + before.substr(before.size() - most);
    const bool computed = where.find(where_arithmetic) != std::string::npos;
    throw failure{"map: --shell: after '" + before + "' no argument can be quoted: it would be " +
                  where + "; hand it to a command as a word of its own" +
                  (computed ? ", as in expr {} + 1" : ", or in a variable (x={}; ... \"$x\")")};
  }

  /// From here on nothing is known: what is written in this way, shells read differently, or it is
  /// beyond this reader. No value may follow.
  void give_up(const std::string& where) {
    const std::size_t next = text_.find(value, at_);
    if (next != std::string_view::npos) refuse(where, next);
    const std::string_view rest = text_.substr(std::min(at_, text_.size()));
    if (may_evaluate(rest)) note_evaluation(where);
    if (rest.find("read") != std::string_view::npos) kept_ = true;
    at_ = text_.size();
    lost_ = true;
  }

  /// Variables are evaluated here.
  void note_evaluation(const std::string& where) {
    evaluates_ = where;
    evaluates_all_ = true;
  }

  void add_value(shell_place p, shell_word& w) {
    w.literal = false;
    w.any_value = w.own_value = true;
    if (p == shell_place::part && many_[places_.size()]) w.many = true;
    if (w.text.empty()) w.open = true;
    places_.push_back(p);
  }

  // --- lists ---

  void read_list(char end, int depth) {
    constexpr int most_depth = 100;
    if (depth > most_depth) return give_up("within too many brackets");
    list l;
    while (!at_end()) {
      const char c = here();
      if (has(blanks, c)) {
        ++at_;
      } else if (c == '\\' && after() == '\n') {
        skip_continuation();
      } else if (c == '#') {
        skip_comment();
      } else if (has("\n;&|", c)) {
        read_operator(l);
      } else if (c == '<' || c == '>') {
        read_redirection(l, depth);
      } else if (c == '(') {
        open_bracket(l, depth);
      } else if (c == ')') {
        if (close_bracket(l, end)) return;
      } else {
        take_word(l, read_word(depth));
      }
    }
  }

  void skip_continuation() {
    if (at_ > 0 && !has(blanks, text_[at_ - 1]))
      return give_up("after a line that goes on amid a word");
    at_ += 2;
  }

  void skip_comment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::size_t next = text_.find(value, at_);
    if (next < end) refuse("in a comment, which ends where the argument has a newline", next);
    at_ = end;
  }

  void read_operator(list& l) {
    const char c = here();
    const bool waits = l.next == expected::pattern || l.next == expected::case_in;
    if (ahead("&>")) return give_up("after '&>', which shells read differently");
    if (ahead(";&") || ahead(";;&")) return give_up("after ';&'");
    if (ahead(";;")) {
      if (l.cases == 0) return give_up("after ';;'");
      at_ += 2;
      l.next = expected::pattern;
      return;
    }
    ++at_;
    if (c == '\n' && (waits || l.next == expected::loop_in)) return;
    if (c == '|' && l.next == expected::pattern) return;
    if (waits) return give_up("after a broken 'case'");
    l.next = expected::command;
    l.command = {};
  }

  void read_redirection(list& l, int depth) {
    if (ahead("<<")) return give_up("within or after a here-document");
    if (after() == '(') return give_up("within or after '<(...)'");
    const bool duplicates = after() == '&';
    at_ += has("&>|", after()) ? 2 : 1;
    while (has(blanks, here()) && !at_end()) ++at_;
    const std::size_t begin = at_;
    if (at_end() || has(ends_word, here())) return;  // a mistake
    const std::size_t first = places_.size();
    const shell_word target = read_word(depth);
    if (duplicates && target.any_value) refuse("the number of a descriptor", begin);
    one_word_only(target);
    settle_places(first, target);
    if (l.next == expected::command) l.next = expected::prefix;
    if (l.next != expected::prefix && l.next != expected::argument) give_up("after a redirection");
  }

  void open_bracket(list& l, int depth) {
    if (l.next == expected::pattern) {
      ++at_;
      return;
    }
    if (l.next == expected::command) {
      if (after() == '(') return give_up(where_arithmetic);
      ++at_;
      return read_list(')', depth + 1);
    }
    std::size_t end = at_ + 1;
    while (end < text_.size() && has(blanks, text_[end])) ++end;
    const bool is_definition = l.next == expected::argument && l.command.words == 1 &&
                               !l.command.name.empty() && end < text_.size() && text_[end] == ')';
    if (!is_definition) return give_up("after a '(' amid a command");
    at_ = end + 1;
    functions_.insert(l.command.name);
    keep_in_parameters();
    l.next = expected::command;
    l.command = {};
  }

  /// True if that was the end of the list.
  bool close_bracket(list& l, char end) {
    if (l.next == expected::pattern) {
      ++at_;
      l.next = expected::command;
      l.command = {};
      return false;
    }
    if (end != ')' || l.cases > 0) {
      give_up("after a ')' too many");
      return true;
    }
    ++at_;
    return true;
  }

  // --- words ---

  shell_word read_word(int depth) {
    shell_word w;
    const std::size_t began = word_begin_ = at_;
    while (!at_end() && !has(ends_word, here())) {
      read_part(w, depth);
      word_begin_ = began;  // that may have read other words, in a $(...)
    }
    if (lost_) w.literal = false;
    return w;
  }

  void read_part(shell_word& w, int depth) {
    const char c = here();
    if (c == value) {
      note_path(w);
      add_value(shell_place::part, w);
      ++at_;
    } else if (c == '\\') {
      if (after() == '\n') return give_up("after a line that goes on amid a word");
      if (after() == value && at_ + 1 < text_.size()) refuse("after a backslash", at_ + 1);
      w.quoted = true;
      w.text += after();
      at_ += 2;
    } else if (c == '\'') {
      read_single_quotes(w);
    } else if (c == '"') {
      read_double_quotes(w, depth);
    } else if (c == '$') {
      read_dollar(w, false, depth);
    } else if (c == '`') {
      w.substitutes = true;
      give_up("within or after `...`");
    } else {
      w.text += c;
      if (w.literal && !w.quoted) w.start += c;
      ++at_;
      if (is_brace_expansion(w, c))
        give_up("after a word with braces, which shells read differently");
    }
  }

  /// {a,b} or {1..3}, of which some shells make several words.
  static bool is_brace_expansion(shell_word& w, char c) {
    if (c == '{') w.braces = 1;
    if (w.braces == 1 && (c == ',' || c == '.')) w.braces = 2;
    return w.braces == 2 && c == '}';
  }

  /// Before its first value.
  void note_path(shell_word& w) const {
    if (w.any_value) return;
    const std::string_view before = text_.substr(word_begin_, at_ - word_begin_);
    w.path = !before.empty() && has("./~\"'$", before[0]) && w.text.find('/') != std::string::npos;
  }

  void read_single_quotes(shell_word& w) {
    w.quoted = true;
    for (++at_; !at_end() && here() != '\''; ++at_) {
      if (here() == value) {
        note_path(w);
        add_value(shell_place::single_quotes, w);
      } else {
        w.text += here();
      }
    }
    ++at_;
  }

  void read_double_quotes(shell_word& w, int depth) {
    w.quoted = true;
    for (++at_; !at_end() && here() != '"';) {
      const char c = here();
      if (c == value) {
        note_path(w);
        add_value(shell_place::double_quotes, w);
        ++at_;
      } else if (c == '\\') {
        if (after() == value && at_ + 1 < text_.size()) refuse("after a backslash", at_ + 1);
        if (after() != '\n') w.text += after();
        at_ += 2;
      } else if (c == '`') {
        w.substitutes = true;
        give_up("within or after `...`");
      } else if (c == '$') {
        read_dollar(w, true, depth);
      } else {
        w.text += c;
        ++at_;
      }
    }
    ++at_;
  }

  void read_dollar(shell_word& w, bool in_quotes, int depth) {
    const char c = after();
    if (c == value && at_ + 1 < text_.size())
      refuse("after a '$', which gives its quotes another meaning", at_ + 1);
    if (ahead("$((")) return read_arithmetic(w);
    if (c == '[') return give_up(where_arithmetic);
    if (c == '{') return read_parameter(w);
    if (c == '\\') return give_up("after '$\\'");
    if (c == '(') {
      w.substitutes = true;
      if (in_quotes) return give_up("within or after \"...$(...)...\"");
      note_path(w);
      expand(w, 2);
      const std::size_t before = places_.size();
      read_list(')', depth + 1);
      if (places_.size() > before) w.any_value = true;
      return;
    }
    if (c == '\'' && !in_quotes) return give_up("within or after $'...'");
    if (c == '"' && !in_quotes) return give_up("within or after $\"...\"");
    if (const std::size_t n = parameter_length(text_.substr(at_ + 1))) {
      if (c == '@') w.parameters = true;
      w.names.emplace_back(text_.substr(at_ + 1, n));
      return expand(w, n + 1);
    }
    w.text += '$';
    w.quoted = true;  // not to be taken for a keyword
    ++at_;
  }

  void expand(shell_word& w, std::size_t length) {
    if (w.text.empty()) w.open = true;
    w.literal = false;
    at_ += length;
  }

  void read_parameter(shell_word& w) {
    const std::size_t end = text_.find('}', at_);
    const parameter_use use = end == std::string_view::npos
                                  ? parameter_use{}
                                  : use_of_parameter(text_.substr(at_ + 2, end - at_ - 2));
    if (!use.plain) return give_up("within or after ${...}");
    if (use.evaluates) note_evaluation("in ${...}, which may evaluate it");
    const std::string_view name = text_.substr(text_[at_ + 2] == '#' ? at_ + 3 : at_ + 2);
    w.names.emplace_back(name.substr(0, parameter_length(name)));
    expand(w, end + 1 - at_);
  }

  /// $((...)) without quotes, and with brackets in pairs: all shells find the same end.
  void read_arithmetic(shell_word& w) {
    int depth = 2;
    std::size_t i = at_ + 3;
    for (; i < text_.size() && depth > 1; ++i) {
      const char c = text_[i];
      const char next = i + 1 < text_.size() ? text_[i + 1] : ' ';
      if (c == value) refuse(where_arithmetic, i);
      const bool odd = has("'\"`\\;{}[]", c) || (c == '$' && has("({[", next)) ||
                       (c == '#' && has(" \t\n()<>|&", text_[i - 1]));
      if (odd) return give_up(where_arithmetic);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    if (depth > 1 || i >= text_.size() || text_[i] != ')') return give_up(where_arithmetic);
    note_variables(text_.substr(at_ + 3, i - at_ - 4));
    w.text += '0';  // it becomes a number
    w.quoted = true;
    at_ = i + 1;
  }

  void note_variables(std::string_view arithmetic) {
    evaluates_ = where_arithmetic;
    for (std::size_t i = 0; i < arithmetic.size();) {
      const std::size_t n =
          variable_length(arithmetic.substr(i), i > 0 && arithmetic[i - 1] == '$');
      if (n > 0) evaluated_.emplace(arithmetic.substr(i, n));
      i += std::max<std::size_t>(n, 1);
    }
  }

  void keep_in_parameters() {
    kept_ = true;
    for (const char* const p :
         {"@", "*", "REPLY", "MAPFILE", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
      held_in_.insert(p);
  }

  /// Chooses between word and part for the values from number `first` on.
  void settle_places(std::size_t first, const shell_word& w) {
    const bool alone = places_.size() == first + 1 && w.own_value && w.text.empty() && !w.quoted;
    if (alone && at_ - word_begin_ == 1 && !(here() == '<' || here() == '>')) {
      places_[first] = shell_place::word;
    }
  }

  // --- what words are ---

  void take_word(list& l, const shell_word& w) {
    const bool redirects = here() == '<' || here() == '>';
    if (redirects && w.literal && !w.quoted && !w.text.empty()) {
      if (w.text.find_first_not_of(digits) == std::string::npos) return;  // 2>
      if (w.text[0] == '{') return give_up("after '{...}>', which shells read differently");
    }
    switch (l.next) {
      case expected::command:
        if (w.literal && !w.quoted && take_keyword(l, w.text)) return;
        [[fallthrough]];
      case expected::prefix:
        return take_first_word(l, w);
      case expected::argument:
        if (w.own_value) settle_places(places_.size() - 1, w);
        return take_argument(l.command, w);
      case expected::loop_name:
        if (w.any_value || !w.literal) refuse("the name of a variable", at_ - 1);
        loop_variable_ = w.text;
        l.next = expected::loop_in;
        return;
      case expected::loop_in:
        l.next = w.is("in") ? expected::loop_list : expected::command;
        if (!w.is("in") && !w.is("do")) give_up("after a broken 'for'");
        return;
      case expected::loop_list:
        if (w.any_value && is_special_variable(loop_variable_))
          refuse("in a variable of the shell's own", at_ - 1);
        kept_ = kept_ || w.any_value;
        if (!w.literal) held_in_.insert(loop_variable_);
        return;
      case expected::case_word:
        one_word_only(w);
        l.next = expected::case_in;
        return;
      case expected::case_in:
        if (!w.is("in")) return give_up("after a broken 'case'");
        l.next = expected::pattern;
        ++l.cases;
        return;
      case expected::pattern:
        if (w.is("esac") && !w.quoted) return end_case(l);
        if (w.any_value) refuse("a pattern of 'case'", at_ - 1);
        return;
    }
  }

  void end_case(list& l) {
    --l.cases;
    l.next = expected::command;
    l.command = {};
  }

  /// True if the word is reserved.
  bool take_keyword(list& l, std::string_view w) {
    const bool option_of_time = std::exchange(after_time_, w == "time") && w.starts_with('-');
    if (option_of_time || w == "time") return true;
    for (const std::string_view k :
         {"if", "then", "else", "elif", "while", "until", "do", "fi", "done", "!", "{", "}"}) {
      if (w == k) return true;  // a command may follow; where none may, a shell would refuse it
    }
    for (const std::string_view k : {"[[", "select", "function", "coproc"}) {
      if (w != k) continue;
      give_up("within or after '" + std::string(k) + "', which shells read differently");
      return true;
    }
    if (w == "esac" && l.cases == 0) {
      give_up("after 'esac'");
      return true;
    }
    if (w == "esac") end_case(l);
    if (w == "for") l.next = expected::loop_name;
    if (w == "case") l.next = expected::case_word;
    return w == "esac" || w == "for" || w == "case";
  }

  void take_first_word(list& l, const shell_word& w) {
    if (const std::size_t n = assigned_name(w.start)) {
      l.next = expected::prefix;
      return take_assignment(w, n);
    }
    if (is_subscript(w.start)) return take_subscript(w);
    l.next = expected::argument;
    l.command = {};
    name_command(l.command, w);
  }

  void take_subscript(const shell_word& w) {
    if (w.any_value) refuse(where_subscript, at_ - 1);
    give_up(where_subscript);
  }

  void take_assignment(const shell_word& w, std::size_t n) {
    one_word_only(w);
    const std::string name = w.start.substr(0, n - 1);
    if (!w.literal) held_in_.insert(name);
    if (!w.any_value) return;
    if (is_special_variable(name)) refuse("in a variable of the shell's own", at_ - 1);
    kept_ = true;
  }

  void name_command(simple_command& c, const shell_word& w) {
    if (w.any_value && !w.path) refuse(where_command, at_ - 1);
    note_command(w);
    if (w.is("shift")) shifts_ = true;
    c.name = w.own_value ? "" : w.text;  // what is expanded in it may be nothing
    c.words = 1;
    c.previous = w;
    c.shell = is_shell(c.name) || c.name == "su";
    c.wants_name = runs_its_operand(c.name);
    if (c.name == "alias") give_up("after 'alias'");
    if (c.name == "read" || c.name == "mapfile" || c.name == "readarray") keep_in_parameters();
  }

  /// What the variables in it hold is the name of a command, or words of one.
  void note_command(const shell_word& w) {
    for (const std::string& n : w.names) evaluated_.insert(n == "@" ? first_parameter : n);
    if (!w.names.empty() && evaluates_.empty()) evaluates_ = where_command;
    if (w.parameters) evaluated_.insert("@");
    if (w.substitutes) note_evaluation(where_command);  // what it prints may come from any variable
  }

  void take_argument(simple_command& c, const shell_word& w) {
    if (c.wants_name && w.vanishes()) return note_command(w);
    if (c.wants_name && !(w.literal && w.text.starts_with('-'))) return name_command(c, w);
    if (c.wants_name) {
      if (c.name == "command" && (w.text == "-v" || w.text == "-V")) c.wants_name = false;
      return;
    }
    if (c.words == 1 && c.previous.vanishes()) return name_command(c, w);
    ++c.words;
    if (c.name == "set" && !w.literal) keep_in_parameters();
    if (w.any_value && (c.name == "set" || (c.words == 2 && functions_.contains(c.name)))) {
      held_in_.insert(first_parameter);
    }
    if (c.name == "read" && w.literal) held_in_.insert(w.text);
    if (c.name == "printf") take_operand_of_printf(c, w);
    if (c.name == "[" || c.name == "test") take_operand_of_test(c, w);
    take_operand_of_builtin(c, w);
    take_word_for_shell(c, w);
    c.previous = w;
  }

  void one_word_only(const shell_word& w) const {
    if (w.many) refuse("several words where one has to be (\"{}\" is one)", at_ - 1);
  }

  /// A value or a variable where only fixed text is harmless.
  void fixed_only(const shell_word& w, const std::string& where) {
    if (w.any_value) refuse(where, at_ - 1);
    if (!w.literal) note_evaluation(where);
  }

  void take_operand_of_builtin(const simple_command& c, const shell_word& w) {
    const std::string about = "an operand of '" + c.name + "', ";
    switch (use_of_operands(c.name)) {
      case operand_use::data:
        return;
      case operand_use::code:
        return fixed_only(w, about + "which evaluates it");
      case operand_use::name:
        return fixed_only(w, about + "which may evaluate it");
      case operand_use::assignment:
        if (w.literal && w.text.starts_with('-') && w.text.find('i') != std::string::npos) {
          note_evaluation(about + "which makes numbers of what is assigned");
        }
        if (is_subscript(w.start)) return take_subscript(w);
        if (const std::size_t n = assigned_name(w.start)) return take_assignment(w, n);
        return fixed_only(w, about + "which may evaluate it");
    }
  }

  /// -v and %n take the name of a variable, whose subscript they evaluate.
  void take_operand_of_printf(simple_command& c, const shell_word& w) {
    if (w.vanishes()) return note_evaluation("an operand of 'printf'");
    if (std::exchange(c.name_follows, false)) return fixed_only(w, "a name for 'printf -v'");
    if (c.format_read) {
      if (c.format_names) fixed_only(w, "a name for %n of 'printf'");
      return;
    }
    if (w.is("-v")) {
      c.name_follows = kept_ = true;
      note_evaluation("in a variable that 'printf -v' sets");
    } else if (!w.is("--")) {
      if (w.open || w.text.starts_with('-')) {
        fixed_only(w, "the format of 'printf', or an option (printf %s {})");
      }
      c.format_read = true;
      c.format_names = w.any_value || names_variable(w.text);
    }
  }

  void take_operand_of_test(const simple_command& c, const shell_word& w) {
    const std::string where = "an operand of 'test', which may evaluate it after -v";
    one_word_only(w);
    if (w.literal) return;
    if (c.previous.is("-v") || c.previous.is("-R")) return fixed_only(w, where);
    if (c.words < 3 || c.previous.literal) return;
    if (w.any_value || c.previous.any_value) refuse(where, at_ - 1);
    note_evaluation(where);
  }

  /// sh -c TEXT, also as in: timeout 5 sh -c TEXT.
  void take_word_for_shell(simple_command& c, const shell_word& w) {
    if (!c.shell) {
      c.shell = w.literal && is_shell(w.text);
      return;
    }
    if (is_code_option(w)) {
      c.code_follows = true;
    } else if (w.is("--") && !c.code_follows) {
      c.shell = false;  // operands follow
    } else if (w.literal && (w.text.starts_with('-') || w.text.starts_with('+'))) {
      return;
    } else if (c.code_follows || c.code_may_follow) {
      fixed_only(w, "part of the text that another shell runs (sh -c '... \"$1\"' sh {})");
      if (w.vanishes()) return;
      c.shell = c.code_follows = c.code_may_follow = false;
    } else if (w.open || (!w.literal && w.text.starts_with('-'))) {
      one_word_only(w);
      c.code_may_follow = true;  // it may be -c
    }
  }

  std::string_view text_;
  const std::vector<bool>& many_;
  std::vector<shell_place> places_;
  std::size_t at_ = 0;
  std::size_t word_begin_ = 0;
  std::string loop_variable_;
  bool lost_ = false;  // after give_up()
  bool after_time_ = false;
  bool shifts_ = false;
  std::set<std::string> functions_;

  // A value that gets into a variable must not meet what evaluates that variable.
  bool kept_ = false;              // one may get into a variable or parameter
  std::set<std::string> held_in_;  // variables and parameters that it may come to
  std::string evaluates_;          // where variables are evaluated
  bool evaluates_all_ = false;     // any of them
  std::set<std::string> evaluated_;
};

}  // namespace

std::vector<shell_place> places_in_shell(std::string_view text, const std::vector<bool>& many) {
  return shell_reader(text, many).read();
}

}  // namespace cli
