#!/usr/bin/python3
# What a terminal shows of brood map and brood run: map_terminal_test.py BIN
# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

from tooltest import HELPER, PATIENCE, TOOL, ToolTest, main, wait_until


class Screen:
    """As much of a terminal as the tool uses: lines that wrap, \\r, \\n, cursor up, erase below, colours."""

    def __init__(self, columns, rows=24):
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column = [[]], 0, 0
        self.strange = []  # what it got beside that

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append([])

    def put(self, char):
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if unicodedata.combining(char):
            return
        if self.column + wide > self.columns:
            self.column = 0
            self.down()
        line = self.lines[self.row]
        line.extend(" " * (self.column - len(line)))
        line[self.column:self.column + wide] = [char] + [""] * (wide - 1)
        self.column += wide

    def feed(self, text):
        for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b.?|[^\x1b]", text, re.S):
            if token == "\r":
                self.column = 0
            elif token == "\n":
                self.down()
            elif re.fullmatch(r"\x1b\[\d*A", token):
                self.row = max(0, self.row - int(token[2:-1] or 1), len(self.lines) - self.rows)
            elif token in ("\x1b[J", "\x1b[0J"):
                del self.lines[self.row + 1:]
                del self.lines[self.row][self.column:]
            elif re.fullmatch(r"\x1b\[\d*(;\d+)*m", token):
                pass
            elif token == "\t":
                self.column = min((self.column // 8 + 1) * 8, self.columns - 1)
            elif unicodedata.category(token[0]) in ("Cc", "Cf"):
                self.strange.append(token)
            else:
                self.put(token)

    def text(self):
        return ["".join(line).rstrip() for line in self.lines]


class Terminal(ToolTest):
    def show(self, *words, columns=80, until=None, quit_on=None, **env):
        """The screen after `brood WORDS`, or once the text `until` has come, when the tool is stopped."""
        pid, master = pty.fork()
        if pid == 0:
            try:
                os.chdir(self.top)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
                os.execve(TOOL, [TOOL, *map(os.fsencode, words)], {**self.env, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env})
            finally:
                os._exit(126)
        self.raw, end = b"", time.monotonic() + PATIENCE
        screens = Screen(columns)
        done = 0
        try:
            while time.monotonic() < end:
                if not select.select([master], [], [], 0.1)[0]:
                    continue
                try:
                    self.raw += os.read(master, 65536)
                except OSError:
                    break  # all have closed it
                text = self.raw.decode(errors="ignore")
                screens.feed(text[done:])
                done = len(text)
                if until and until(screens):
                    break
        finally:
            os.close(master)  # ends what still runs, by HUP
            ended = wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0])
            if not ended:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                self.fail("the tool did not end with its terminal")
        return screens


class Texts(Terminal):
    HOSTILE = "x\nbrood: all is well\x1b[2J\x9b31m\u202egnp.exe\r\x07"

    def test_nothing_of_ours_makes_a_terminal_act(self):
        for words in (["run", self.HOSTILE], ["run", "--dry-run", "echo", self.HOSTILE],
                      ["run", "-v", HELPER, "exit", "0", "+", "echo", "{}"],
                      ["run", "-t", "0.1", HELPER, "sleep", "60", "+", "echo", self.HOSTILE],
                      ["run", "--dry-run", "--pipe", "echo", self.HOSTILE, "--", "cat"],
                      ["run", "--stdin", self.HOSTILE, "cat"], [self.HOSTILE], ["run", "--timeout", self.HOSTILE, "x"],
                      ["map", "--no-such-flag" + self.HOSTILE, "x"],
                      ["map", "-v", HELPER, "exit", "3", "+", "swallow", ":::", self.HOSTILE],
                      ["map", "-t", "0.1", HELPER, "sleep", "60", "+", "echo", "{}", ":::", self.HOSTILE],
                      ["map", "--retry", "2,0", self.HOSTILE + "{}", ":::", "a"],
                      ["map", "--dry-run", "echo", ":::", self.HOSTILE],
                      ["map", "--dry-run", "--shell", "echo {}", ":::", self.HOSTILE],
                      ["map", "--explain", "--dry-run", "echo", ":::", self.HOSTILE],
                      ["map", "--explain", "true", ":::", self.HOSTILE],
                      ["map", "--tag", "echo", "yes", "{#}", ":::", self.HOSTILE],
                      ["map", "--tagstring", "{}", "echo", "yes", "{#}", ":::", self.HOSTILE],
                      ["map", "--json", HELPER, "out", "\\e{}\\n", ":::", self.HOSTILE],
                      ["map", "-a", self.HOSTILE, "echo"], ["map", "echo", "{9}" + self.HOSTILE, ":::", "1"],
                      ["map", "--shell", "if {}" + self.HOSTILE, ":::", "1"],
                      ["map", "-q", "sh", "-c", "printf '\\033[2J\\302\\23331m\\n' >&2; exit 1", "{}", ":::", self.HOSTILE],
                      ["ls"], ["report"], ["report", "--failed"], ["report", "--why", "1"], ["report", "--format", "json"]):
            with self.subTest(words=words):
                screen = self.show(*words)
                text = self.raw.decode(errors="surrogateescape")
                for bad in ("\x9b", "\u202e", "\x07", "\x1b[2J", "\nbrood: all is well", "\udc9b"):
                    own = words[0] == "map" and "sh" in words
                    if not own:  # what a job writes is its own
                        self.assertNotIn(bad, text)
                        self.assertEqual(screen.strange, [])

    def test_elsewhere_arguments_are_as_they_are(self):
        value = "x\nbrood: \x1b[2J\u202e"
        done = self.brood("map", "--tag", "echo", "yes", "{#}", ":::", value)
        self.assertEqual(done.stdout.decode(), value + "\tyes 1\n")
        done = self.brood("map", "--dry-run", "echo", ":::", value)
        self.assertEqual(done.stdout.decode(), f"echo '{value}'\n")

    def test_a_diagnosis_is_one_line_everywhere(self):
        done = self.brood("run", self.HOSTILE, status=127)
        self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertIn(rb"x\nbrood: all is well\x1b[2J\u009b31m\u202egnp.exe\x0d\x07", done.stderr)
        done = self.brood("run", b"\x9b31m", status=127)
        self.assertIn(rb"\x9b31m", done.stderr)


class Hangup(Terminal):
    def test_the_end_of_the_terminal_reaches_the_jobs(self):
        # The tool leads the session, so it alone is told.
        self.show("map", "--kill-after", "1h", HELPER, "out", "begun\\n", "+", "err", "x", "+", "pause", "+", "echo", ":::", "1",
                  until=lambda _: b" running" in self.raw)


class Progress(Terminal):
    def redraws(self, count):
        """What is to wait for: so many pictures."""
        return lambda _: self.raw.count(b" running") >= count

    def view(self, *job, columns=40, arguments=("1",), options=()):
        """The lines of the screen once the view was drawn several times, without empty ones at the end."""
        screen = self.show("map", *options, HELPER, *job, ":::", *arguments, columns=columns, until=self.redraws(3))
        lines = screen.text()
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def test_a_row_of_wide_characters_is_one_row(self):
        for text in ("漢字" * 60, "한글🐣" * 60, "e\u0301" * 200, "a漢" * 60, "\U0001F469\u200D\U0001F467" * 60):
            with self.subTest(text=text):
                lines = self.view("out", text + "\\n", "+", "exec", "/bin/sh", "-c", "exec sleep 60", "{}")
                self.assertEqual(len(lines), 2, lines)
                self.assertIn("1 running", lines[0])
                self.assertIn(text[0], lines[1])

    def test_a_row_is_what_a_line_looks_like_in_the_end(self):
        for text, shown in (("10%\\r20%\\r", "20%"), ("10%\\r20%\\r\\n", "20%"), ("10%\\r20", "20"),
                            ("a\x1b[31mred\x1b[0m\x1b[K\x1b]0;title\x07bell", "aredbell"), ("a\x9b2Jb\u202ec", "abc")):
            with self.subTest(text=text):
                lines = self.view("out", text, "+", "exec", "/bin/sh", "-c", "exec sleep 60", "{}")
                self.assertEqual(len(lines), 2, lines)
                self.assertRegex(lines[1], r"^  1  \S+ s  " + shown + "$")

    def test_an_unfinished_line_is_neither_erased_nor_glued_to(self):
        job = ["-c", "printf 'result of %s' $0; [ $0 = 1 ] || exec sleep 60"]
        for options in (["-j2"], ["-j2", "-k"], ["-j2", "--lb"], ["-j2", "--tag"], ["-j2", "--merge"]):
            with self.subTest(options=options):
                lines = self.view("exec", "/bin/sh", *job, columns=80, arguments=("1", "2"), options=options)
                self.assertRegex(lines[0], r"^(1\s+)?result of 1$")
                self.assertIn("1 running", lines[1])

    def test_what_we_say_begins_a_line(self):
        for options in ([], ["-k"], ["--lb"], ["--retry", "2,0"], ["--retry", "2,0", "-k"], ["--tag"], ["-v"]):
            for to in ("1", "2"):
                with self.subTest(options=options, to=to):
                    screen = self.show("map", *options, "sh", "-c", f"printf 'result of %s' $0 >&{to}; exit 3", ":::", "1")
                    lines = screen.text()
                    for line in lines:
                        self.assertFalse("brood:" in line and "result" in line.split("brood:")[0], lines)
                    self.assertTrue(any(re.fullmatch(r"(1\s+)?result of 1", line) for line in lines), lines)

    def test_elsewhere_nothing_is_added(self):
        done = self.brood("map", "sh", "-c", "printf 'result of %s' $0; exit 3", ":::", "1", status=1)
        self.assertEqual(done.stdout, b"result of 1")


if __name__ == "__main__":
    main()
