#!/usr/bin/python3
# The eleven tests that GNU parallel's authors have for parallelisers, by their names: map_eleven_test.py BIN
# SPDX-License-Identifier: Apache-2.0
#
# BROOD_TEST_HUGE=1 writes the more than 4 GiB of the last one for real, which takes as much of $TMPDIR.
import os
import resource
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from tooltest import HELPER, TOOL, ToolTest, main, wait_until

SANITIZED = b"__asan_init" in Path(TOOL).read_bytes() or b"__tsan_init" in Path(TOOL).read_bytes()


def lines_of(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


class Eleven(ToolTest):
    def most_memory(self, *words, **options):
        """The result, and the peak of the tool's memory in bytes; its jobs' are smaller."""
        report = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]);" \
                 "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, file=sys.stderr); sys.exit(code)"
        done = self.brood(*words, prefix=["python3", "-c", report], **options)
        return done, int(done.stderr.split()[-1])

    def test_01_mix_output_of_jobs_is_not_mixed(self):
        # Two that take turns in writing halves of lines, each waiting for the other.
        turns = "for i in 1 2 3; do printf \"$0-a\"; echo >> $0.said; until [ \"$(cat $1.said 2>&- | wc -l)\" -ge $i ]; do :; done; " \
                "printf \"$0-b\\n\"; done"
        for mode in (["--group"], ["-k"], ["--line-buffer"], ["-k", "--line-buffer"], ["--tag"]):
            with self.subTest(mode=mode):
                for name in ("x", "y"):
                    (self.top / f"{name}.said").unlink(missing_ok=True)
                out = self.brood("map", "-j2", *mode, HELPER, "exec", "/bin/sh", "-c", turns, "{1}", "{2}",
                                 ":::", "x", "y", ":::+", "y", "x").stdout.decode()
                lines = [line.split("\t")[-1] for line in out.splitlines()]
                self.assertEqual(sorted(lines), ["x-ax-b"] * 3 + ["y-ay-b"] * 3)
                if "--line-buffer" not in mode or "-k" in mode:
                    self.assertEqual(lines, sorted(lines, reverse=lines[0][0] == "y"))

    def test_02_stderr_is_not_merged_into_stdout(self):
        done = self.brood("map", "-k", HELPER, "out", "{}-out\\n", "+", "err", "{}-err\\n", "+", "out", "{}-more\\n", ":::", "a", "b")
        self.assertEqual(done.stdout, b"a-out\na-more\nb-out\nb-more\n")
        self.assertEqual(done.stderr, b"a-err\nb-err\n")
        for mode in (["--line-buffer"], ["--ungroup"], ["--tag"]):
            done = self.brood("map", *mode, HELPER, "out", "{}1\\n", "+", "err", "2\\n", ":::", "a")
            self.assertEqual((done.stdout[-2:], done.stderr[-2:]), (b"1\n", b"2\n"))

    @unittest.skipIf(SANITIZED, "a sanitizer has memory of its own")
    def test_03_ram_does_not_limit_output(self):
        for mode in (["--group"], ["-k"], ["-k", "--line-buffer"], ["--tag"]):
            _, memory = self.most_memory("map", "-j2", *mode, HELPER, "spam", "{}", ":::", "100M", "100M", stdout=subprocess.DEVNULL)
            self.assertLess(memory, 16 << 20, mode)
        # One line that does not end, too.
        _, memory = self.most_memory("map", "--line-buffer", HELPER, "spam", "100M", ":::", "stdout", stdout=subprocess.DEVNULL)
        self.assertLess(memory, 16 << 20)

    def test_04_a_full_disk_is_noticed(self):
        small = self.top / "small"
        prefix = self.small_disk(small, "256k")
        elsewhere = dict(self.env, TMPDIR=str(small))
        for mode in (["-j1"], ["-j2", "-k"], ["--tag"], ["--json"]):
            done = self.brood("map", *mode, HELPER, "spam", "{}", ":::", "1M", "10", prefix=prefix, env=elsewhere, status=125)
            text = done.stderr.decode()
            self.assertRegex(text, f"(?m)^brood: the output of job [12] is incomplete: No space left on device below '{small}' \\(see TMPDIR\\)$")
            self.assertEqual(text.count("brood: the output"), 1)
        # Where its journal is, too: the jobs would run without a record, so they do not go on.
        there = [*prefix, "sh", "-c", 'mkdir "$0/.brood" && cd "$0" && exec "$@"', small]
        done = self.brood("map", "-j1", HELPER, "ready", self.top / "ran", "+", "echo", status=125, prefix=there,
                          input="".join(f"{number} {'x' * 5000}\n" for number in range(2000)).encode())
        text = done.stderr.decode()
        self.assertRegex(text, r"(?m)^brood: (no space left for the journal '.*': free some|.*write '.*/output/1': No space left)")
        self.assertEqual(text.count("\n"), 1)
        self.assertLess(lines_of(self.top / "ran"), 2000)
        # Where --results and --joblog are.
        done = self.brood("map", "--no-journal", "--results", small / "r", HELPER, "spam", ":::", "100K", "101K", "102K", "103K",
                          prefix=prefix, status=125)
        self.assertIn(b"No space left on device below the folder of --results\n", done.stderr)
        done = self.brood("map", "--no-journal", "--joblog", small / "log", HELPER, "echo", ":::", *["y" * 99_999] * 4,
                          prefix=prefix, status=125)
        self.assertRegex(done.stderr, b"^brood: write '.*/log': No space left on device\n$")

    def test_05_clean_up_no_file_is_left_however_it_ends(self):
        spool = self.top / "spool"
        spool.mkdir()
        jobs = ["map", "-k", "-j2", HELPER, "spam", "64K", "+", "ready", "{}", "+", "pause", ":::"]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            marks = [self.top / f"{number}-{job}" for job in (1, 2)]
            process = self.start(*jobs, *marks, env=dict(self.env, TMPDIR=str(spool)), stdout=subprocess.DEVNULL)
            self.assertTrue(wait_until(lambda marks=marks: all(lines_of(mark) for mark in marks)))
            process.send_signal(number)
            process.wait()
            self.assertEqual(self.survivors(), {})
            self.assertEqual(os.listdir(spool), [])

    def test_06_special_characters_stay_as_they_are(self):
        names = [bytes([byte]) + b"x" for byte in range(1, 256) if byte != ord("\n")]
        names += [b"", b" ", b"a  b", b"'\"'", b"$(id)`id`", b"-n", b"--", b"{}", b"{1}", b":::", b"\\n", b"*", b"!!", b"~", "\u00e6\u20ac\u2028".encode()]
        self.assertEqual(self.brood("map", "-k", HELPER, "echo", input=b"\n".join(names) + b"\n").stdout, b"\n".join(names) + b"\n")
        quoted = self.brood("map", "-k", "--shell", HELPER + " args {} '{}' \"{}\" | LC_ALL=C grep -a ^[123]",
                            input=b"\n".join(names[:-15]) + b"\n").stdout
        self.assertEqual(quoted, b"".join(b"%d:%s\n" % (place, name) for name in names[:-15] for place in (1, 2, 3)))
        # As file names, with newlines, between NULs.
        evil = [b"new\nline", b" lead", b"trail ", b"tab\t", b"\xff\xfe", b"-rf", b"'", b"a;b&c"]
        folder = self.top / "evil"
        folder.mkdir()
        for name in evil:
            with open(os.fsencode(folder) + b"/" + name, "wb") as file:
                file.write(name)
        out = self.brood("map", "-0", "-k", HELPER, "exec", "cat", "{}", input=b"\0".join(b"./" + name for name in evil), cwd=folder).stdout
        self.assertEqual(out, b"".join(evil))

    def test_07_composed_commands_work(self):
        out = self.brood("map", "-k", "--shell", "echo 1 {}; (echo 2 {} | tr a-z A-Z) && echo 3 {} > {}.txt; cat {}.txt; false || echo 4 {}",
                         ":::", "a", "b").stdout
        self.assertEqual(out, b"1 a\n2 A\n3 a\n4 a\n1 b\n2 B\n3 b\n4 b\n")
        out = self.brood("map", "-k", "--shell", "for i in 1 2; do if [ {} = x ]; then echo $i; else echo {}$i; fi; done", ":::", "x", "y").stdout
        self.assertEqual(out, b"1\n2\ny1\ny2\n")

    def test_08_one_replacement_string_may_occur_more_than_once(self):
        out = self.brood("map", "-k", HELPER, "echo", "{}", "{.}", "x{}y{}", "{#}{}", "{/}", ":::", "a.b", "c/d").stdout
        self.assertEqual(out, b"a.b a xa.bya.b 1a.b a.b\nc/d c/d xc/dyc/d 2c/d d\n")

    @unittest.skipIf(SANITIZED, "a sanitizer has memory of its own")
    def test_09_input_size_is_not_limited(self):
        count = 1_000_000
        text = b"".join(b"%d\n" % number for number in range(count))
        done, memory = self.most_memory("map", "-q", "-n", "5000", HELPER, "args", input=text)
        self.assertEqual(done.stdout.count(b"\n"), count + count // 5000)
        self.assertLess(memory, 16 << 20)
        # Longer than any list of arguments may be: cut up by what the system allows.
        done = self.brood("map", "-k", "-q", "-n", "1000000", HELPER, "echo", input=text)
        self.assertEqual(done.stdout.split(), text.split())

    def test_10_number_of_words_does_not_slow_it_down(self):
        # Ten times the words in a line takes about ten times as long, not a hundred times.
        def seconds(words):
            line = b" ".join([b"word"] * words) + b"\n"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            out = self.brood("map", "-k", "-j1", "--colsep", " ", HELPER, "exec", "true", "{1}", "{2}", input=line * 20).stdout
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.assertEqual(out, b"")
            return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        few, many = seconds(4_000), seconds(40_000)
        self.assertLess(many, 40 * max(few, 0.05))
        # Nor do many in one call.
        out = self.brood("map", "-n", "20000", HELPER, "args", input=b"w\n" * 20_000).stdout
        self.assertEqual(out.count(b"\n"), 20_001)

    def test_11_more_than_4_gib_of_output_arrive(self):
        size = (4 << 30) + 5
        if os.environ.get("BROOD_TEST_HUGE") == "1":
            free = os.statvfs(tempfile.gettempdir())
            if free.f_bavail * free.f_frsize < 2 * size:
                self.skipTest("too little space")
            job = "spam"
        else:
            job = "grow-stdout"  # a hole of this size
        for mode in (["--group"], ["-k"]):
            with subprocess.Popen([TOOL, "map", "--joblog", "log", *mode, HELPER, job, ":::", str(size)],
                                  cwd=self.top, env=self.env, stdout=subprocess.PIPE) as process:
                total = 0
                while block := process.stdout.read(1 << 20):
                    total += len(block)
            self.assertEqual((process.returncode, total), (0, size))
            self.assertEqual((self.top / "log").read_text(encoding="utf-8").splitlines()[1].split("\t")[5], str(size))


main()
