# brood.Pool, its jobs, and retry.
# SPDX-License-Identifier: Apache-2.0
import gc
import os
import signal
import sys
import tempfile
import threading
import time
import unittest

import brood
from newer_test import Clean, script


class Jobs(Clean):
    def test_result(self):
        with brood.Pool(2) as pool:
            job = pool.submit("cat; echo e >&2; exit 3", shell=True, input="in", text=True, capture_output=True)
            r = job.result()
            self.assertEqual((r.returncode, r.stdout, r.stderr, r.reason), (3, "in", "e\n", "exited"))
            self.assertIs(job.result(), r)
            self.assertEqual((job.id, job.state, job.done(), job.pid), (1, "done", True, None))
            self.assertEqual(pool.count(), {"queued": 0, "running": 0, "waiting": 0, "done": 1, "failed": 1})

    def test_what_run_would_raise(self):
        with brood.Pool(2) as pool:
            with self.assertRaises(FileNotFoundError) as caught:
                pool.submit(["/no/such/program"]).result()
            self.assertEqual(caught.exception.filename, "/no/such/program")
            with self.assertRaises(FileNotFoundError):
                pool.submit(["true"], cwd="/no/such").result()
            with self.assertRaises(brood.CalledProcessError):
                pool.submit(["false"], check=True).result()
            with self.assertRaises(brood.TimeoutExpired) as caught:
                pool.submit("echo a; sleep 60", shell=True, timeout=0.2, capture_output=True).result()
            self.assertEqual((caught.exception.timeout, caught.exception.output), (0.2, b"a\n"))
            for options in ({"nice": 100}, {"stdout": brood.STDOUT}, {"retry": 0}, {"timeout": -1}):
                with self.assertRaises(ValueError, msg=str(options)):
                    pool.submit(["true"], **options)
            with self.assertRaises(TypeError):
                pool.submit(["true"], no_such=1)
            with self.assertRaises(UnicodeDecodeError):
                pool.submit(["printf", "\\377"], stdout=brood.PIPE, encoding="utf-8").result()
            self.assertEqual(pool.count()["queued"], 0)

    def test_cancel(self):
        with brood.Pool(1) as pool:
            first, second = pool.submit(["sleep", "60"]), pool.submit(["sleep", "60"])
            self.assertFalse(first.wait_for(0.1))
            self.assertEqual((first.state, second.state), ("running", "queued"))
            os.kill(first.pid, 0)
            second.cancel()
            self.assertEqual(second.result().reason, "cancelled")
            first.cancel()
            self.assertEqual((first.result().reason, first.result().returncode), ("cancelled", -signal.SIGTERM))
            first.cancel()  # no effect any more

    def test_outlives_its_pool(self):
        pool = brood.Pool(1)
        job = pool.submit(["sleep", "60"])
        job.wait_for(0.05)
        pool = None
        gc.collect()
        self.assertEqual(job.result().reason, "cancelled")


class Pools(Clean):
    def test_map(self):
        with brood.Pool(4) as pool:
            out = [r.stdout for r in pool.map([["echo", str(n)] for n in range(50)], stdout=brood.PIPE)]
            self.assertEqual(out, [b"%d\n" % n for n in range(50)])
            results = pool.try_map([["true"], ["/no/such"], ["false"]])
            self.assertEqual([type(r) for r in results],
                             [brood.CompletedProcess, FileNotFoundError, brood.CompletedProcess])
            with self.assertRaises(FileNotFoundError):
                pool.map([["true"], ["/no/such"], ["false"]])

    def test_as_completed(self):
        with brood.Pool(3) as pool:
            jobs = [pool.submit(["sleep", str(seconds)]) for seconds in (0.6, 0.3, 0)]
            silent = pool.submit(["true"], on_done=lambda job: None)
            self.assertEqual([job.id for job in pool.as_completed()], [3, 2, 1])
            self.assertTrue(silent.done())
            self.assertEqual(list(pool.as_completed()), [])
            self.assertTrue(all(job.done() for job in jobs))

    def test_bounded(self):
        with brood.Pool(3) as pool, tempfile.TemporaryDirectory() as folder:
            most = []
            for _ in range(12):
                pool.submit("touch $$; ls | wc -l; sleep 0.05; rm $$", shell=True, cwd=folder, stdout=brood.PIPE,
                            on_done=lambda job: most.append(int(job.result().stdout)))
            pool.wait()
            self.assertEqual(len(most), 12)
            self.assertLessEqual(max(most), 3)

    def test_pause_resume_resize(self):
        with brood.Pool(1) as pool:
            pool.pause()
            jobs = [pool.submit(["true"]) for _ in range(3)]
            self.assertFalse(pool.wait_for(0.1))
            self.assertEqual(pool.count()["queued"], 3)
            pool.resize(5)
            self.assertEqual(pool.max_workers, 5)
            pool.resume()
            self.assertTrue(pool.wait_for(60))
            self.assertTrue(all(job.done() for job in jobs))
            pool.resize("50%")
            for wrong in (0, "x", "", "50"):
                with self.assertRaises(ValueError, msg=repr(wrong)):
                    pool.resize(wrong)

    def test_max_queued(self):
        with brood.Pool(1, max_queued=2) as pool:
            start = time.monotonic()
            for _ in range(6):
                pool.submit(["sleep", "0.1"])
            self.assertGreater(time.monotonic() - start, 0.2)

    def test_prestart_guardian(self):
        with brood.Pool(2, prestart_guardian=True) as pool:
            self.assertEqual(pool.submit(["true"], contain="sealed").result().reason, "exited")
        with brood.Pool(2, prestart_guardian=True):
            pass
        with self.assertRaises(ChildProcessError):  # no guardian is left
            os.waitpid(-1, os.WNOHANG)

    def test_fail_fast(self):
        with brood.Pool(2, fail_fast=True) as pool:
            long, bad = pool.submit(["sleep", "60"]), pool.submit(["false"])
            self.assertEqual((long.result().reason, bad.result().reason), ("cancelled", "exited"))

    def test_timeout(self):
        with brood.Pool(1, timeout=0.2) as pool:
            running, queued = pool.submit(["sleep", "60"]), pool.submit(["true"])
            for job in (running, queued):
                with self.assertRaises(brood.TimeoutExpired) as caught:
                    job.result()
                self.assertEqual(caught.exception.result.reason, "timed_out")

    def test_shutdown(self):
        pool = brood.Pool(1)
        job = pool.submit(["sleep", "0.1"])
        pool.shutdown()
        self.assertTrue(job.done())
        with self.assertRaises(ValueError):
            pool.submit(["true"])

    def test_exception_in_with_cancels(self):
        with self.assertRaises(LookupError):
            with brood.Pool(1) as pool:
                job = pool.submit(["sleep", "60"])
                raise LookupError
        self.assertEqual(job.result().reason, "cancelled")

    def test_many(self):
        with brood.Pool(8) as pool:
            done = []
            for _ in range(500):
                pool.submit(["true"], on_done=done.append)
            pool.wait()
            self.assertEqual(len(done), 500)
            self.assertEqual(pool.count()["failed"], 0)

    def test_threads(self):
        with brood.Pool(4) as pool:
            failures = []

            def work():
                for n in range(20):
                    if pool.submit(["echo", str(n)], stdout=brood.PIPE).result().stdout != b"%d\n" % n:
                        failures.append(n)

            threads = [threading.Thread(target=work) for _ in range(10)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            self.assertEqual((failures, pool.count()["done"]), ([], 200))


class Callbacks(Clean):
    def test_on_line(self):
        with brood.Pool(2) as pool:
            lines = []
            pool.submit("echo a; echo b >&2", shell=True, text=True, on_line=lambda *a: lines.append(a))
            pool.wait()
            self.assertEqual(sorted(lines), [("stderr", "b"), ("stdout", "a")])

    def test_on_line_raises(self):
        def fail(line):
            raise LookupError(line)
        with brood.Pool(1) as pool:
            with self.assertRaises(LookupError):
                pool.submit(["yes"], on_line=fail).result()
            self.assertEqual(pool.submit(["true"]).result().returncode, 0)

    def test_on_done_raises(self):
        told = []
        hook, sys.unraisablehook = sys.unraisablehook, lambda args: told.append(args.exc_type)
        try:
            with brood.Pool(1) as pool:
                pool.submit(["true"], on_done=lambda job: 1 / 0)
                pool.submit(["true"]).result()
        finally:
            sys.unraisablehook = hook
        self.assertEqual(told, [ZeroDivisionError])

    def test_on_done_submits_and_may_not_wait(self):
        with brood.Pool(1) as pool:
            seen = []

            def then(job):
                seen.append(pool.submit(["true"]))
                try:
                    pool.wait()
                except RuntimeError as error:
                    seen.append(str(error))

            pool.submit(["true"], on_done=then)
            pool.wait()
            self.assertEqual(seen[0].result().returncode, 0)
            self.assertIn("cannot wait", seen[1])

    def test_dropped_in_its_own_callback(self):
        ended = threading.Event()
        holder = [brood.Pool(1)]

        def drop(job):
            holder.clear()
            gc.collect()
            ended.set()

        job = holder[0].submit(["true"], on_done=drop)
        self.assertTrue(ended.wait(60))
        self.assertEqual(job.result().returncode, 0)
        for _ in range(1000):  # its descriptors go with its thread
            if set(os.listdir("/proc/self/fd")) == self.before:
                break
            time.sleep(0.01)

    def test_queue_that_is_full_in_a_callback(self):
        with brood.Pool(1, max_queued=1) as pool:
            def more(job):
                for _ in range(4):
                    pool.submit(["true"])
            pool.submit(["true"], on_done=more)
            pool.wait()
            self.assertEqual(pool.count()["done"], 5)


class Surroundings(Clean):
    def interrupted(self, call):
        def fail(*_):
            raise LookupError
        handler = signal.signal(signal.SIGALRM, fail)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        start = time.monotonic()
        try:
            with self.assertRaises(LookupError):
                call()
        finally:
            signal.signal(signal.SIGALRM, handler)
        self.assertLess(time.monotonic() - start, 30)

    def test_signals_interrupt_the_waits(self):
        for wait in (lambda pool, job: job.result(), lambda pool, job: pool.wait(),
                     lambda pool, job: job.wait_for(60), lambda pool, job: list(pool.as_completed()),
                     lambda pool, job: pool.map([["sleep", "60"]]),
                     lambda pool, job: [pool.submit(["true"]) for _ in range(5)]):
            def call():
                with brood.Pool(1, max_queued=2) as pool:
                    wait(pool, pool.submit(["sleep", "60"]))
            self.interrupted(call)
        self.interrupted(lambda: brood.run(["sleep", "60"], retry=2))
        self.interrupted(lambda: brood.run(["false"], retry={"attempts": 2, "delay": 60}))

    def test_at_exit(self):
        code, out, err = script("""
            import brood, threading
            ready = threading.Event()
            pool = brood.Pool(2)
            pool.submit("trap 'echo stopped; exit' TERM; echo ready; while :; do sleep 0.1; done", shell=True,
                        on_line=lambda line: (print(line.decode()), ready.set()))
            ready.wait()
            print("end")
        """)
        self.assertEqual((code, sorted(set(out.split()) - {"Terminated"})), (0, ["end", "ready", "stopped"]), err)

    def test_in_a_forked_child(self):
        with brood.Pool(1) as pool:
            job = pool.submit(["sleep", "60"])
            job.wait_for(0.05)
            pid = os.fork()
            if pid == 0:
                try:
                    for call in (job.result, job.cancel, pool.wait, pool.count, lambda: pool.submit(["true"])):
                        try:
                            call()
                        except RuntimeError:
                            continue
                        os._exit(1)
                    del job, pool
                    gc.collect()
                    with brood.Pool(1) as other:
                        os._exit(other.submit(["true"]).result().returncode)
                finally:
                    os._exit(2)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
            self.assertEqual(job.state, "running")
            job.cancel()

    def test_subinterpreter(self):
        code, out, err = script("""
            try:
                import _interpreters as interpreters
            except ImportError:
                import _xxsubinterpreters as interpreters
            import brood
            number = interpreters.create()
            print(interpreters.run_string(number, '''if True:
                try:
                    import brood
                except ImportError as error:
                    print(error, flush=True)
            '''), flush=True)
        """)
        self.assertEqual(code, 0, err)
        self.assertIn("subinterpreter", out + err)


class Retries(Clean):
    def test_until_it_is_good(self):
        r = brood.run("echo $BROOD_ATTEMPT; exit $((BROOD_ATTEMPT == 3 ? 0 : 7))", shell=True, stdout=brood.PIPE, text=True,
                      retry=brood.Retry(5))
        self.assertEqual((r.returncode, r.stdout), (0, "3\n"))
        self.assertEqual([(a.returncode, a.stdout) for a in r.attempts], [(7, b"1\n"), (7, b"2\n")])

    def test_ways_to_say_it(self):
        for retry in (2, {"attempts": 2}, brood.Retry(attempts=2), "2,1ms,x2"):
            self.assertEqual(len(brood.run(["false"], retry=retry).attempts), 1)
        self.assertEqual(brood.run(["true"], retry=3).attempts, [])

    def test_only_some_ends(self):
        self.assertEqual(brood.run(["false"], retry={"attempts": 3, "on_codes": [2]}).attempts, [])
        self.assertEqual(brood.run(["false"], retry={"attempts": 3, "on_signals": [signal.SIGKILL]}).attempts, [])
        with self.assertRaises(brood.TimeoutExpired) as caught:
            brood.run(["sleep", "60"], timeout=0.1, retry={"attempts": 2, "on_reasons": ["timed_out"]})
        self.assertEqual(len(caught.exception.result.attempts), 1)

    def test_delays(self):
        start = time.monotonic()
        r = brood.run(["false"], retry=brood.Retry(3, delay=0.1, factor=2))
        self.assertEqual(len(r.attempts), 2)
        self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_check_and_start_errors(self):
        with self.assertRaises(brood.CalledProcessError) as caught:
            brood.run(["false"], check=True, retry=2)
        self.assertEqual(len(caught.exception.result.attempts), 1)
        with self.assertRaises(FileNotFoundError):
            brood.run(["/no/such"], retry=2)

    def test_mistakes(self):
        for retry in (0, "x", {"factor": 0.5}, {"jitter": 2}, {"delay": -1}, {"on_reasons": ["x"]}, {"on_codes": [300]}):
            with self.assertRaisesRegex(ValueError, "retry", msg=str(retry)):
                brood.run(["true"], retry=retry)
        with self.assertRaises(TypeError):
            brood.run(["true"], retry={"x": 1})
        with self.assertRaises(TypeError):
            brood.Popen(["true"], retry=2)


if __name__ == "__main__":
    unittest.main()
