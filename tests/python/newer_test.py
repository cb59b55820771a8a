# What Python 3.12 to 3.15 made right, and what the standard module does not promise: hangs, signals,
# threads, forks, descriptors.
# SPDX-License-Identifier: Apache-2.0
import array
import decimal
import os
import pathlib
import signal
import subprocess as standard
import sys
import tempfile
import textwrap
import threading
import time
import unittest
import unittest.mock
import warnings

import brood.subprocess as subprocess

PY = sys.executable
CAT = [PY, "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"]
# Reads its input once a byte comes through the FIFO named by its argument.
LATE_CAT = [PY, "-c", "import sys; open(sys.argv[1]).read(); sys.stdout.buffer.write(sys.stdin.buffer.read())"]


def script(text, *arguments):
    """Runs Python code in a fresh interpreter; (returncode, stdout, stderr)."""
    done = standard.run([PY, "-c", textwrap.dedent(text), *arguments], capture_output=True, text=True, timeout=60,
                        cwd="/")  # where no package lies about
    return done.returncode, done.stdout, done.stderr


class Clean(unittest.TestCase):
    """Every test leaves neither descriptors nor children."""

    def setUp(self):
        self.before = set(os.listdir("/proc/self/fd"))

    def tearDown(self):
        self.assertEqual(set(os.listdir("/proc/self/fd")), self.before)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


class Newer(Clean):
    def fifo(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "go")
        os.mkfifo(path)
        return path

    def test_communicate_timeout_large_input(self):
        path = self.fifo()
        data = os.urandom(4 << 20)
        with subprocess.Popen([*LATE_CAT, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            with self.assertRaises(subprocess.TimeoutExpired):
                process.communicate(data, timeout=0.2)
            pathlib.Path(path).write_text("go")
            out, _ = process.communicate(timeout=60)
        self.assertEqual(out, data)

    def test_post_timeout_communicate_sends_input(self):
        path = self.fifo()
        with subprocess.Popen([*LATE_CAT, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            with self.assertRaises(subprocess.TimeoutExpired):
                process.communicate("x" * 300_000, timeout=0.2)
            pathlib.Path(path).write_text("go")
            out, _ = process.communicate(timeout=60)
        self.assertEqual(len(out), 300_000)

    def test_input_is_not_given_twice(self):
        path = self.fifo()
        with subprocess.Popen([*LATE_CAT, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            with self.assertRaises(subprocess.TimeoutExpired):
                process.communicate(b"a", timeout=0.05)
            with self.assertRaises(ValueError):
                process.communicate(b"b", timeout=0.05)
            pathlib.Path(path).write_text("go")
            self.assertEqual(process.communicate()[0], b"a")

    def test_communicate_memoryview_input_nonbyte(self):
        data = array.array("I", range(100_000))
        for timeout in (None, 60):
            with subprocess.Popen(CAT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                out, _ = process.communicate(memoryview(data), timeout=timeout)
            self.assertEqual(out, data.tobytes())
        self.assertEqual(subprocess.run(CAT, input=memoryview(data), capture_output=True).stdout, data.tobytes())

    def test_communicate_stdin_closed_before_call(self):
        for timeout in (None, 60):
            with subprocess.Popen(CAT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                process.stdin.close()
                self.assertEqual(process.communicate(timeout=timeout), (b"", None))

    def test_timeout_exception(self):
        for options in ({}, {"capture_output": True}, {"stdout": subprocess.PIPE, "bufsize": 0}):
            with self.assertRaises(subprocess.TimeoutExpired) as caught:
                subprocess.run(["sleep", "60"], timeout=-1, **options)
            self.assertEqual(caught.exception.timeout, -1)
            self.assertIn("-1 seconds", str(caught.exception))

    def test_stdout_stdout(self):
        for options in ({"stdout": subprocess.STDOUT}, {"stdout": subprocess.STDOUT, "stderr": subprocess.STDOUT}):
            with self.assertRaisesRegex(ValueError, "STDOUT can only be used for stderr"):
                subprocess.run(["true"], **options)

    def test_preexec_at_exit(self):
        code, out, err = script("""
            import brood.subprocess as subprocess
            class Last:
                def __del__(self):
                    print("ok")
                    subprocess.Popen(["true"], preexec_fn=lambda: None)
                    print("never")
            last = Last()
        """)
        self.assertEqual((code, out), (0, "ok\n"))
        self.assertIn("preexec_fn not supported at interpreter shutdown", err)

    def test_extra_groups_invalid_gid_t_values(self):
        for groups in ([-1], [2 ** 64], [0, 2 ** 64]):
            with self.assertRaises(ValueError):
                subprocess.run(["true"], extra_groups=groups)

    @unittest.skipIf(os.geteuid(), "needs root")
    def test_extra_groups_empty_list(self):
        out = subprocess.check_output([PY, "-c", "import os; print(os.getgroups())"], extra_groups=[])
        self.assertEqual(out, b"[]\n")

    def test_group_failure_names_no_file(self):
        with self.assertRaises(OSError) as caught:
            subprocess.run(["true"], process_group=2 ** 22 + 1)
        self.assertIsNone(caught.exception.filename)

    def test_wait_hears_the_exit(self):
        read_end, write_end = os.pipe()
        process = subprocess.Popen([PY, "-c", "import os, time; time.sleep(0.3); os.write(%d, b'x')" % write_end],
                                   pass_fds=[write_end])
        os.close(write_end)
        process.wait(timeout=60)
        os.close(read_end)
        self.assertEqual(process.returncode, 0)
        naps = []
        with unittest.mock.patch("time.sleep", naps.append):
            self.assertEqual(subprocess.Popen(["sleep", "0.1"]).wait(timeout=60), 0)
        self.assertEqual(naps, [])

    def test_wait_takes_any_real_number(self):
        process = subprocess.Popen(["true"])
        self.assertEqual(process.wait(timeout=decimal.Decimal("60")), 0)
        for huge in (float("inf"), 1e300, 10 ** 12):
            self.assertEqual(subprocess.Popen(["true"]).wait(timeout=huge), 0)
            self.assertEqual(subprocess.run(["true"], timeout=huge).returncode, 0)

    def test_error_closing_stdin_is_no_error(self):
        with subprocess.Popen(["true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.wait()
            process.stdin.write(b"unread")
            self.assertEqual(process.communicate(timeout=60), (b"", None))


class Promises(Clean):
    def test_no_descriptor_while_it_runs(self):
        process = subprocess.Popen(["sleep", "60"])
        self.assertEqual(set(os.listdir("/proc/self/fd")), self.before)
        process.kill()
        process.wait()

    def test_audit_event(self):
        code, out, _ = script("""
            import sys, brood.subprocess as subprocess
            sys.addaudithook(lambda e, a: print(*a) if e == "subprocess.Popen" else None)
            subprocess.run(["true"]); subprocess.Popen(["true"], cwd="/").wait()
            subprocess.run("true", shell=True, preexec_fn=lambda: None, env={})
        """)
        self.assertEqual(out.splitlines(), ["true ['true'] None None", "true ['true'] / None",
                                            "/bin/sh ['/bin/sh', '-c', 'true'] None {}"])

    def test_audit_event_before_mistakes(self):
        _, out, _ = script("""
            import sys, brood.subprocess as subprocess
            sys.addaudithook(lambda e, a: print(*a) if e == "subprocess.Popen" else None)
            for mistake in [{"args": ["a", None]}, {"args": "b", "env": {1: "x"}}, {"args": "c", "cwd": 3}]:
                try:
                    subprocess.run(mistake.pop("args"), **mistake)
                except TypeError:
                    print("TypeError")
        """)
        self.assertEqual(out.splitlines()[::2], ["a ['a', None] None None", "b ['b'] None {1: 'x'}", "c ['c'] 3 None"])
        self.assertEqual(out.splitlines()[1::2], ["TypeError"] * 3)

    def test_mistakes_do_not_show_the_environment(self):
        for mistake in ({"process_group": "x"}, {"umask": "x"}, {"process_group": 1.5}):
            with self.assertRaises(TypeError) as caught:
                subprocess.run(["true"], env={"TOKEN": "secret"}, **mistake)
            self.assertNotIn("secret", str(caught.exception))
            self.assertIn("cannot be interpreted as an integer", str(caught.exception))

    def test_patched_popen_is_used(self):
        with unittest.mock.patch.object(subprocess, "Popen", side_effect=RuntimeError):
            with self.assertRaises(RuntimeError):
                subprocess.run(["true"])
        calls = []
        original = subprocess.Popen._execute_child
        with unittest.mock.patch.object(subprocess.Popen, "_execute_child",
                                        lambda self, *a: (calls.append(a), original(self, *a))):
            subprocess.run(["true"], capture_output=True)
        self.assertEqual(len(calls), 1)
        with unittest.mock.patch.object(subprocess, "_USE_VFORK", False):
            self.assertEqual(subprocess.run(["echo", "x"], stdout=subprocess.PIPE).stdout, b"x\n")

    def test_unfinished_object(self):
        process = subprocess.Popen.__new__(subprocess.Popen)
        process.pid, process.returncode, process.args = 1, None, []
        process.stdin = process.stdout = process.stderr = None
        process.poll = lambda: 0
        del process

    def test_dropped_object_warns_and_is_reaped(self):
        process = subprocess.Popen(["sleep", "60"])
        pid = process.pid
        with self.assertWarns(ResourceWarning):
            del process
        self.assertEqual([p.pid for p in subprocess._active], [pid])
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        subprocess._cleanup()
        self.assertEqual(subprocess._active, [])

    def interrupt(self, text):
        """SIGINT while `text` waits; the seconds until KeyboardInterrupt, from the script."""
        return script(f"""
            import os, signal, threading, time, brood.subprocess as subprocess
            def interrupt():
                while not open(f"/proc/self/task/{{os.getpid()}}/children").read():
                    time.sleep(0.01)
                time.sleep(0.2)
                global sent
                sent = time.monotonic()
                os.kill(os.getpid(), signal.SIGINT)
            threading.Thread(target=interrupt).start()
            try:
                {text}
            except KeyboardInterrupt:
                print(time.monotonic() - sent < 2)
            if "p" in globals():
                print(p.wait())  # not killed: it was not ours to end
            else:
                time.sleep(0.1)
                subprocess._cleanup()
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                print("no child")
        """)

    def test_interrupt(self):
        for text in ("subprocess.run(['sleep', '60'])", "subprocess.run(['sleep', '60'], capture_output=True)",
                     "subprocess.run(['sleep', '60'], timeout=50)", "subprocess.call(['sleep', '60'])",
                     "subprocess.check_output(['sleep', '60'])"):
            code, out, err = self.interrupt(text)
            self.assertEqual((code, out.splitlines()), (0, ["True", "no child"]), err)
        for text in ("p.wait()", "p.wait(timeout=50)", "p.communicate()", "p.communicate(timeout=50)"):
            code, out, err = self.interrupt(
                f"p = subprocess.Popen(['sleep', '1.5'], stdout=-1, stderr=-1); {text}")
            self.assertEqual((code, out), (0, "True\n0\nno child\n"), err)

    def test_handler_that_returns_interrupts_nothing(self):
        handler = signal.signal(signal.SIGALRM, lambda *a: None)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        try:
            self.assertEqual(subprocess.run("sleep 0.3; echo x", shell=True, capture_output=True).stdout, b"x\n")
            self.assertEqual(subprocess.run(["sleep", "0.3"], timeout=60).returncode, 0)
            self.assertEqual(subprocess.Popen(["sleep", "0.3"]).wait(timeout=60), 0)
            self.assertEqual(subprocess.run(["sleep", "0.3"]).returncode, 0)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)

    def test_many_threads(self):
        failures = []

        def work():
            try:
                for i in range(10):
                    out = subprocess.run(["echo", str(i)], capture_output=True, timeout=60).stdout
                    if out != b"%d\n" % i or subprocess.call(["true"]) != 0:
                        failures.append(out)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(50)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(failures, [])

    def test_in_a_forked_child(self):
        process = subprocess.Popen(["sleep", "60"])
        pid = os.fork()
        if pid == 0:
            good = subprocess.run(["echo", "x"], capture_output=True).stdout == b"x\n"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                del process  # not this process's child: it must go on
            os._exit(0 if good else 1)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertIsNone(process.poll())
        process.kill()
        process.wait()

    def test_daemon_threads_at_exit(self):
        for _ in range(5):
            code, out, err = script("""
                import threading, time, brood, brood.subprocess as subprocess
                def work(call):
                    while True:
                        call(["echo", "x"], capture_output=True, timeout=60)
                for call in (subprocess.run, subprocess.run, brood.run, brood.run):
                    threading.Thread(target=work, args=[call], daemon=True).start()
                time.sleep(0.2)
                print("end")
            """)
            self.assertEqual((code, out, err), (0, "end\n", ""))

    def test_communicate_in_two_threads(self):
        with subprocess.Popen("echo x; sleep 0.5", shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            raised = []

            def second():
                time.sleep(0.2)
                try:
                    process.communicate(timeout=60)
                except (RuntimeError, ValueError) as error:
                    raised.append(error)

            thread = threading.Thread(target=second)
            thread.start()
            self.assertEqual(process.communicate(timeout=60), (b"x\n", b""))
            thread.join()
        self.assertEqual(len(raised), 1)

    def test_descriptors_above_1024(self):
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 1200:
            self.skipTest("the limit on descriptors is too low")
        resource.setrlimit(resource.RLIMIT_NOFILE, (1200, hard))
        held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
        try:
            done = subprocess.run(CAT, input=b"x", capture_output=True, timeout=60)
            with subprocess.Popen(CAT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                self.assertEqual(process.communicate(b"y", timeout=60)[0], b"y")
        finally:
            for number in held:
                os.close(number)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.assertEqual(done.stdout, b"x")

    def test_blocked_signals_are_inherited(self):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        try:
            out = subprocess.check_output(["grep", "SigBlk", "/proc/self/status"])
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.assertEqual(int(out.split()[1], 16), 1 << (signal.SIGUSR1 - 1))

    def test_output_that_was_read_ahead(self):
        with subprocess.Popen(["printf", "a\\nb\\nc\\n"], stdout=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), b"a\n")
            self.assertEqual(process.communicate(), (b"b\nc\n", None))

    def test_asyncio_and_multiprocessing_on_it(self):
        shim = str(pathlib.Path(__file__).resolve().parent / "shim")
        path = os.pathsep.join([shim, os.environ.get("PYTHONPATH", "")])
        code = textwrap.dedent("""
            import asyncio, concurrent.futures, multiprocessing, subprocess
            assert subprocess.__name__ == "brood.subprocess"
            async def main():
                p = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
                print(await p.communicate(b"x"))
            if __name__ == "__main__":
                asyncio.run(main())
                for way in ("spawn", "fork", "forkserver"):
                    context = multiprocessing.get_context(way)
                    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
                        print(sum(pool.map(abs, range(10))))
        """)
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(code)
            file.flush()
            done = standard.run([PY, file.name], env=dict(os.environ, PYTHONPATH=path), capture_output=True, text=True,
                                timeout=60)
        self.assertEqual(done.stdout, "(b'x', None)\n45\n45\n45\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
