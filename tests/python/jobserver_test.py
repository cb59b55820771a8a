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
                reading, writing = os.pipe()
                with brood.Pool(4, jobserver="join") as pool:
                    jobs = [pool.submit("read line", shell=True, stdin=reading) for _ in range(3)]
                    for end in (2, 3):  # our own slot and the one of the jobserver's
                        while sum(job.state == "running" for job in jobs) < end - sum(job.done() for job in jobs):
                            time.sleep(0.001)
                        self.assertEqual(pool.count()["queued"], 3 - end)
                        os.write(writing, b"\n")
                        while sum(job.done() for job in jobs) < end - 1:
                            time.sleep(0.001)
                    os.write(writing, b"\n")
                    self.assertEqual([job.result().returncode for job in jobs], [0, 0, 0])
                    self.assertIsNone(pool.jobserver_problem)
                os.close(reading)
                os.close(writing)
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
