#!/usr/bin/python3
# SIGKILL of brood map at random moments, then --resume: nothing is lost, nobody survives: map_kill_test.py BIN
# SPDX-License-Identifier: Apache-2.0
import os
import random
import signal
import sys
import time

from tooltest import HELPER, ToolTest, main, wait_until

JOBS = 500
KILLS = 20
SEED = int(os.environ.get("BROOD_TEST_SEED", time.time_ns() % 1_000_000))


class Kill(ToolTest):
    def setUp(self):
        super().setUp()
        self.marks = self.top / "marks"
        self.marks.mkdir()

    def map(self):
        # Each job appends a line to a file of its own, and leaves nothing else to tell that it ran.
        jobs = (f"{number:03}" for number in range(JOBS))
        return ["map", "-q", "-j2", "--resume", HELPER, "sleep", "0.01", "+", "ready", "marks/{}", ":::", *jobs]

    def done(self):
        return len(os.listdir(self.marks))

    def test_killed_at_random_moments_and_resumed(self):
        print(f"BROOD_TEST_SEED={SEED}", file=sys.stderr)
        chance = random.Random(SEED)
        while_running = 0
        for number in range(KILLS):
            # Some at once: while the journal comes into being, or opens. The others after so many jobs and a moment.
            point = 0 if number < 3 else min(JOBS - 10, self.done() + chance.randrange(1, 2 * JOBS // KILLS - 10))
            process = self.start(*self.map())
            self.assertTrue(wait_until(lambda point=point: self.done() >= point), f"no progress beyond {self.done()}")
            time.sleep(chance.uniform(0, 0.03))
            while_running += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assertEqual(self.survivors(), {})
            if (self.top / ".brood" / "journal.db").exists():
                self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        self.assertGreater(while_running, KILLS / 4)
        self.brood(*self.map())
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(sorted(os.listdir(self.marks)), [f"{number:03}" for number in range(JOBS)])
        self.assertEqual(self.query("SELECT count(*) FROM done"), [(JOBS,)])
        # The last run says how it ended; the others were interrupted, and no end was made up for them.
        ends = self.query("SELECT ended IS NULL, exit_status FROM run ORDER BY id")
        self.assertEqual(ends[-1], (0, 0))
        interrupted = sum(end == (1, None) for end in ends)
        self.assertLessEqual(interrupted, KILLS)
        self.assertGreater(interrupted, KILLS / 4)  # not all may have come so far
        # No job was taken for done too early: for each there is an attempt that succeeded. Nothing runs again.
        self.assertEqual(self.query("SELECT count(DISTINCT key) FROM attempt WHERE success AND ended"), [(JOBS,)])
        lines = self.lines()
        self.brood(*self.map())
        self.assertEqual(self.lines(), lines)
        # What was done twice is what ran, or had ended in the 100 ms that one transaction takes in: nothing of which
        # the journal knew, and at 10 ms and more for a job, two at a time, little.
        self.assertLess(lines, 2 * JOBS)
        self.assertEqual(self.query("SELECT count(*) FROM attempt WHERE success AND ended"), [(JOBS,)])

    def lines(self):
        return sum(path.stat().st_size for path in self.marks.iterdir())


main()
