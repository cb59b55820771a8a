// Manual pages, in the macros of man(7).
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "exit.hpp"
#include "help_page.hpp"
#include "io.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

/// Escapes text so that troff shows it as it is and takes no line of it for a request.
std::string roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    at_start = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string head(std::string_view title, std::string_view name, std::string_view summary) {
  return ".TH " + roff(upper(title)) + " 1 \"\" \"brood " BROOD_VERSION "\" \"brood\"\n.SH NAME\n" +
         roff(name) + " \\- " + roff(summary) + "\n";
}

std::string options_of(const verb_page& page) {
  std::string text = ".SH OPTIONS\n";
  for (const page_group& group : groups_of(page)) {
    if (group.name != "Options") text += ".SS " + roff(group.name) + "\n";
    for (const page_option& o : group.options) {
      text += ".TP\n";
      for (const std::string& name : o.names) {
        if (&name != &o.names.front()) text += ", ";
        text += "\\fB" + roff(name) + "\\fR";
      }
      if (!o.value.empty()) text += " \\fI" + roff(o.value) + "\\fR";
      text += "\n" + roff(o.help) + "\n";
    }
  }
  return text;
}

std::string rows_of(std::string_view title, std::span<const page_row> rows) {
  if (rows.empty()) return {};
  std::string text = ".SH " + std::string(title) + "\n";
  for (const page_row& r : rows) {
    text += ".TP\n.B " + roff(r.what) + "\n" + roff(r.does) + "\n";
  }
  return text;
}

/// What a call does, and below that the call in a line of its own.
std::string example(const page_row& r) {
  return ".PP\n" + roff(r.does) + ":\n.PP\n.RS 4\n.nf\n" + roff(r.what) + "\n.fi\n.RE\n";
}

std::string examples_of(const page_text& from) {
  std::string text = ".SH EXAMPLES\n";
  for (const page_row& r : from.examples) text += example(r);
  return text;
}

void write_file(const std::string& path, std::string_view text) {
  const auto refuse = [&path] { throw system_failure("cannot write '" + path + "'"); };
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) refuse();
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) refuse();
  const bool written = write_all(fd, text);
  ::close(fd);
  if (!written) refuse();
}

}  // namespace

std::vector<page_group> groups_of(const verb_page& page) {
  std::vector<page_group> groups;
  for (const std::string& name : page.app->get_groups()) {
    if (name.empty()) continue;
    page_group group{.name = name, .options = {}};
    const auto mine = [&name](const CLI::Option* o) { return o->get_group() == name; };
    for (const CLI::Option* o : page.app->get_options(mine)) {
      page_option option{.names = {}, .value = o->get_type_name(), .help = o->get_description()};
      for (const std::string& letter : o->get_snames()) option.names.push_back("-" + letter);
      for (const std::string& word : o->get_lnames()) option.names.push_back("--" + word);
      group.options.push_back(std::move(option));
    }
    if (!group.options.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

std::string manual_page(std::string_view name, const verb_page& page) {
  const std::string title = "brood-" + std::string(name);
  std::string description = page.app->get_description();
  std::string text = head(title, title, description.substr(0, description.find('\n')));
  text += ".SH SYNOPSIS\n.B " + roff(page.usage) + "\n.SH DESCRIPTION\n" + roff(description) + "\n";
  text += ".PP\n.nf\n" + roff(page.app->get_footer()) + "\n.fi\n";
  text += options_of(page);
  text += rows_of("EXIT STATUS", page.text->statuses);
  text += rows_of("ENVIRONMENT", page.text->environment);
  text += examples_of(*page.text);
  text += ".SH SEE ALSO\n.BR brood (1)";
  for (const verb& v : verbs()) {
    if (v.name != name) text += ",\n.BR brood\\-" + std::string(v.name) + " (1)";
  }
  return text + "\n";
}

std::string manual_page() {
  std::string text = head("brood", "brood", "start, watch and stop processes");
  text += ".SH SYNOPSIS\n.B brood\n.I VERB\n\\&...\n.SH DESCRIPTION\n";
  text += "Runs commands, one or many, and when they have to end, ends all that they started.\n";
  text += ".SH VERBS\n";
  for (const verb& v : verbs()) {
    text += ".TP\n.BR brood\\-" + std::string(v.name) + " (1)\n" + roff(v.help) + "\n";
  }
  text +=
      ".SH OPTIONS\n.TP\n\\fB\\-\\-version\\fR\nPrint the version\n.TP\n\\fB\\-\\-help\\fR\n"
      "Print the verbs; each verb has a \\fB\\-\\-help\\fR of its own\n.TP\n"
      "\\fB\\-\\-completion\\fR \\fISHELL\\fR\n"
      "Print what makes bash, zsh or fish complete the words of this tool\n";
  text +=
      ".SH EXIT STATUS\n.TP\n.B 125\nThere is no such verb, or it failed or was called wrongly; "
      "for the others see the verbs\n.SH EXAMPLES\n";
  for (const verb& v : verbs()) text += example(v.page().text->examples.front());
  return text;
}

void write_pages(const std::string& folder) {
  write_file(folder + "/man/man1/brood.1", manual_page());
  for (const verb& v : verbs()) {
    write_file(folder + "/man/man1/brood-" + std::string(v.name) + ".1",
               manual_page(v.name, v.page()));
  }
  write_file(folder + "/bash-completion/completions/brood", completion_for("bash"));
  write_file(folder + "/zsh/site-functions/_brood", completion_for("zsh"));
  write_file(folder + "/fish/vendor_completions.d/brood.fish", completion_for("fish"));
}

}  // namespace cli
