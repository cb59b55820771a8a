#!/usr/bin/python3
# A table of plausible mistakes: each is typed into a shell, and the answer names it and the way out; nothing is run.
# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from tooltest import PATIENCE, TOOL, main

# What is typed, the exit status, and what the answer has to contain. A status of None: stdin is a terminal, at which
# nothing is typed but Ctrl-D; the others have /dev/null.
MISTAKES = [
    # verbs
    ("brood rnu make", 125, "'rnu'", "did you mean run?"),
    ("brood Run make", 125, "'Run'", "did you mean run?"),
    ("brood mpa make", 125, "'mpa'", "did you mean map?"),
    ("brood reprot", 125, "'reprot'", "did you mean report?"),
    ("brood repo", 125, "'repo'", "did you mean report?"),
    ("brood l", 125, "'l'", "'brood --help'"),
    ("brood list", 125, "'list'", "did you mean ls?"),
    ("brood history", 125, "'history'", "did you mean ls?"),
    ("brood logs", 125, "'logs'", "did you mean report?"),
    ("brood status", 125, "'status'", "did you mean report?"),
    ("brood parallel gzip ::: a", 125, "'parallel'", "did you mean map?"),
    ("brood xargs gzip", 125, "'xargs'", "did you mean map?"),
    ("brood exec make", 125, "'exec'", "did you mean run?"),
    ("brood timeout 5 make", 125, "'timeout'", "did you mean run?"),
    ("brood make -j4", 125, "'make'", "'brood run make'"),
    ("brood ./script", 125, "'./script'", "'brood run ./script'"),
    ("brood --timeout 5 make", 125, "'--timeout'", "'brood run --timeout'"),
    ("brood -j4 gzip ::: a", 125, "'-j4'", "'brood map -j4'"),
    ("brood hepl", 125, "'hepl'", "did you mean help?"),
    ("brood --verison", 125, "'--verison'", "did you mean --version?"),
    ("brood help rnu", 125, "'rnu'", "did you mean run?"),
    # flags: letters
    ("brood run --tiemout 5 make", 125, "'--tiemout'", "did you mean --timeout?"),
    ("brood run --time-out 5 make", 125, "'--time-out'", "did you mean --timeout?"),
    ("brood run --Timeout=5 make", 125, "'--Timeout'", "did you mean --timeout?"),
    ("brood run --idle_timeout 5 make", 125, "'--idle_timeout'", "did you mean --idle-timeout?"),
    ("brood run --idle 5 make", 125, "'--idle'", "did you mean --idle-timeout?"),
    ("brood run --kill-affter 5 make", 125, "'--kill-affter'", "did you mean --kill-after?"),
    ("brood run --quite make", 125, "'--quite'", "did you mean --quiet?"),
    ("brood run --verbsoe make", 125, "'--verbsoe'", "did you mean --verbose?"),
    ("brood run --chidr /tmp make", 125, "'--chidr'", "did you mean --chdir?"),
    ("brood run --environment A=1 make", 125, "'--environment'", "'brood run --help'"),
    ("brood run --enviroment-clear make", 125, "'--enviroment-clear'", "'brood run --help'"),
    ("brood run --shel make", 125, "'--shel'", "did you mean --shell?"),
    ("brood map --keep-oder gzip ::: a", 125, "'--keep-oder'", "did you mean --keep-order?"),
    ("brood map --resum gzip ::: a", 125, "'--resum'", "did you mean --resume?"),
    ("brood map --retrys 3 gzip ::: a", 125, "'--retrys'", "did you mean --retry?"),
    ("brood map --jbos 3 gzip ::: a", 125, "'--jbos'", "did you mean --jobs?"),
    ("brood map --dry_run gzip ::: a", 125, "'--dry_run'", "did you mean --dry-run?"),
    ("brood report --faild", 125, "'--faild'", "did you mean --failed?"),
    ("brood ls --jsn", 125, "'--jsn'", "did you mean --json?"),
    # flags: dashes, places, other verbs and tools
    ("brood run -timeout 5 make", 125, "'-timeout'", "did you mean --timeout?"),
    ("brood run -json make", 125, "'-json'", "did you mean --json?"),
    ("brood map -jobs 4 gzip ::: a", 125, "'-jobs'", "did you mean --jobs?"),
    ("brood run \u2013timeout 5 make", 125, "'\u2013timeout'", "did you mean --timeout?"),
    ("brood map \u2014j 4 gzip ::: a", 125, "'\u2014j'", "did you mean -j?"),
    ("brood run --joblog log make", 125, "'--joblog'", "'brood map'"),
    ("brood run --halt now,fail=1 make", 125, "'--halt'", "'brood map'"),
    ("brood map --stdout log gzip ::: a", 125, "'--stdout'", "'brood run'"),
    ("brood run -j4 make", 125, "'-j'", "'brood map'"),
    ("brood run -o log make", 125, "'-o'", "--stdout FILE"),
    ("brood run --retries 3 make", 125, "'--retries'", "--retry N"),
    ("brood run --cwd /tmp make", 125, "'--cwd'", "-C DIR"),
    ("brood run -c 'make all'", 125, "'-c'", "--shell"),
    ("brood run -i make", 125, "'-i'", "--env-clear"),
    ("brood map -X gzip ::: a", 125, "'-X'", "-n N"),
    ("brood map --fail-fast gzip ::: a", 125, "'--fail-fast'", "--halt now,fail=1"),
    ("brood map --workers 4 gzip ::: a", 125, "'--workers'", "-j N"),
    ("brood map -o out gzip ::: a", 125, "'-o'", "--results DIR"),
    ("brood map -r gzip", 125, "'-r'", "without arguments nothing is run"),
    ("brood report --html", 125, "'--html'", "--as FORM"),
    ("brood report 1 2", 125, "'2'", "one word too many"),
    ("brood report last", 125, "'last'", "not a number"),
    ("brood run -- --timeout 5 make", 127, "'--timeout'", "options come before"),
    ("brood run --timeout", 125, "--timeout", "needs a value: DURATION"),
    ("brood run --json=yes make", 125, "--json", "takes no value"),
    # values
    ("brood run -t 5x make", 125, "'5x'", "a duration such as"),
    ("brood run -t 1M make", 125, "'1M'", "a duration such as"),
    ("brood run -t ten make", 125, "'ten'", "a duration such as"),
    ("brood run -t 0 make", 125, "timeout", "must be more than 0"),
    ("brood run -t make", 125, "'make'", "a duration such as"),
    ("brood run --kill-after soon make", 125, "'soon'", "a duration such as"),
    ("brood run --address-space 5Q make", 125, "'5Q'", "a size such as"),
    ("brood run --address-space 1.5 make", 125, "'1.5'", "whole bytes"),
    ("brood map --memfree lots gzip ::: a", 125, "'lots'", "a size such as"),
    ("brood run -s TREM make", 125, "'TREM'", "did you mean TERM?"),
    ("brood run -s SIGITN make", 125, "'SIGITN'", "did you mean INT?"),
    ("brood run --stop TREM,5s,KILL make", 125, "'TREM'", "did you mean TERM?"),
    ("brood run --contain seeled make", 125, "'seeled'", "did you mean sealed?"),
    ("brood run --contain all make", 125, "'all'", "process, group, tree, sealed"),
    ("brood run --overflow tial --json make", 125, "'tial'", "did you mean tail?"),
    ("brood run --encoding-errors ingore make", 125, "'ingore'", "did you mean ignore?"),
    ("brood run --retry 3 --retry-on timedout make", 125, "'timedout'", "did you mean timed_out?"),
    ("brood run --retry three make", 125, "'three'", "a policy such as"),
    ("brood run --ok-codes 1-300 make", 125, "'1-300'", "exit codes such as"),
    ("brood run --env PATH make", 125, "'PATH'", "NAME=VALUE"),
    ("brood run --umask 888 make", 125, "'888'", "octal"),
    ("brood map -j four gzip ::: a", 125, "'four'", "a number of jobs such as"),
    ("brood map -j gzip ::: a", 125, "'gzip'", "a number of jobs such as"),
    ("brood map -n gzip ::: a", 125, "'gzip'", "a number of at least 1"),
    ("brood map --halt now,fial=1 gzip ::: a", 125, "'now,fial=1'", "did you mean fail?"),
    ("brood map --halt nwo,fail=1 gzip ::: a", 125, "'nwo,fail=1'", "did you mean now?"),
    ("brood map --halt fail gzip ::: a", 125, "'fail'", "such as now,fail=1"),
    ("brood map -t 50% gzip ::: a", 125, "'50%'", "above 100%"),
    ("brood report --as jsno", 125, "'jsno'", "did you mean json?"),
    ("brood --completion bahs", 125, "'bahs'", "did you mean bash?"),
    # the command, and how it is quoted
    ("brood run", 125, "there is no command", "'brood run --help'"),
    ("brood run 'ls -l'", 127, "'ls -l'", "--shell"),
    ("brood run 'make && make install'", 127, "'make && make install'", "--shell"),
    ("brood run '$HOME/bin/x'", 127, "'$HOME/bin/x'", "--shell"),
    ("brood run '~/bin/x'", 127, "'~/bin/x'", "--shell"),
    ("brood run A=1 make", 127, "'A=1'", "--env A=1"),
    ("brood run cd /tmp", 127, "'cd'", "-C DIR"),
    ("brood run ulimit -n 5 make", 127, "'ulimit'", "--open-files"),
    ("brood run 10 make", 127, "'10'", "--timeout 10"),
    ("brood run script", 127, "'script'", "did you mean ./script?"),
    ("brood run ./text", 126, "'./text'", "chmod +x"),
    ("brood run --quiet --verbose make", 125, "contradictory", "--verbose and --quiet"),
    ("brood map 'wc -l {} | sort' ::: a b", 125, "'wc -l {} | sort'", "--shell"),
    ("brood map 'gzip -9' ::: a b", 127, "'gzip -9'", "--shell"),
    ("brood map --shell 'echo `wc {}`' ::: a", 125, "no argument can be quoted", "in a variable"),
    # arguments
    ("brood map", 125, "there is no command", "'brood map --help'"),
    ("brood map ::: 'make a' 'make b'", 125, "no command before ':::'", "--shell"),
    ("brood map gzip a b", 0, "there are no arguments", "after ':::'"),
    ("brood map gzip a b", None, "reading arguments from the terminal", "after ':::'"),
    ("brood map --pipe wc", None, "reading the input of the jobs from the terminal", "Ctrl-D"),
    ("brood map gzip :: a b", 125, "'::'", "did you mean ':::'?"),
    ("brood map gzip :::::  a b", 125, "':::::'", "did you mean ':::'?"),
    ("brood map gzip :::a b", 125, "':::a'", "did you mean '::: a'?"),
    ("brood map gzip :::: list.txt", 125, "'list.txt'", "No such file"),
    ("brood map gzip :::+ a", 125, ":::+", "no arguments before it"),
    ("brood map gzip {2} ::: a", 125, "{2}", "argument"),
    ("brood map --header : gzip {Depth} :::: table", 125, "{Depth}", "did you mean depth?"),
    ("brood map --csv --header : gzip {dpeth} :::: table", 125, "{dpeth}", "did you mean depth?"),
    ("brood map --pipe wc ::: a", 125, "--pipe takes no arguments", ":::"),
    ("brood map --no-journal --resume gzip ::: a", 125, "contradictory", "--no-journal and --resume"),
]

PROGRAMS = "make gzip wc sort ls env touch install git a b x".split()


class Mistakes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="brood-mistakes-")
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        self.mark = self.top / "ran"
        programs = self.top / "bin"
        programs.mkdir()
        for path in [programs / name for name in PROGRAMS] + [self.top / "script", self.top / "text"]:
            path.write_text(f"#!/bin/sh\necho \"$0\" >> {self.mark}\n")
            path.chmod(0o644 if path.name == "text" else 0o755)
        (self.top / "table").write_text("depth\n1\n")
        (programs / "brood").symlink_to(TOOL)
        self.env = {"PATH": str(programs), "HOME": "/nonexistent", "TMPDIR": str(self.top), "LC_ALL": "C.UTF-8"}

    def answer(self, line, status):
        """What a shell that is given the line prints, checked for its status."""
        stdin, master = subprocess.DEVNULL, None
        if status is None:
            master, stdin = os.openpty()
            os.write(master, b"\x04")
        try:
            done = subprocess.run(["/bin/sh", "-c", line], cwd=self.top, env=self.env, stdin=stdin, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        finally:
            if master is not None:
                os.close(master)
                os.close(stdin)
        self.assertEqual(done.returncode, status or 0, done.stdout)
        return done.stdout

    def test_there_are_a_hundred(self):
        self.assertGreaterEqual(len(MISTAKES), 100)

    def test_the_answer_names_the_mistake_and_the_way_out(self):
        for line, status, *parts in MISTAKES:
            with self.subTest(line):
                said = self.answer(line, status)
                for part in parts:
                    self.assertIn(part, said)
                lines = said.rstrip("\n").split("\n")
                self.assertEqual([text for text in lines if not text.startswith("brood: ")], [])
                self.assertEqual(len(lines), 1, said)
                self.assertFalse(self.mark.exists(), "something was run")

    def test_the_programs_do_run_if_all_is_right(self):
        self.assertEqual(self.answer("brood run --no-such 2>/dev/null || brood run make", 0), "")
        self.assertTrue(self.mark.exists())


main()
