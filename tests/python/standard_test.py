# The drop-in beside the standard module: classes, what stands in its place, subinterpreters, the environment.
# SPDX-License-Identifier: Apache-2.0
import os
import subprocess as standard
import sys
import textwrap
import threading
import unittest
import unittest.mock
from pathlib import Path

import brood
import brood.subprocess as ours

PY = sys.executable
SHIM = str(Path(__file__).resolve().parent / "shim")


def script(text, *path, **keywords):
    """Runs Python code in a fresh interpreter: its output."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")]))
    done = standard.run([PY, "-c", textwrap.dedent(text)], capture_output=True, text=True, timeout=60, cwd="/",
                        env=environment, **keywords)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


class Classes(unittest.TestCase):
    def test_exceptions_are_the_standard_ones(self):
        with self.assertRaises(standard.CalledProcessError):
            ours.run(["false"], check=True)
        with self.assertRaises(standard.TimeoutExpired):
            ours.run(["sleep", "60"], timeout=0.05)
        with self.assertRaises(ours.CalledProcessError):
            standard.run(["false"], check=True)
        with self.assertRaises(standard.CalledProcessError):
            brood.run(["false"], check=True)
        with self.assertRaises(standard.SubprocessError):
            brood.run(["sleep", "60"], timeout=0.05)

    def test_results_are_the_standard_ones(self):
        self.assertIsInstance(ours.run(["true"]), standard.CompletedProcess)
        self.assertIsInstance(standard.run(["true"]), ours.CompletedProcess)
        self.assertIsInstance(brood.run(["true"]), standard.CompletedProcess)
        for module in (ours, brood):
            with module.Popen(["true"]) as process:
                self.assertIsInstance(process, standard.Popen)

    def test_whoever_comes_first(self):
        same = "print(brood.subprocess.TimeoutExpired is subprocess.TimeoutExpired, subprocess.__name__)"
        self.assertEqual(script(f"import subprocess, brood; {same}"), "True subprocess\n")
        self.assertEqual(script(f"import brood, subprocess; {same}"), "True subprocess\n")
        self.assertEqual(script(f"import subprocess, brood; {same}", SHIM), "True brood.subprocess\n")
        self.assertEqual(script(f"import brood, subprocess; {same}", SHIM), "True brood.subprocess\n")

    def test_install(self):
        self.assertEqual(script("""
            import unittest.mock, subprocess as before, brood.subprocess, pickle
            brood.subprocess.install()
            import subprocess
            print(subprocess is brood.subprocess, before is brood.subprocess)
            with unittest.mock.patch("subprocess.run", return_value="patched"):
                print(brood.subprocess.run(["true"]))
            print(pickle.loads(pickle.dumps(subprocess.CalledProcessError(1, "x"))))
        """), "True False\npatched\nCommand 'x' returned non-zero exit status 1.\n")


class Surroundings(unittest.TestCase):
    def test_subinterpreters(self):
        name = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
        for first in ("", "import brood"):
            self.assertEqual(script(f"""
                {first}
                import {name} as interpreters
                try:
                    failed = interpreters.run_string(interpreters.create(), "import brood")
                except Exception as error:
                    failed = error
                print("ImportError" in str(failed) or "subinterpreters" in str(failed))
            """), "True\n")

    def test_an_entry_without_a_name(self):
        for module in ("brood.subprocess", "subprocess"):
            self.assertEqual(self.nameless(module), "[b'=oops']\n")
        self.assertEqual(self.nameless("brood"), "[]\n")

    def nameless(self, module):
        code = f"import os, {module} as m\n" \
               "out = m.run(['env'], env=dict(os.environ), stdout=-1).stdout\n" \
               "print([line for line in out.splitlines() if b'oops' in line])"
        environment = [f"{name}={value}" for name, value in os.environ.items()] + ["=oops"]
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(write_end, 1)
            execve_raw(PY, [PY, "-c", code], environment)
        os.close(write_end)
        with open(read_end) as file:
            out = file.read()
        os.waitpid(pid, 0)
        return out

    def test_no_limit_is_longer_than_negative_infinity(self):
        for timeout in (float("-inf"), -1e10, -1e300):
            for run in (lambda t: ours.run(["sleep", "60"], timeout=t), lambda t: ours.call(["sleep", "60"], timeout=t),
                        lambda t: ours.check_output(["sleep", "60"], timeout=t)):
                with self.assertRaises(ours.TimeoutExpired):
                    run(timeout)

    def test_the_environment_is_that_of_the_call(self):
        with brood.Pool(1) as pool:
            pool.pause()
            jobs = []
            for n in range(50):
                os.environ["BROOD_TEST_N"] = str(n)
                jobs.append(pool.submit("echo $BROOD_TEST_N", shell=True, stdout=brood.PIPE))
            del os.environ["BROOD_TEST_N"]
            pool.resume()
            self.assertEqual([int(job.result().stdout) for job in jobs], list(range(50)))

    def test_an_environment_that_changes_all_the_time(self):
        done = threading.Event()

        def change():
            n = 0
            while not done.is_set():
                n += 1
                os.environ[f"BROOD_TEST_{n % 50}"] = "x" * (n % 999)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            with brood.Pool(2) as pool:
                for result in pool.map([["true"]] * 100):
                    self.assertEqual(result.returncode, 0)
            for _ in range(50):
                self.assertEqual((brood.run(["true"]).returncode, ours.run(["true"]).returncode), (0, 0))
        finally:
            done.set()
            thread.join()
            for n in range(50):
                os.environ.pop(f"BROOD_TEST_{n}", None)

    def test_a_signal_is_for_nobody_else(self):
        process = ours.Popen(["true"])
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with unittest.mock.patch("os.kill") as kill:
            process.send_signal(9)
        kill.assert_not_called()
        self.assertEqual(process.returncode, 0)

    def test_signals_while_a_thread_waits(self):
        process = ours.Popen(["sleep", "60"])
        waiter = threading.Thread(target=process.wait)
        waiter.start()
        process.kill()
        waiter.join(60)
        self.assertEqual(process.returncode, -9)

    def test_a_handler_may_kill_what_is_waited_for(self):
        self.assertEqual(script("""
            import os, signal, brood, brood.subprocess as subprocess
            for kind in (subprocess.Popen, brood.Popen):
                process = kind(["sleep", "60"])
                signal.signal(signal.SIGALRM, lambda *_: process.kill())
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                print(process.wait())
        """), "-9\n-9\n")


def execve_raw(program, arguments, environment):
    """execve(2) with entries that os.execve refuses."""
    import ctypes
    libc = ctypes.CDLL(None)

    def array(words):
        return (ctypes.c_char_p * (len(words) + 1))(*map(os.fsencode, words), None)
    libc.execve(os.fsencode(program), array(arguments), array(environment))
    os._exit(1)


if __name__ == "__main__":
    unittest.main()
