#!/usr/bin/python3
# Journals in the hands of processes: killed ones, two at once, no rights, no space; and all forms of a report.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree
from pathlib import Path

BIN = Path(sys.argv.pop(1)).resolve()
TOOL, WRITER, HELPER = BIN / "brood", BIN / "journal-writer", BIN / "brood-helper"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
PATIENCE = 60


class Journal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="brood-journal-")
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        self.folder = self.top / ".brood"
        self.file = self.folder / "journal.db"

    def brood(self, *words, status=0, prefix=(), cwd=None):
        done = subprocess.run([*prefix, TOOL, *words], cwd=cwd or self.top, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, env=dict(os.environ, HOME=str(self.top.parent)))
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr.decode(errors="replace")

    def write(self, jobs, *command):
        subprocess.run([WRITER, self.folder, str(jobs), *command], check=True, stdout=subprocess.DEVNULL)

    def writer(self):
        process = subprocess.Popen([WRITER, self.folder, "0"], stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdout.readline()
        return process

    def runs(self):
        return [json.loads(line) for line in self.brood("ls", "--json").splitlines()]

    # --- what happens to a journal ---------------------------------------------------------------

    def test_killed_at_any_moment_it_stays_whole(self):
        for number in range(1, 6):
            process = self.writer()
            end = time.monotonic() + PATIENCE
            while (run := self.runs()[-1])["succeeded"] < 100 * number and time.monotonic() < end:
                pass
            self.assertEqual((run["run"], run["state"]), (number, "running"))
            process.kill()
            process.wait()
            run = self.runs()[-1]
            self.assertEqual((run["state"], run["exit_status"]), ("interrupted", None))
            with sqlite3.connect(self.file) as database:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchone()[0], "ok")
                # The totals and the rows are of one transaction, and nothing is missing in between.
                rows, last = database.execute("SELECT count(*), max(seq) FROM attempt WHERE run = ? AND ended",
                                              (number,)).fetchone()
            self.assertEqual(rows, last)
            self.assertEqual(rows, run["succeeded"] + run["failed"])
        self.assertIn(b" interrupted ", self.brood("ls"))

    def test_two_at_once(self):
        writers = [subprocess.Popen([WRITER, self.folder, "3000", name], stdout=subprocess.DEVNULL) for name in ("a", "b", "c")]
        self.assertEqual([process.wait(PATIENCE) for process in writers], [0, 0, 0])
        self.assertEqual([(run["run"], run["succeeded"], run["failed"]) for run in self.runs()],
                         [(1, 2000, 1000), (2, 2000, 1000), (3, 2000, 1000)])

    def test_begun_by_several_at_once(self):
        for number in range(12):
            folder = self.top / str(number)
            writers = [subprocess.Popen([WRITER, folder, "1"], stdout=subprocess.DEVNULL) for _ in range(4)]
            self.assertEqual([process.wait(PATIENCE) for process in writers], [0, 0, 0, 0])

    def test_is_found_from_below_but_not_in_a_home(self):
        self.write(1)
        below = self.top / "a" / "b"
        below.mkdir(parents=True)
        self.assertIn(b"brood map wc", self.brood("ls", cwd=below))
        done = subprocess.run([TOOL, "ls"], cwd=below, env=dict(os.environ, HOME=str(self.top)), stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 125)
        self.assertIn(b"there is no journal here", done.stderr)
        done = subprocess.run([TOOL, "ls"], cwd=self.top, env=dict(os.environ, HOME=str(self.top)), stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 0)

    def test_a_folder_without_rights(self):
        self.write(2)
        prefix = NOBODY if os.geteuid() == 0 else []
        if subprocess.run([*prefix, "test", "-x", TOOL], stderr=subprocess.DEVNULL).returncode:
            self.skipTest("another user cannot reach the tool")
        self.top.chmod(0o755)
        self.folder.chmod(0o555)
        for path in self.folder.iterdir():
            path.chmod(0o444)
        try:
            listed = subprocess.run([*prefix, TOOL, "ls", "--journal", self.folder], cwd="/", stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT)
            self.assertIn(b"brood map wc", listed.stdout)
            refused = subprocess.run([*prefix, WRITER, self.folder, "1"], cwd="/", stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
            self.assertEqual(refused.returncode, 1)
            why = r"belongs to another user \(\d+\)" if prefix else "cannot be written to: Permission denied"
            self.assertRegex(refused.stdout.decode(), rf"^brood: the folder of the journal, '{self.folder}', {why}\n$")
        finally:
            self.folder.chmod(0o755)

    def test_a_disk_without_space(self):
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
        if subprocess.run([*unshare, "mount", "-t", "tmpfs", "x", self.top], stderr=subprocess.DEVNULL).returncode:
            self.skipTest("no mounts here")
        done = subprocess.run([*unshare, "sh", "-c", 'mount -t tmpfs -o size=300k x "$1" && exec "$2" "$1/.brood" 0', "sh",
                               self.top, WRITER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        text = done.stderr.decode()
        self.assertRegex(text, r"^brood: (no space left for the journal '.*/journal\.db': free some, .*|cannot write .*/output/\d+)\n$")

    def test_what_is_no_journal(self):
        refused = self.brood("ls", "--journal", "none", status=125)
        self.assertEqual(refused, "brood: cannot read the journal 'none/journal.db': No such file or directory\n")
        self.write(1)
        with sqlite3.connect(self.file) as database:
            database.execute("PRAGMA user_version = 99")
        self.assertIn("is of version 99, and brood ", self.brood("report", status=125))
        self.file.write_bytes(b"x" * 10000)
        for path in self.folder.glob("journal.db-*"):
            path.unlink()
        refused = self.brood("report", status=125)
        self.assertIn(f"the journal '{self.file}' is damaged", refused)
        self.assertEqual(refused.count("\n"), 1)

    # --- reports ---------------------------------------------------------------------------------

    def test_text(self):
        self.write(20)
        text = self.brood("report").decode()
        self.assertIn("  jobs: 14 succeeded, 6 failed\n", text)
        self.assertLess(text.index("5 x exit status 2: <b>cannot</b> open {}\n  job 3  350 ms  wc file-3\n"),
                        text.index("1 x killed by SIGSEGV: <b>cannot</b> open {}\n  job 15  "))
        failed = self.brood("report", "--failed").decode()
        self.assertEqual(re.findall(r"^  job (\d+)", failed, re.M), ["3", "6", "9", "12", "15", "18"])
        self.assertEqual(self.brood("report", "--logs", "3").decode(), "reading\n<b>cannot</b> open file-3\n")
        why = self.brood("report", "--why", "3").decode()
        self.assertIn("job 3 of run 1: wc file-3\n  runs: no earlier run has it\n  attempt 1: exit status 2 after 350 ms", why)
        self.write(3)
        self.assertIn("  runs: failed in run 1: exit status 2\n", self.brood("report", "--why", "3").decode())
        self.assertIn("run 1: ", self.brood("report", "1").decode())

    def test_forms_for_programs(self):
        evil = os.fsdecode(b"\xff<&\"'\n\\")
        self.write(30, evil)
        facts = json.loads(self.brood("report", "--as", "json"))
        self.assertEqual(len(facts["attempts"]), 30)
        self.assertEqual(facts["attempts"][2]["argv"], ["\ufffd<&\"'\n\\", "file-3"])
        trace = json.loads(self.brood("report", "--as", "trace"))
        spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
        self.assertEqual([span["args"]["seq"] for span in spans], list(range(1, 31)))
        self.assertEqual([span["dur"] for span in spans], [attempt["wall_seconds"] * 1e6 for attempt in facts["attempts"]])
        suite = xml.etree.ElementTree.fromstring(self.brood("report", "--as", "junit"))
        self.assertEqual((suite.get("tests"), suite.get("failures"), len(suite.findall(".//failure"))), ("30", "10", 10))
        lines = self.brood("report", "--as", "joblog").decode().splitlines()
        self.assertEqual(lines[0].split("\t"), "Seq Host Starttime JobRuntime Send Receive Exitval Signal Command".split())
        self.assertEqual([line.split("\t")[6:8] for line in lines[14:16]], [["0", "0"], ["0", "11"]])
        self.assertEqual({line.count("\t") for line in lines}, {8})
        metrics = self.brood("report", "--as", "metrics").decode()
        self.assertTrue(metrics.endswith("\n# EOF\n"))
        for line in metrics.splitlines()[:-1]:
            self.assertRegex(line, r'^(# (HELP|TYPE|UNIT) \w+ .+|\w+\{(\w+="([^"\\]|\\[\\n"])*",?)+\} [0-9.]+)$')
        self.assertIn('brood_jobs_total{run="1",result="failed"} 10\n', metrics)

    def test_junit_is_well_formed_whatever_jobs_are_called_and_write(self):
        every = bytes(range(1, 256)) + "".join(map(chr, [0x80, 0x85, 0x2028, 0xfdd0, 0xfffe, 0xffff, 0x1ffff, 0x10ffff])).encode()
        for name in (every, b"]]>", b"\xed\xa0\x80", "\uffff".encode(), b"<!--", b"\r\n"):
            self.brood("map", HELPER, "exec", "/bin/sh", "-c", 'printf %s "$0"; printf %s "$0" >&2; exit $1', name, ":::", "3", status=1)
            suite = xml.etree.ElementTree.fromstring(self.brood("report", "--as", "junit"))
            self.assertEqual(suite.get("failures"), "1")
            self.assertIn("exit status 3", suite.find(".//failure").get("message"))
            self.assertEqual(len(suite.findall(".//system-out")), 1)
        self.assertEqual(suite.find(".//system-out").text, "\r\n")

    def suite(self, *words):
        return xml.etree.ElementTree.fromstring(self.brood("report", "--as", "junit", *words))[0]

    def test_junit_knows_tests_again(self):
        script = 'echo >> "$0"; [ $(wc -l < "$0") -ge $1 ] || { echo no >&2; exit 3; }'
        arguments = (":::", "a", "a", "b", "c", ":::+", "1", "1", "2", "9")
        self.brood("map", "-j1", "--retry", "2", HELPER, "exec", "/bin/sh", "-c", script, *arguments, status=1)
        first = self.suite()
        names = [case.get("name") for case in first.iter("testcase")]
        self.assertEqual([name.removeprefix(names[0]) for name in names[:2]], ["", " #2"])
        self.assertEqual({case.get("classname") for case in first.iter("testcase")}, {"brood-helper"})
        self.assertEqual(first.get("name").split()[1:3], ["exec", "/bin/sh"])
        self.assertTrue(first.get("name").endswith("exit 3; }'"))
        self.assertEqual([first.get(n) for n in ("tests", "failures", "errors", "skipped", "flakes")], ["4", "1", "0", "0", "1"])
        cases = list(first.iter("testcase"))
        self.assertEqual([[child.tag for child in case] for case in cases],
                         [["properties"], ["properties"], ["properties", "flakyFailure"],
                          ["properties", "failure", "rerunFailure", "system-err"]])
        self.assertEqual(cases[2][1].get("message"), "exit status 3")
        self.assertEqual(cases[2][1].find("system-err").text, "no\n")
        facts = {p.get("name"): p.get("value") for p in cases[2].iter("property")}
        self.assertEqual((facts["job"], facts["attempts"]), ("3", "2"))
        facts = {p.get("name"): p.get("value") for p in first.find("properties")}
        self.assertEqual((facts["run"], facts["state"], facts["exit_status"], facts["directory"]), ("1", "ended", "1", str(self.top)))
        # In another order, with other options, and resumed.
        self.brood("map", "-j2", "--resume", HELPER, "exec", "/bin/sh", "-c", script, ":::", "x", "c", "b", "a", "a",
                   ":::+", "1", "9", "2", "1", "1", status=1)
        second = self.suite()
        self.assertEqual(second.get("name"), first.get("name"))
        self.assertEqual([second.get(n) for n in ("tests", "failures", "errors", "skipped")], ["5", "1", "0", "3"])
        self.assertEqual(set(names) - {case.get("name") for case in second.iter("testcase")}, set())
        self.assertEqual({case.get("message") for case in second.iter("skipped")}, {"succeeded in run 1"})
        failed = self.suite("--failed", "1")
        self.assertEqual([len(list(failed.iter(tag))) for tag in ("testcase", "rerunFailure")], [1, 1])

    def test_wrong_words(self):
        self.write(1)
        for words, text in ((["7"], "there is no run 7; the last one is 1"),
                            (["--as", "pdf"], "report: --as: there is no form 'pdf'; see 'brood report --help'"),
                            (["--logs", "9"], "run 1 has no job 9; 'brood report --as joblog' lists those that ran"),
                            (["--logs", "1"], "the output of job 1 was not kept"),
                            (["--nonsense"], None), (["--logs", "x"], None)):
            error = self.brood("report", *words, status=125)
            self.assertEqual(error.count("\n"), 1, error)
            if text:
                self.assertEqual(error, f"brood: {text}\n")


if not shutil.which("setpriv"):
    sys.exit("setpriv is missing")
unittest.main()
