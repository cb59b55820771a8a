#!/usr/bin/python3
# The tool's manual pages render without warnings and its completions complete: shells_test.py BIN
# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop(1)).resolve() / "brood"
# Plays a user who has typed the words and presses the tabulator.
PLAY = """
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _brood
printf '%s\\n' "${COMPREPLY[@]}"
"""


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout
    return done.stdout


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="brood-pages-")
        output(TOOL, "--write-pages", cls.folder.name)
        cls.share = Path(cls.folder.name)
        cls.bash = cls.share / "bash-completion/completions/brood"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def complete(self, *words):
        return output("bash", "-c", PLAY, "bash", self.bash, "brood", *words).split()

    def test_each_verb_has_a_page_and_help(self):
        names = sorted(path.name for path in (self.share / "man/man1").iterdir())
        self.assertEqual(names, ["brood-ls.1", "brood-map.1", "brood-report.1", "brood-run.1", "brood.1"])
        for name in ("ls", "map", "report", "run"):
            self.assertTrue(output(TOOL, name, "--help-all").startswith(f"Usage: brood {name} "))

    def test_help_fits_a_screen_and_begins_with_examples(self):
        for name in ("ls", "map", "report", "run"):
            lines = output(TOOL, name, "--help").rstrip("\n").split("\n")
            self.assertLess(len(lines), 24, name)  # the last one is for the prompt
            self.assertEqual([line for line in lines if len(line) > 80], [], name)
            self.assertTrue(lines[0].startswith(f"Usage: brood {name} "))
            self.assertEqual(lines[3], "Examples:")
            examples = [line for line in lines[4:lines.index("Options:") - 1]]
            self.assertEqual(len(examples), 3 if name == "ls" else 5)
            self.assertFalse([line for line in output(TOOL, name, "--help-all").split("\n") if len(line) > 80])

    @unittest.skipUnless(shutil.which("groff"), "there is no groff here")
    def test_pages_render_without_warnings(self):
        for path in (self.share / "man/man1").iterdir():
            text = output("groff", "-man", "-Tutf8", "-ww", "-P-cbou", path)
            self.assertNotIn("warning", text)
            self.assertNotIn("error:", text)
            sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"]
            for title in sections + ["ENVIRONMENT"] * (path.name in ("brood-run.1", "brood-map.1")):
                self.assertIn(f"\n{title}\n", text, path.name)
        self.assertIn("--timeout DURATION", output("groff", "-man", "-Tascii", "-P-cbou", self.share / "man/man1/brood-run.1"))

    def test_bash_completes(self):
        self.assertIn("complete -o bashdefault -o default -F _brood brood",
                      output("bash", "-c", '. "$1"; complete -p brood', "bash", self.bash))
        self.assertEqual(self.complete("re"), ["report"])
        self.assertEqual(self.complete("run", "--timeou"), ["--timeout"])
        self.assertEqual(self.complete("run", "--timeout", "5s", "--idle"), ["--idle-timeout"])
        self.assertEqual(self.complete("report", "--as", "j"), ["json", "joblog", "junit"])
        self.assertEqual(self.complete("run", "-C", "/us"), ["/usr"])
        self.assertEqual(self.complete("run", "--contain", "s"), ["sealed"])
        self.assertEqual(self.complete("run", "-s", "U"), ["USR1", "USR2"])
        self.assertIn("root", self.complete("run", "--user", "roo"))
        self.assertIn("root", self.complete("map", "--jobs", "4", "--extra-groups", "audio", "--user", "roo"))
        self.assertIn("now,fail=1", self.complete("map", "--halt", "now"))
        self.assertEqual(self.complete("run", "--encoding-errors", "b"), ["backslashreplace"])
        self.assertIn("printf", self.complete("run", "-v", "--", "print"))
        self.assertIn("printf", self.complete("run", "print"))
        self.assertEqual(self.complete("run", "env", "--timeou"), [])  # a flag of env, not of brood
        self.assertEqual(self.complete("--completion", "z"), ["zsh"])

    def test_bash_completes_the_words_of_the_command(self):
        # What bash-completion defines: it completes as if the line began with the word of this number.
        offset = "_command_offset() { COMPREPLY=(offset $1); }\n"
        for words, number in ((("run", "git", "che"), 2), (("run", "-t", "5", "git", "che"), 4),
                              (("run", "-t", "5", "--", "git", "che"), 5), (("map", "-j4", "git", "che"), 3)):
            said = output("bash", "-c", offset + PLAY, "bash", self.bash, "brood", *words).split()
            self.assertEqual(said, ["offset", str(number)], words)

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh here")
    def test_zsh_reads_its_completion(self):
        output("zsh", "-n", self.share / "zsh/site-functions/_brood")

    @unittest.skipUnless(shutil.which("fish"), "there is no fish here")
    def test_fish_completes(self):
        environment = dict(os.environ, HOME=self.folder.name, XDG_CONFIG_HOME=self.folder.name)
        done = subprocess.run(["fish", "-c", 'source $argv[1]; complete -C "brood report --as j"',
                               self.share / "fish/vendor_completions.d/brood.fish"], env=environment, check=True,
                              stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual([line.split("\t")[0] for line in done.stdout.splitlines()], ["joblog", "json", "junit"])

    def test_a_completion_is_printed(self):
        for shell, path in (("bash", self.bash), ("zsh", self.share / "zsh/site-functions/_brood")):
            self.assertEqual(output(TOOL, "--completion", shell), path.read_text())
        refused = subprocess.run([TOOL, "--completion", "tcsh"], stderr=subprocess.PIPE, text=True)
        self.assertEqual((refused.returncode, refused.stderr),
                         (125, "brood: there are completions for bash, zsh and fish, and not for 'tcsh'\n"))


unittest.main()
