# brood.run and brood.Popen: containment, limits, stop ladders and results.
# SPDX-License-Identifier: Apache-2.0
import os
import pickle
import signal
import sys
import threading
import time
import unittest

import brood

PY = sys.executable


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def in_session(number):
    """The living processes of a session."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(name)) == number and alive(name):
                found.append(int(name))
        except OSError:
            pass
    return found


class Results(unittest.TestCase):
    def test_result(self):
        r = brood.run("echo a; echo b >&2; exit 3", shell=True, capture_output=True, text=True)
        self.assertEqual((r.returncode, r.stdout, r.stderr, r.reason), (3, "a\n", "b\n", "exited"))
        self.assertTrue(r.complete)
        self.assertFalse(r.accepted)
        self.assertEqual(r.containment, "tree")
        self.assertGreater(r.usage["wall"], 0)
        self.assertGreater(r.usage["max_rss_bytes"], 0)
        self.assertIsInstance(r, brood.subprocess.CompletedProcess)

    def test_not_captured_is_none(self):
        r = brood.run(["true"])
        self.assertEqual((r.stdout, r.stderr), (None, None))

    def test_check(self):
        with self.assertRaises(brood.subprocess.CalledProcessError) as caught:
            brood.run("kill -9 $$", shell=True, check=True)
        self.assertEqual(caught.exception.result.reason, "signaled")
        self.assertIn("SIGKILL", str(caught.exception))
        self.assertEqual(pickle.loads(pickle.dumps(caught.exception)).returncode, -9)

    def test_ok_codes(self):
        self.assertTrue(brood.run("exit 3", shell=True, ok_codes=[0, 3], check=True).accepted)

    def test_input(self):
        self.assertEqual(brood.run(["cat"], input=b"x" * 300_000, capture_output=True).stdout, b"x" * 300_000)
        self.assertEqual(brood.run(["cat"], input="\xe9", encoding="latin-1", stdout=brood.PIPE).stdout, "\xe9")

    def test_start_errors(self):
        with self.assertRaises(FileNotFoundError) as caught:
            brood.run(["/no/such/program"])
        self.assertEqual(caught.exception.filename, "/no/such/program")
        with self.assertRaises(FileNotFoundError) as caught:
            brood.run(["true"], cwd="/no/such")
        self.assertEqual(caught.exception.filename, "/no/such")

    def test_mistakes(self):
        for options in ({"nice": 100}, {"contain": "x"}, {"stop": "x"}, {"limits": {"x": 1}}, {"timeout": 0},
                        {"max_output": "x"}, {"ok_codes": [300]}):
            with self.assertRaises(ValueError, msg=str(options)):
                brood.run(["true"], **options)
        with self.assertRaises(TypeError):
            brood.run(["true"], no_such=1)
        with self.assertRaises(OverflowError):
            brood.run(["true"], stdin=2 ** 40)


    def test_mistakes_name_the_keyword(self):
        for keyword, value in (("nice", 100), ("contain", "x"), ("stop", "x"), ("drain_grace", "x"), ("ok_codes", [300]),
                               ("max_output", ("1K", "x")), ("process_group", -5), ("timeout", float("nan")),
                               ("limits", {"open_files": "x"}), ("idle_timeout", -1), ("idle_timeout", 1),
                               ("max_output", "x"), ("max_output", 0), ("max_output", (1,)), ("ok_codes", "x"),
                               ("map_fds", [(0, 1)]), ("map_fds", [(0, -3)]), ("stdin", brood.STDOUT), ("retry", "5,x"),
                               ("retry", {"delay": -1}), ("retry", {"on_reasons": ["x"]}), ("best_effort", "x"),
                               ("user", ""), ("limits", {"cpu_time": "x"}), ("limits", {"cpu_time": -1})):
            with self.assertRaisesRegex(ValueError, f"^{keyword}") as caught:
                brood.run(["true"], **{keyword: value})
            # Neither the tool's flags nor the library's names.
            self.assertNotRegex(str(caught.exception), r"--|\btee\b|\bin,|\berr\b|\bout\b")
        for keyword, value in (("contain", 3), ("on_line", 3), ("umask", "x"), ("timeout", b"1"), ("drain_grace", [])):
            with self.assertRaisesRegex(TypeError, keyword):
                brood.run(["true"], **{keyword: value})
        with self.assertRaisesRegex(ValueError, "start_new_session"):
            brood.run(["true"], start_new_session=True, process_group=0)

    def test_found_before_the_start(self):
        for options in ({"user": "no-such-user"}, {"group": "no-such-group"}, {"encoding": "no-such"},
                        {"errors": "no-such"}):
            with self.assertRaises(LookupError, msg=str(options)):
                brood.run(["/no/such"], stdout=brood.PIPE, **options)
        with self.assertRaises(FileNotFoundError):
            brood.run(["true"], cwd="")
        with self.assertRaises(ValueError):
            brood.run(["true"], user=-1)

    def test_durations_of_any_size(self):
        for timeout in (1e300, float("inf"), 10 ** 12):
            self.assertEqual(brood.run(["true"], timeout=timeout, idle_timeout=timeout).returncode, 0)
        for timeout in (1e-5, 1e-9):
            with self.assertRaises(brood.TimeoutExpired):
                brood.run(["sleep", "60"], timeout=timeout, stop=[(signal.SIGTERM, 1e-5), signal.SIGKILL])


class Stopping(unittest.TestCase):
    def test_timeout_leaves_nothing(self):
        for contain in ("group", "tree", "sealed"):
            read_end, write_end = os.pipe()
            start = time.monotonic()
            # The shell says its session, in which the grandchildren can be found.
            with self.assertRaises(brood.TimeoutExpired) as caught:
                brood.run("echo $$; sleep 60 & sleep 60 | sleep 60", shell=True, timeout=1, contain=contain,
                          start_new_session=True, stdout=brood.PIPE, stop="TERM,1s,KILL", pass_fds=[write_end])
            self.assertLess(time.monotonic() - start, 3)
            os.close(write_end)
            self.assertEqual(os.read(read_end, 1), b"")  # end-of-file: whoever had it is gone
            os.close(read_end)
            self.assertEqual(in_session(int(caught.exception.output)), [])
            self.assertEqual(caught.exception.result.reason, "timed_out")
            self.assertEqual(caught.exception.result.containment, contain)
            self.assertEqual(caught.exception.timeout, 1)

    def test_idle_timeout(self):
        with self.assertRaises(brood.TimeoutExpired) as caught:
            brood.run("echo a; sleep 60", shell=True, capture_output=True, idle_timeout=0.3)
        self.assertEqual(caught.exception.result.reason, "idle_timed_out")
        self.assertEqual((caught.exception.timeout, caught.exception.output), (0.3, b"a\n"))

    def test_grandchild_holds_the_pipe(self):
        start = time.monotonic()
        r = brood.run("sleep 60 & echo $!", shell=True, capture_output=True)
        self.assertLess(time.monotonic() - start, 10)
        self.assertFalse(r.complete)
        os.kill(int(r.stdout), signal.SIGKILL)

    def test_max_output(self):
        r = brood.run(["yes"], stdout=brood.PIPE, max_output="10K")
        self.assertEqual((r.reason, len(r.stdout), r.accepted), ("output_limit", 10240, False))
        r = brood.run("seq 10000", shell=True, stdout=brood.PIPE, max_output=(6, "tail"))
        self.assertEqual((r.stdout, r.stdout_omitted), (b"10000\n", 48888))

    def test_limits(self):
        r = brood.run("ulimit -n; ulimit -c", shell=True, stdout=brood.PIPE, limits={"open_files": 77, "core": 0})
        self.assertEqual(r.stdout, b"77\n0\n")
        r = brood.run([PY, "-c", "while True: pass"], limits={"cpu_time": 1})
        self.assertEqual(r.reason, "cpu_limit")

    def test_nice(self):
        r = brood.run(["nice"], nice=5, stdout=brood.PIPE)
        self.assertEqual(int(r.stdout), min(os.nice(0) + 5, 19))

    def test_on_line(self):
        lines = []
        brood.run("echo a; echo b >&2", shell=True, text=True, on_line=lambda stream, line: lines.append((stream, line)))
        self.assertEqual(sorted(lines), [("stderr", "b"), ("stdout", "a")])
        lines = []
        brood.run("seq 20000", shell=True, on_line=lines.append)
        self.assertEqual(lines, [b"%d" % n for n in range(1, 20001)])

    def test_on_line_raises(self):
        def fail(line):
            raise LookupError(line)
        with self.assertRaises(LookupError):
            brood.run(["yes"], on_line=fail)

    def test_signal_handler_raises(self):
        def fail(*_):
            raise LookupError
        handler = signal.signal(signal.SIGALRM, fail)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            with self.assertRaises(LookupError):
                brood.run(["sleep", "60"], capture_output=True)
        finally:
            signal.signal(signal.SIGALRM, handler)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


class Running(unittest.TestCase):
    def test_dialogue(self):
        for contain in ("process", "tree", "sealed"):
            with brood.Popen(["cat"], stdin=brood.PIPE, stdout=brood.PIPE, text=True, contain=contain) as process:
                process.stdin.write("a\n")
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), "a\n")
                self.assertEqual(process.containment, contain)
                self.assertIsNone(process.poll())
                self.assertGreater(process.usage()["rss_bytes"], 0)
                process.stdin.close()
                self.assertEqual(process.wait(timeout=60), 0)

    def test_communicate(self):
        with brood.Popen(["cat"], stdin=brood.PIPE, stdout=brood.PIPE) as process:
            self.assertEqual(process.communicate(b"x" * 200_000, timeout=60), (b"x" * 200_000, None))

    def test_wait_times_out(self):
        process = brood.Popen(["sleep", "60"])
        with self.assertRaises(brood.subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
        self.assertEqual(process.stop(), -signal.SIGTERM)
        self.assertEqual(process.returncode, process.poll())

    def test_stop_ladder(self):
        process = brood.Popen("trap '' TERM; echo ready; while :; do sleep 1; done", shell=True, stdout=brood.PIPE)
        process.stdout.readline()
        self.assertEqual(process.stop([(signal.SIGTERM, 0.2), signal.SIGKILL]), -signal.SIGKILL)
        process.stdout.close()

    def test_suspend_resume(self):
        process = brood.Popen(["sleep", "60"])
        process.suspend()
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        process.resume()
        os.waitid(os.P_PID, process.pid, os.WCONTINUED | os.WNOWAIT)
        process.kill()
        self.assertEqual(process.wait(), -signal.SIGKILL)

    def test_exception_in_with_stops(self):
        with self.assertRaises(LookupError):
            with brood.Popen(["sleep", "60"]) as process:
                raise LookupError
        self.assertEqual(process.returncode, -signal.SIGTERM)

    def test_finish(self):
        process = brood.Popen(["cat"], stdin=brood.PIPE, stdout=brood.PIPE, timeout=60)
        process.stdin.write(b"abc")
        process.stdin.close()
        result = process.finish()
        self.assertEqual((result.stdout, process.returncode), (b"abc", 0))
        self.assertTrue(process.stdout.closed)  # its number may be somebody else's by now

    def test_finish_when_input_is_not_read(self):
        process = brood.Popen(["true"], stdin=brood.PIPE, stdout=brood.PIPE)
        process.wait()
        process.stdin.write(b"x")
        self.assertEqual(process.finish().returncode, 0)

    def test_threads_at_one_command(self):
        process = brood.Popen("echo a; sleep 0.5; echo b", shell=True, stdout=brood.PIPE)
        seen = []
        others = [threading.Thread(target=lambda: seen.append(process.wait(timeout=60))) for _ in range(4)]
        others.append(threading.Thread(target=lambda: seen.append([process.poll() for _ in range(20000)][0] or 0)))
        for each in others:
            each.start()
        for each in others:
            each.join()
        self.assertEqual(seen, [0] * 5)

    def test_stop_while_finish_waits(self):
        process = brood.Popen(["sleep", "60"], stdout=brood.PIPE)
        stopper = threading.Timer(0.2, process.stop)
        stopper.start()
        self.assertEqual(process.finish().reason, "cancelled")
        stopper.join()
        self.assertEqual(process.returncode, -signal.SIGTERM)

    def test_fork_in_a_callback(self):
        pids = []
        r = brood.run(["echo", "x"], on_line=lambda line: pids.append(os.fork()) or (pids[0] or os._exit(0)))
        self.assertEqual((r.returncode, os.waitpid(pids[0], 0)[1]), (0, 0))
        main, pids = os.getpid(), []
        try:
            brood.run(["echo", "x"], on_line=lambda line: pids.append(os.fork()))
        except RuntimeError:  # in the child: there is no helper to wait for
            os._exit(7 if os.getpid() != main else 1)
        finally:
            if os.getpid() != main:
                os._exit(2)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]), 7)


if __name__ == "__main__":
    unittest.main()
