# brood.Popen: what it was given holds in every way of waiting.
# SPDX-License-Identifier: Apache-2.0
import gc
import os
import signal
import sys
import tempfile
import textwrap
import threading
import time
import unittest

import subprocess as standard

import brood

PY = sys.executable
LARGE = b"x" * 300_000
WAYS = {
    "wait": lambda process: process.wait(),
    "wait(timeout)": lambda process: process.wait(timeout=60),
    "communicate": lambda process: process.communicate(),
    "communicate(timeout)": lambda process: process.communicate(timeout=60),
    "finish": lambda process: process.finish(),
    "with": lambda process: process.__exit__(None, None, None),
}


class Clean(unittest.TestCase):
    """Every test leaves neither descriptors nor children."""

    def setUp(self):
        self.before = set(os.listdir("/proc/self/fd"))

    def tearDown(self):
        gc.collect()
        self.assertEqual(set(os.listdir("/proc/self/fd")), self.before)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    def each_way(self):
        for name, wait in WAYS.items():
            with self.subTest(name):
                yield wait


class Promises(Clean):
    def test_input(self):
        for data in (b"", b"abc", LARGE):
            for wait in self.each_way():
                process = brood.Popen(["cat"], input=data, stdout=brood.PIPE)
                wait(process)
                self.assertEqual(process.returncode, 0)
                process.__exit__(None, None, None)

    def test_input_and_output(self):
        for data in (b"abc", LARGE):
            process = brood.Popen(["cat"], input=data, stdout=brood.PIPE)
            self.assertEqual(process.communicate(), (data, None))
            with brood.Popen(["cat"], input=data, stdout=brood.PIPE) as process:
                self.assertEqual(process.finish().stdout, data)
        with brood.Popen(["cat"], input=b"abc", stdout=brood.PIPE) as process:
            self.assertEqual(process.stdout.read(), b"abc")  # nobody need feed what fits into the pipe
        process = brood.Popen(["cat"], input="\xe9" * 5000, encoding="latin-1", stdout=brood.PIPE, max_output="1M")
        self.assertEqual(process.communicate()[0], "\xe9" * 5000)

    def test_input_that_is_not_read(self):
        for wait in self.each_way():
            process = brood.Popen(["true"], input=LARGE)
            wait(process)
            self.assertEqual(process.returncode, 0)

    def test_on_line(self):
        for stdout in (None, brood.PIPE):
            for wait in self.each_way():
                lines = []
                process = brood.Popen("seq 20000; exit 3", shell=True, stdout=stdout, on_line=lines.append)
                wait(process)
                self.assertEqual(len(lines), 20000)
                self.assertEqual(process.returncode, 3)

    def test_what_on_line_raises_stops_the_command(self):
        def fail(line):
            raise LookupError(line)
        for wait in self.each_way():
            process = brood.Popen("echo x; exec sleep 60", shell=True, on_line=fail)
            with self.assertRaises(LookupError):
                wait(process)
            self.assertEqual(process.returncode, -signal.SIGTERM)

    def test_timeout(self):
        for options in ({}, {"stdout": brood.PIPE}, {"on_line": print}, {"max_output": 9, "stdout": brood.PIPE}):
            for wait in self.each_way():
                start = time.monotonic()
                process = brood.Popen(["sleep", "60"], timeout=0.1, **options)
                with self.assertRaises(brood.TimeoutExpired) as caught:
                    wait(process)
                self.assertLess(time.monotonic() - start, 20)
                self.assertEqual((caught.exception.timeout, caught.exception.result.reason), (0.1, "timed_out"))
                self.assertEqual(process.returncode, -signal.SIGTERM)
                process.__exit__(None, None, None)

    def test_idle_timeout(self):
        for wait in self.each_way():
            process = brood.Popen("echo a; exec sleep 60", shell=True, idle_timeout=0.2, stdout=brood.PIPE)
            with self.assertRaises(brood.TimeoutExpired) as caught:
                wait(process)
            self.assertEqual((caught.exception.output, caught.exception.result.reason), (b"a\n", "idle_timed_out"))

    def test_max_output(self):
        for wait in self.each_way():
            process = brood.Popen(["yes"], stdout=brood.PIPE, max_output="1K")
            wait(process)
            self.assertEqual(process.returncode, -signal.SIGTERM)
            result = process.finish()
            self.assertEqual((result.reason, len(result.stdout)), ("output_limit", 1024))

    def test_the_callers_own_wait_leaves_the_command_alone(self):
        for options in ({}, {"on_line": print}, {"timeout": 60}):
            process = brood.Popen(["sleep", "60"], **options)
            for _ in range(2):
                with self.assertRaises(brood.TimeoutExpired) as caught:
                    process.wait(timeout="50ms")
                self.assertIsNone(caught.exception.result)
            self.assertIsNone(process.poll())
            self.assertEqual(process.stop(), -signal.SIGTERM)
            process.wait()

    def test_output_so_far(self):
        for options in ({}, {"max_output": "1K"}, {"max_output": "1K", "text": True}):
            process = brood.Popen("echo a; exec sleep 60", shell=True, stdout=brood.PIPE, **options)
            with self.assertRaises(brood.TimeoutExpired) as caught:
                process.communicate(timeout=0.5)
            self.assertEqual(caught.exception.output, b"a\n")
            process.stop()
            self.assertEqual(process.communicate()[0], "a\n" if "text" in options else b"a\n")

    def test_a_wait_leaves_stdin_to_its_writer(self):
        lines = []
        process = brood.Popen(["cat"], stdin=brood.PIPE, on_line=lines.append)
        process.stdin.write(b"a\n")
        process.stdin.flush()
        with self.assertRaises(brood.TimeoutExpired):
            process.wait(timeout=0.2)
        process.stdin.write(b"b\n")
        process.stdin.close()
        self.assertEqual((process.wait(), lines), (0, [b"a", b"b"]))

    def test_a_wait_leaves_pipes_to_their_reader(self):
        process = brood.Popen(["echo", "abc"], stdout=brood.PIPE, timeout=60)
        self.assertEqual(process.wait(), 0)
        self.assertEqual(process.stdout.read(), b"abc\n")
        process.stdout.close()

    def test_a_callback_cannot_wait(self):
        raised = []

        def wait(line):
            try:
                process.wait()
            except RuntimeError as error:
                raised.append(error)
        process = brood.Popen(["echo", "x"], on_line=wait)
        process.wait()
        self.assertEqual(len(raised), 1)

    def test_several_threads(self):
        lines = []
        process = brood.Popen("seq 1000; sleep 0.3", shell=True, on_line=lines.append)
        found = []
        threads = [threading.Thread(target=lambda: found.append(process.wait(timeout=60))) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual((found, len(lines)), ([0] * 4, 1000))


class AskedAgain(Clean):
    def test_the_same_again(self):
        process = brood.Popen("echo a; echo b >&2; exit 3", shell=True, stdout=brood.PIPE, stderr=brood.PIPE)
        self.assertEqual(process.communicate(), (b"a\n", b"b\n"))
        result = process.finish()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, b"a\n", b"b\n"))
        self.assertIs(process.finish(), result)
        self.assertEqual(process.communicate(), (b"a\n", b"b\n"))
        self.assertEqual(process.wait(), 3)

    def test_a_timeout_again(self):
        process = brood.Popen("echo a; exec sleep 60", shell=True, stdout=brood.PIPE, timeout=0.3)
        for call in (process.communicate, process.finish, process.communicate):
            with self.assertRaises(brood.TimeoutExpired) as caught:
                call()
            self.assertEqual(caught.exception.output, b"a\n")
        self.assertEqual(process.wait(), -signal.SIGTERM)

    def test_nothing_that_was_read_is_lost(self):
        for options in ({}, {"max_output": "1M"}, {"bufsize": 0}):
            process = brood.Popen("echo a; echo b; echo c", shell=True, stdout=brood.PIPE, **options)
            self.assertEqual(process.stdout.readline(), b"a\n")
            self.assertEqual(process.finish().stdout, b"b\nc\n")
            process = brood.Popen("echo \u00e4; echo \u00f6; echo c", shell=True, stdout=brood.PIPE, encoding="utf-8",
                                  **dict(options, bufsize=-1))
            self.assertEqual(process.stdout.readline(), "\u00e4\n")
            self.assertEqual(process.finish().stdout, "\u00f6\nc\n")

    def test_input_of_communicate(self):
        for data in (b"abc", LARGE):
            process = brood.Popen(["cat"], stdin=brood.PIPE, stdout=brood.PIPE, max_output="1M")
            self.assertEqual(process.communicate(data), (data, None))
        process = brood.Popen(["cat"], stdin=brood.PIPE, stdout=brood.PIPE, max_output="1M")
        process.stdin.write(b"1")
        self.assertEqual(process.communicate(b"2")[0], b"12")
        with self.assertRaises(ValueError):
            process.communicate(b"3")


class Interrupts(Clean):
    def interrupted(self, text):
        """SIGINT for `text`; its standard output."""
        code = textwrap.dedent("""
            import os, signal, sys, threading, time, brood
            def interrupt():
                while not open(f"/proc/self/task/{os.getpid()}/children").read():
                    time.sleep(0.01)
                time.sleep(0.3)
                for _ in range(TIMES):
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.3)
            TIMES = 1
            start = time.monotonic()
            """) + textwrap.dedent(text) + textwrap.dedent("""
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                print("no child")
            print(time.monotonic() - start < 15)
        """)
        done = standard.run([PY, "-c", code], capture_output=True, text=True, timeout=60, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_run_stops_its_command(self):
        for keywords in ("", ", capture_output=True", ", contain='sealed'", ", timeout=50", ", on_line=print"):
            self.assertEqual(self.interrupted(f"""
                threading.Thread(target=interrupt).start()
                try:
                    brood.run(["sleep", "60"]{keywords})
                except KeyboardInterrupt:
                    print("interrupted")
            """), ["interrupted", "no child", "True"], keywords)

    def test_the_second_goes_straight_to_kill(self):
        for keywords in ("", ", capture_output=True"):
            self.assertEqual(self.interrupted(f"""
                TIMES = 2
                threading.Thread(target=interrupt).start()
                try:
                    brood.run([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"],
                              stop="TERM,50s,KILL"{keywords})
                except KeyboardInterrupt:
                    print("interrupted")
                time.sleep(0.5)
            """), ["interrupted", "no child", "True"], keywords)

    def test_a_wait_leaves_its_command_alone(self):
        for keywords in ("", ", on_line=print", ", timeout=50"):
            self.assertEqual(self.interrupted(f"""
                threading.Thread(target=interrupt).start()
                process = brood.Popen(["sleep", "60"]{keywords})
                try:
                    process.wait()
                except KeyboardInterrupt:
                    print("interrupted", process.poll())
                print(process.stop(), process.wait())
            """), ["interrupted None", "-15 -15", "no child", "True"], keywords)


class AtExit(unittest.TestCase):
    def test_a_daemon_threads_command_is_stopped(self):
        for call in ("brood.run([*SLEEP])", "brood.run([*SLEEP], capture_output=True)",
                     "brood.run([*SLEEP], on_line=print)", "brood.run(brood.command(*SLEEP) | ['cat'])",
                     "brood.run([*SLEEP], retry=3)", "brood.Popen([*SLEEP]).finish()"):
            with self.subTest(call), tempfile.NamedTemporaryFile("r") as file:
                code = textwrap.dedent(f"""
                    import threading, time, brood
                    SLEEP = ["sh", "-c", "echo $$ > {file.name}; exec sleep 60"]
                    threading.Thread(target=lambda: {call}, daemon=True).start()
                    while not open("{file.name}").read().endswith("\\n"):
                        time.sleep(0.01)
                    time.sleep(0.2 if "finish" in {call!r} else 0)  # it counts from there on
                """)
                done = standard.run([PY, "-c", code], capture_output=True, text=True, timeout=60, cwd="/")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                with self.assertRaises(ProcessLookupError):
                    os.kill(int(file.read()), 0)


if __name__ == "__main__":
    unittest.main()
