# brood.JobserverClient, and pools that are a jobserver or share one.
# SPDX-License-Identifier: Apache-2.0
import contextlib
import os
import signal
import threading
import time
import unittest

import brood
from newer_test import Clean


@contextlib.contextmanager
def slots(number):
    """MAKEFLAGS of a make -j with so many slots beside the first."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b"+" * number)
        yield f"-j{number + 1} --jobserver-auth={reading},{writing}"
    finally:
        os.close(reading)
        os.close(writing)


class Clients(Clean):
    def test_none(self):
        self.assertIsNone(brood.JobserverClient.find(""))
        self.assertIsNone(brood.JobserverClient.find("-k"))

    def test_slots(self):
        with slots(2) as makeflags:
            client = brood.JobserverClient.find(makeflags)
            with client.take() as first:
                second = client.take(timeout=60)
                self.assertIsNone(client.take(timeout=0))
                self.assertIsNone(client.take(timeout=0.1))
                second.give_back()
                second.give_back()
                self.assertIsNotNone(client.take(timeout=60))  # and dropped
                first.give_back()
            self.assertIsNotNone(client.take(0))

    def test_waits_for_another_thread(self):
        with slots(1) as makeflags:
            client = brood.JobserverClient.find(makeflags)
            held = client.take()
            threading.Timer(0.2, held.give_back).start()
            with client.take():
                pass

    def test_interrupted(self):
        with slots(0) as makeflags:
            client = brood.JobserverClient.find(makeflags)

            def interrupt(*_):
                raise InterruptedError
            before = signal.signal(signal.SIGALRM, interrupt)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with self.assertRaises(InterruptedError):
                    client.take()
            finally:
                signal.signal(signal.SIGALRM, before)

    def test_mistakes(self):
        with slots(1) as makeflags:
            client = brood.JobserverClient.find(makeflags)
            for wrong in (-1, float("nan")):
                with self.assertRaisesRegex(ValueError, "timeout"):
                    client.take(wrong)
        with self.assertRaisesRegex(OSError, "No such file"):
            brood.JobserverClient.find("--jobserver-auth=fifo:/no/such")
        with self.assertRaisesRegex(RuntimeError, "jobserver -2,-2.: unavailable"):
            brood.JobserverClient.find("--jobserver-auth=-2,-2")


class Pools(Clean):
    def test_serves(self):
        for kind, auth in (("pipe", r"--jobserver-auth=\d+,\d+"), ("fifo", "--jobserver-auth=fifo:/")):
            with self.subTest(kind), brood.Pool(2, jobserver=kind) as pool:
                job = pool.submit("echo $MAKEFLAGS", shell=True, capture_output=True, text=True)
                self.assertRegex(job.result().stdout, auth)
                self.assertIsNone(pool.jobserver_problem)

    def test_joins(self):
        with slots(1) as makeflags:
            os.environ["MAKEFLAGS"] = makeflags
            try:
                with brood.Pool(4, jobserver="join") as pool:
                    running, most = [0], []
                    lock = threading.Lock()

                    def ended(_):
                        with lock:
                            running[0] -= 1
                    for _ in range(6):
                        pool.submit(["sleep", "0.05"], on_done=ended)
                        with lock:
                            running[0] += 1
                    while pool.count()["queued"]:
                        most.append(pool.count()["running"])
                        time.sleep(0.005)
                    pool.wait()
                    self.assertLessEqual(max(most), 2)
                    self.assertIsNone(pool.jobserver_problem)
                os.environ["MAKEFLAGS"] = "--jobserver-auth=fifo:/no/such"
                with brood.Pool(4, jobserver="join") as pool:
                    self.assertIn("/no/such", pool.jobserver_problem)
            finally:
                del os.environ["MAKEFLAGS"]

    def test_mistakes(self):
        for wrong in ("yes", 1, b"pipe"):
            with self.assertRaisesRegex(ValueError, "jobserver: must be None, 'pipe', 'fifo' or 'join'"):
                brood.Pool(jobserver=wrong)


if __name__ == "__main__":
    unittest.main()
