# Errors of the engine as Python's exceptions, mistakes by their keywords, and values in all their forms.
# SPDX-License-Identifier: Apache-2.0
import datetime
import decimal
import errno
import inspect
import os
import subprocess as standard
import sys
import textwrap
import time
import unittest

import brood

PY = sys.executable


def below(obstacles, text):
    """Runs Python code where some system calls are refused; its output, None where that cannot be had here."""
    launcher = os.environ.get("BROOD_OBSTACLE")
    if not launcher:
        return None
    done = standard.run([launcher, *obstacles, "--", PY, "-c", textwrap.dedent(text)], capture_output=True, text=True,
                        timeout=60, cwd="/")
    if done.returncode == 77:
        return None
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


class Errors(unittest.TestCase):
    def test_a_refused_signal(self):
        out = below(["--refuse", "pidfd_send_signal=EPERM", "--refuse", "kill=EPERM"], """
            import brood
            process = brood.Popen(["cat"], stdin=brood.PIPE, contain="process")
            for call in (process.kill, process.terminate, lambda: process.send_signal(1)):
                try:
                    call()
                except PermissionError as error:
                    print(error.errno, error.stage)
            process.stdin.close()
            process.wait()
        """)
        if out is None:
            self.skipTest("no obstacles can be put up here")
        self.assertEqual(out, "1 signal\n" * 3)

    def test_a_start(self):
        for command, keywords, kind, stage, filename in (
                (["/no/such"], {}, FileNotFoundError, "exec", "/no/such"),
                (["true"], {"cwd": "/no/such"}, FileNotFoundError, "chdir", "/no/such"),
                (["/etc/passwd"], {}, PermissionError, "exec", "/etc/passwd"),
                (["true"], {"process_group": 2 ** 22 + 1}, OSError, "setpgid", None)):
            for run in (brood.run, brood.Popen, lambda *a, **k: brood.run(*a, retry=1, **k),
                        lambda words, **k: brood.run(brood.command(*words) | ["cat"], **k)):
                with self.assertRaises(kind) as caught:
                    run(command, **keywords)
                self.assertEqual((caught.exception.stage, caught.exception.filename), (stage, filename))
                self.assertTrue(caught.exception.errno)

    def test_a_closed_descriptor(self):
        for keywords in ({"stdout": 987}, {"pass_fds": [987]}, {"map_fds": [(987, 5)]}):
            with self.assertRaises(OSError) as caught:
                brood.run(["true"], **keywords)
            self.assertEqual(caught.exception.errno, errno.EBADF)
            self.assertIn(next(iter(keywords)), str(caught.exception))

    def test_an_account_that_is_not_there(self):
        for keywords in ({"user": "no-such"}, {"group": "no-such"}, {"extra_groups": ["no-such"]}):
            for run in (brood.run, lambda *a, **k: brood.run(brood.command("true") | ["true"], **k)):
                with self.assertRaises(KeyError):
                    run(["true"], **keywords)

    def test_a_result_of_an_error(self):
        with self.assertRaises(OSError) as caught:
            brood.run("seq 100000", shell=True, stdout=brood.PIPE, max_output=(10, "spill:/dev/full"))
        self.assertEqual((caught.exception.errno, caught.exception.stage), (errno.ENOSPC, "write"))
        self.assertEqual(caught.exception.result.reason, "exited")

    def test_contradictions_name_the_keywords(self):
        for keywords, text in (({"start_new_session": True, "process_group": 0},
                                "process_group: contradicts start_new_session"),
                               ({"stdout": brood.STDOUT, "contain": "tree"}, "STDOUT can only be used for stderr"),
                               ({"stdin": brood.STDOUT}, "stdin: STDOUT is for stderr alone"),
                               ({"idle_timeout": 1}, "idle_timeout: no output passes through us: needs PIPE"),
                               ({"map_fds": [(0, 1)]}, "map_fds: 0, 1 and 2 are set by stdin, stdout and stderr")):
            with self.assertRaises(ValueError) as caught:
                brood.run(["true"], **keywords)
            self.assertEqual(str(caught.exception), text)

    def test_keywords_that_have_no_place(self):
        for run in (brood.run, brood.Popen, brood.Pool(1).submit, brood.async_run):
            with self.assertRaisesRegex(TypeError, "takes no preexec_fn: .*start_new_session.*brood.subprocess"):
                run(["true"], preexec_fn=print)
            with self.assertRaisesRegex(TypeError, "no_such"):
                run(["true"], no_such=1)

    def test_bytes_and_text(self):
        with brood.WorkerPool(["cat"], text=True) as pool:
            with self.assertRaisesRegex(TypeError, "messages are str"):
                pool.call(b"x")
        with self.assertRaisesRegex(TypeError, "input: must be str"):
            brood.run(["cat"], input=b"x", text=True)
        with self.assertRaisesRegex(TypeError, "input: must be bytes"):
            brood.run(["cat"], input="x")

    def test_a_pools_limit(self):
        with self.assertRaisesRegex(brood.TimeoutExpired, "after 0.2 seconds"):
            with brood.Pool(1, timeout=0.2) as pool:
                jobs = [pool.submit(["sleep", "60"]) for _ in range(2)]
                pool.wait()
                with self.assertRaisesRegex(brood.TimeoutExpired, "after 0.2 seconds"):
                    jobs[1].result()
                jobs[0].result()

    def test_a_job_that_never_ran_has_no_returncode(self):
        with brood.Pool(1, fail_fast=True) as pool:
            bad, never = pool.map([["false"], ["true"]])
        self.assertEqual((bad.returncode, never.returncode, never.reason, never.accepted), (1, None, "cancelled", False))


class Values(unittest.TestCase):
    def test_spans_of_time(self):
        for span in (0.1, "100ms", "0.1", "0.1s", datetime.timedelta(milliseconds=100), decimal.Decimal("0.1")):
            with self.assertRaises(brood.TimeoutExpired) as caught:
                brood.run(["sleep", "60"], timeout=span)
            self.assertEqual(caught.exception.timeout, 0.1)
            with self.assertRaises(brood.TimeoutExpired):
                brood.run(["sleep", "60"], idle_timeout=span, stdout=brood.PIPE)
            with self.assertRaises(brood.TimeoutExpired):
                with brood.Pool(1, timeout=span) as pool:
                    pool.submit(["sleep", "60"], drain_grace=span, stop=[("TERM", span), 9]).result()
            brood.run(["false"], retry=brood.Retry(2, delay=span, max_delay=span, total=span))
            process = brood.Popen(["sleep", "60"])
            for wait in (process.wait, process.communicate):
                with self.assertRaises(brood.TimeoutExpired):
                    wait(timeout=span)
            process.stop([("TERM", span), "KILL"])
            with brood.WorkerPool(["cat"], idle_timeout=span, timeout="1m", close_grace=span, max_age="1h") as workers:
                self.assertTrue(workers.warm_up(span))
                self.assertEqual(workers.call(b"x", timeout="1m"), b"x")

    def test_limits_of_time(self):
        brood.run(["true"], limits={"cpu_time": datetime.timedelta(seconds=5)})
        for span in ("x", "5 parsecs", "", "-1s", float("nan"), -1, datetime.timedelta(-1)):
            for keyword in ("timeout", "idle_timeout", "drain_grace"):
                with self.assertRaisesRegex(ValueError, f"^{keyword}: "):
                    brood.run(["true"], stdout=brood.PIPE, **{keyword: span})
        for keyword in ("timeout", "idle_timeout", "drain_grace"):
            with self.assertRaisesRegex(TypeError, f"^{keyword} must be a number of seconds.*timedelta, not bytes"):
                brood.run(["true"], stdout=brood.PIPE, **{keyword: b"1"})

    def test_shares_of_the_cpus(self):
        for share in ("50%", "0.5%", "300%"):
            with brood.Pool(share) as pool:
                self.assertGreaterEqual(pool.max_workers, 1)
        for share in ("1m%", "%", "", "50", "0%", "-5%", "5%%", "1e2%", "nan%", " 5%"):
            with self.assertRaisesRegex(ValueError, "max_workers"):
                brood.Pool(share)

    def test_lists_are_not_text(self):
        with self.assertRaises(KeyError):
            brood.run(["true"], extra_groups=["root,daemon"])
        self.assertTrue(brood.run("exit 3", shell=True, ok_codes=range(5)).accepted)

    def test_the_signature(self):
        for function in (brood.run, brood.async_run, brood.Popen, brood.Pool.submit):
            names = inspect.signature(function).parameters
            for name in ("args", "stdin", "input", "timeout", "on_line", "contain", "limits", "max_output"):
                self.assertIn(name, names, function)
            self.assertNotIn("keywords", names)

    def test_names_of_the_stub(self):
        stub = os.path.join(os.path.dirname(brood.__file__), "__init__.pyi")
        with open(stub, encoding="utf-8") as file:
            text = file.read()
        for function in (brood.Popen, brood.run, brood.Pool.submit):
            for name in inspect.signature(function).parameters:
                self.assertRegex(text, rf"\b{name}\b")


class Lines(unittest.TestCase):
    def progress(self, run, **keywords):
        """What on_line gets of a progress in one line, and that it came while the command ran."""
        lines, moments = [], []

        def on_line(line):
            lines.append(line)
            moments.append(time.monotonic())
        run(r"printf '10%%\r'; sleep 0.2; printf '20%%\r\nx'; sleep 0.2; printf 'y\r\nend'", shell=True, on_line=on_line,
            **keywords)
        self.assertGreater(moments[-1] - moments[0], 0.3 if keywords else 0.1)
        return lines

    def test_progress_comes_at_once(self):
        with brood.Pool(1) as pool:
            for run in (brood.run, lambda *a, **k: pool.submit(*a, **k).result(),
                        lambda *a, **k: brood.Popen(*a, **k).wait(), lambda *a, **k: brood.run(*a, retry=1, **k),
                        lambda line, shell, **k: brood.run(brood.shell(line) | ["cat"], **k)):
                for encoding in ("utf-8", "ascii", "latin-1"):
                    self.assertEqual(self.progress(run, encoding=encoding), ["10%", "20%", "xy", "end"])
                self.assertEqual(self.progress(run), [b"10%\r20%\r", b"xy\r", b"end"])

    def test_the_same_lines_in_other_encodings(self):
        lines = []
        brood.run(r"printf 'a\rb\r\nc\n'", shell=True, encoding="cp1252", on_line=lines.append)
        self.assertEqual(lines, ["a", "b", "c"])

    def test_text_that_is_cut(self):
        for encoding in ("utf-8", "euc-jp"):
            data = "\u3042" * 5
            most = 7 if encoding == "utf-8" else 5
            # Where a tail begins in another encoding than the engine knows nobody can tell.
            for policy in ("head", "tail", "head-tail") if encoding == "utf-8" else ("head",):
                result = brood.run([PY, "-c", f"import sys; sys.stdout.buffer.write({data.encode(encoding)!r})"],
                                   encoding=encoding, stdout=brood.PIPE, max_output=(most, policy))
                self.assertLess(len(result.stdout), 5)
                self.assertGreater(result.stdout_omitted, 0)
                self.assertIn("\u3042", result.stdout)

    def test_bad_text(self):
        for keywords in ({}, {"max_output": "1M"}, {"on_line": lambda line: None}):
            with self.assertRaises(UnicodeDecodeError):
                brood.run(["printf", r"a\377b"], encoding="utf-8", stdout=brood.PIPE, **keywords)
            result = brood.run(["printf", r"a\377b"], encoding="utf-8", errors="replace", stdout=brood.PIPE, **keywords)
            self.assertEqual(result.stdout, "a\ufffdb")


if __name__ == "__main__":
    unittest.main()
