#!/usr/bin/python3
# What hostile users, inputs and machines do to brood map: map_hostile_test.py BIN
# SPDX-License-Identifier: Apache-2.0
import base64
import fcntl
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import termios
import threading
import xml.etree.ElementTree

from tooltest import HELPER, TOOL, ToolTest, main, wait_until


def lines_of(path):
    return path.read_bytes().splitlines() if path.exists() else []


class Streams(ToolTest):
    def test_closed_ones_are_not_taken_for_files_of_the_tool(self):
        def without(number):
            return ["sh", "-c", f'exec "$@" {number}>&-', "sh"]
        job = ["map", "-j1", HELPER, "out", "{}\\n", "+", "err", "error\\n", ":::", "a", "b"]
        self.assertEqual(self.brood(*job, prefix=without(0)).stdout, b"a\nb\n")
        self.assertEqual(self.brood(*job, prefix=without(2)).stdout, b"a\nb\n")
        self.assertIn(b"brood: cannot write to stdout: Bad file descriptor\n", self.brood(*job, prefix=without(1), status=125).stderr)
        done = self.brood("map", HELPER, "echo", prefix=without(0), status=125)
        self.assertEqual(done.stderr, b"brood: read 'stdin': Bad file descriptor\n")
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.query("SELECT count(*) FROM run"), [(4,)])

    def test_a_reader_that_goes_away(self):
        for mode in ([], ["-k"], ["--tag"], ["--line-buffer"], ["--json"], ["--pool"], ["--dry-run"]):
            with self.subTest(mode=mode):
                job = ["cat"] if mode == ["--pool"] else ["spam", "64K", "+", "echo"]
                process = self.start("map", *mode, HELPER, *job, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                feeder = threading.Thread(target=self.feed, args=(process, b"line\n"))
                feeder.start()
                self.assertTrue(process.stdout.read(1))
                process.stdout.close()
                self.assertEqual(process.wait(60), -signal.SIGPIPE)
                feeder.join()
                self.assertEqual(self.survivors(), {})

    @staticmethod
    def feed(process, text, fed=None):
        try:
            while True:
                process.stdin.write(text * 4096)
                if fed:
                    fed.release()
        except (OSError, ValueError):
            pass

    def test_input_without_an_end_can_be_interrupted(self):
        for mode in (["--shuf"], ["--eta"], ["-n", "100000000", "--pool"], ["--pipe", "--recend", "never"], ["--dry-run", "--shuf"]):
            with self.subTest(mode=mode):
                process = self.start("map", *mode, HELPER, "cat", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                fed = threading.Semaphore(0)
                feeder = threading.Thread(target=self.feed, args=(process, b"y\n", fed))
                feeder.start()
                for _ in range(200):
                    self.assertTrue(fed.acquire(timeout=60))
                process.terminate()
                self.assertIn(process.wait(60), (-signal.SIGTERM, 128 + signal.SIGTERM))
                feeder.join()

    def test_workers_stop_although_nobody_reads(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        process = self.start("map", "--pool", "-j2", HELPER, "cat", stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        feeder = threading.Thread(target=self.feed, args=(process, b"x" * 100 + b"\n"))
        feeder.start()
        # Full: there is room for less than a page.
        room = bytearray(4)
        self.assertTrue(wait_until(lambda: not fcntl.ioctl(reader, termios.FIONREAD, room) and int.from_bytes(room, sys.byteorder) > 60_000))
        process.terminate()
        self.assertEqual(process.wait(60), 128 + signal.SIGTERM)
        feeder.join()


class Pace(ToolTest):
    def test_waiting_for_a_start_costs_no_time(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.brood("map", "-q", "--delay", "3", "--retries", "2", HELPER, "exit", ":::", "1", status=1)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 1.5)

    def test_the_end_does_not_wait_for_a_start(self):
        self.brood("map", "--delay", "1000", HELPER, "echo", ":::", "a")
        self.brood("map", "--delay", "1000", "--resume", HELPER, "echo", ":::", "a")
        self.brood("map", "--memfree", "1000T", "--resume", HELPER, "echo", ":::", "a")
        self.brood("map", "--load", "0.000001", HELPER, "echo", ":::")

    def test_as_many_arguments_as_there_is_room_for(self):
        text = b"".join(b"it's %d\n" % number for number in range(60_000))
        for words in (["--shell", f"{HELPER} args {{}} | grep -v ^0"], [HELPER, "args", "x{}"], [HELPER, "args", "{}", "{}"]):
            out = self.brood("map", "-k", "-q", "-n", "60000", *words, input=text).stdout
            self.assertEqual(out.count(b"it's 59999"), 2 if words[-2:] == ["{}", "{}"] else 1)

    def test_few_descriptors(self):
        few = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"]
        for mode in ([], ["--line-buffer"], ["-k"], ["--max-output", "1K"], ["--json"]):
            done = self.brood("map", "-j100", *mode, HELPER, "echo", prefix=few, input=b"".join(b"%d\n" % n for n in range(100)))
            self.assertEqual(done.stdout.count(b"\n"), 100)
            self.assertEqual(done.stderr, b"brood: the limit of open files allows 4 jobs at once: 'ulimit -n' changes it\n")
        # What is refused to a single job is said once.
        done = self.brood("map", "-j1", "--no-journal", "-q", HELPER, "echo", ":::", *["x"] * 50, status=125,
                          prefix=["sh", "-c", 'ulimit -n 11 && exec "$@"', "sh"])
        self.assertEqual(done.stderr.count(b"Too many open files"), 1, done.stderr)

    def test_stopped_and_continued(self):
        process = self.start("map", "-k", "-j2", HELPER, "ready", "on", "+", "echo", ":::", "1", "2", "3", stdout=subprocess.PIPE)
        self.assertTrue(wait_until(lambda: lines_of(self.top / "on")))
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.communicate(timeout=60)[0], b"1\n2\n3\n")
        self.assertEqual(process.returncode, 0)


class Bytes(ToolTest):
    EVIL = b"\xff<&\"'\x01\\]]>\xc3"

    def test_arguments_that_are_no_text(self):
        argument = os.fsdecode(self.EVIL)
        done = self.brood("map", "--json", HELPER, "err", "e", "+", "echo", ":::", argument)
        record = json.loads(done.stdout)
        self.assertEqual([base64.b64decode(word) for word in record["args_base64"]], [self.EVIL])
        self.assertEqual(base64.b64decode(record["argv_base64"][-1]), self.EVIL)
        self.assertEqual(base64.b64decode(record["stdout_base64"]), self.EVIL + b"\n")
        self.brood("map", "-q", "--tag", "--joblog", "log", "--results", "r", HELPER, "exit", "1", "+", "echo", ":::", argument, status=1)
        self.assertIn(self.EVIL, (self.top / "log").read_bytes().replace(b"'\"'\"'", b"'"))
        self.assertIn(self.EVIL.replace(b"\\", b"\\\\"), os.listdir(os.fsencode(self.top) + b"/r/1"))
        row = self.query("SELECT argv FROM attempt WHERE run = 2")[0][0]
        self.assertTrue(row.endswith(self.EVIL + b"\0"))
        report = json.loads(self.brood("report", "--as", "json").stdout)
        self.assertEqual(base64.b64decode(report["attempts"][0]["argv_base64"][-1]), self.EVIL)
        for form in ("junit", "html", "trace", "metrics"):
            self.brood("report", "--as", form).stdout.decode()
        xml.etree.ElementTree.fromstring(self.brood("report", "--as", "junit").stdout)
        # Resuming tells it from what looks the same.
        for word, runs in ((argument, b""), (os.fsdecode(b"\xfe" + self.EVIL[1:]), b"\xfe" + self.EVIL[1:] + b"\n")):
            self.assertEqual(self.brood("map", "--resume", HELPER, "err", "e", "+", "echo", ":::", word).stdout, runs)


class Journals(ToolTest):
    def echo(self, *words, **more):
        return self.brood("map", *words, HELPER, "ready", "ran", "+", "echo", ":::", "a", "b", "c", **more)

    def test_what_cannot_be_used_is_one_error_and_nothing_runs(self):
        self.echo("-q")
        (self.top / "ran").unlink()
        with sqlite3.connect(self.top / ".brood" / "journal.db", isolation_level=None) as database:
            database.execute("BEGIN IMMEDIATE")
            refused = self.echo(status=125).stderr.decode()
            self.assertRegex(refused, r"^brood: the journal '.*' has been locked by another program for 5000 ms \('fuser .*\n$")
            database.execute("ROLLBACK")
            database.execute("PRAGMA user_version = 99")
        database.close()
        self.assertRegex(self.echo(status=125).stderr.decode(), r"^brood: the journal '.*' is of version 99, and brood .*\n$")
        for path in (self.top / ".brood").glob("journal.db*"):
            path.unlink()
        (self.top / ".brood" / "journal.db").write_bytes(b"no database at all" * 1000)
        self.assertRegex(self.echo(status=125).stderr.decode(), r"^brood: the journal '.*' is damaged \(.*\n$")
        self.assertEqual(lines_of(self.top / "ran"), [])
        self.assertEqual(self.echo("--no-journal", "-k").stdout, b"a\nb\nc\n")

    def test_damaged_in_the_middle_it_does_not_take_the_tool_with_it(self):
        self.brood("map", "-q", HELPER, "echo", ":::", *map(str, range(300)))
        with sqlite3.connect(self.top / ".brood" / "journal.db") as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        whole = (self.top / ".brood" / "journal.db").read_bytes()
        for at in range(4096, len(whole), 4096):
            for path in (self.top / ".brood").glob("journal.db-*"):
                path.unlink()
            (self.top / ".brood" / "journal.db").write_bytes(whole[:at] + b"\xa5" * 4096 + whole[at + 4096:])
            for words in (["map", "-q", "--resume", "--explain", HELPER, "echo", ":::", "1", "new"], ["report"], ["ls"]):
                done = subprocess.run([TOOL, *words], cwd=self.top, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=60, check=False)
                self.assertIn(done.returncode, (0, 1, 125), done.stderr)
                if done.returncode == 125:
                    self.assertRegex(done.stderr.decode(), r"(?m)^brood: .*\n\Z")

    def test_two_runs_at_once_in_an_empty_folder(self):
        for number in range(5):
            folder = self.top / str(number)
            folder.mkdir()
            (folder / ".brood").mkdir()
            both = [self.start("map", "-q", "--resume", HELPER, "echo", ":::", *map(str, range(20)), cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE) for _ in range(3)]
            for process in both:
                out, err = process.communicate(timeout=60)
                self.assertEqual((process.returncode, err), (0, b""))
                self.assertLessEqual(out.count(b"\n"), 20)

    def test_resume_while_another_run_is_alive(self):
        first = self.start("map", "-j2", HELPER, "ready", "on", "+", "exec", "/bin/sh", "-c", "[ $0 = quick ] || exec sleep 1000", "{}",
                           ":::", "quick", "slow", stdout=subprocess.DEVNULL)
        self.assertTrue(wait_until(lambda: self.query_or("SELECT count(*) FROM done") == [(1,)]))
        self.assertTrue(wait_until(lambda: len(lines_of(self.top / "on")) == 2))
        runs = [json.loads(line) for line in self.brood("ls", "--json").stdout.splitlines()]
        self.assertEqual([run["state"] for run in runs], ["running"])
        done = self.brood("map", "--resume", "--explain", HELPER, "ready", "on", "+", "exec", "/bin/sh", "-c",
                          "[ $0 = quick ] || exec sleep 1000", "{}", ":::", "quick")
        self.assertIn(b"job 1 skipped: succeeded in run 1", done.stderr)
        first.kill()
        first.wait()
        runs = [json.loads(line) for line in self.brood("ls", "--json").stdout.splitlines()]
        self.assertEqual([run["state"] for run in runs], ["interrupted", "ended"])

    def query_or(self, text):
        try:
            return self.query(text)
        except sqlite3.OperationalError:
            return None  # it has not begun


class Leaks(ToolTest):
    """tests/os has those that run away or ignore signals, each by itself; here they do all of it, and are workers."""

    # The job, a child with a session of its own and a daemon: none heeds a signal.
    STUBBORN = [HELPER, "echo", "{}", "+", "ignore", "TERM", "INT", "HUP", "QUIT", "+", "setsid-bg", "ready", "on", ",", "pause",
                "+", "daemonise", "ready", "on", ",", "pause", "+", "ready", "on", "+", "pause"]

    def stop(self, options, jobs, count, number=0, prefix=(), status=None):
        """Starts it, waits for `count` lines in `on`, sends the signal, and looks who is left."""
        on = self.top / "on"
        process = self.start("map", "-q", "-j2", "--kill-after", "0.1", *options, *jobs, prefix=prefix, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        self.assertTrue(wait_until(lambda: len(lines_of(on)) == count or process.poll() is not None))
        if number:
            self.assertEqual(len(lines_of(on)), count)
            process.send_signal(number)
        self.assertIn(process.wait(60), (-number, 128 + number) if number else (status,))
        self.assertEqual(self.survivors(), {})
        on.unlink(missing_ok=True)

    def all_ways(self, prefix=()):
        jobs = [*self.STUBBORN, ":::", "a", "b"]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            self.stop([], jobs, 6, number, prefix)
        self.stop(["--timeout", "3"], jobs, 6, prefix=prefix, status=2)
        fails = "[ $0 = a ] && exec \"$@\"; until [ \"$(cat on 2>&- | wc -l)\" -ge 3 ]; do :; done; exit 1"
        self.stop(["--halt", "now,fail=1"], [HELPER, "exec", "/bin/sh", "-c", fails, "{}", *self.STUBBORN, ":::", "a", "b"], 3, prefix=prefix,
                  status=1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            self.stop(["--pool"], [HELPER, "leak-tree", "on", ":::", "a", "b", "c", "d"], 10, number, prefix)

    def test_nobody_survives(self):
        self.all_ways()

    def test_nobody_of_nobody_survives(self):
        self.all_ways(self.as_nobody())


main()
