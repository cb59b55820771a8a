# What tests of the tool from outside share: a folder, calls, journals, who is left.
# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PATIENCE = 60  # seconds, for whatever must happen at all
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
BIN = Path(sys.argv.pop(1)).resolve()
TOOL, HELPER = str(BIN / "brood"), str(BIN / "brood-helper")


def wait_until(what, patience=PATIENCE):
    """Asks every 2 ms; the last answer."""
    end = time.monotonic() + patience
    while not (answer := what()) and time.monotonic() < end:
        time.sleep(0.002)
    return answer


class ToolTest(unittest.TestCase):
    """Each test has an empty folder, and nothing that it started outlives it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="brood-tool-")
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        self.top.chmod(0o777)
        self.mark = f"BROOD_TEST_MARK={self.id()}-{os.getpid()}"
        name, value = self.mark.split("=", 1)
        self.env = dict(os.environ, HOME=str(self.top.parent), TMPDIR=str(self.top), **{name: value})
        self.addCleanup(lambda: self.assertEqual(self.survivors(), {}))

    def start(self, *words, prefix=(), **options):
        """`brood WORDS`, killed at the end of the test if need be."""
        options = {"cwd": self.top, "env": self.env, **options}
        process = subprocess.Popen([*prefix, TOOL, *map(os.fspath, words)], **options)

        def end():
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        self.addCleanup(end)
        return process

    def brood(self, *words, status=0, prefix=(), **options):
        """The result of `brood WORDS` with text of bytes, checked for its status."""
        options = {"cwd": self.top, "env": self.env, "stdin": subprocess.DEVNULL, **options}
        if "input" in options:
            del options["stdin"]
        for stream in ("stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        done = subprocess.run([*prefix, TOOL, *map(os.fsencode, words)], timeout=PATIENCE, check=False, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def query(self, text, *values):
        database = sqlite3.connect(self.top / ".brood" / "journal.db", timeout=PATIENCE)
        try:
            return database.execute(text, values).fetchall()
        finally:
            database.close()

    def as_nobody(self):
        """What makes a call one of an unprivileged user; skips the test where that cannot be."""
        if os.geteuid() != 0:
            self.skipTest("only root can become nobody")
        if not shutil.which("setpriv"):
            self.skipTest("there is no setpriv")
        if subprocess.run([*NOBODY, "test", "-x", TOOL], check=False).returncode:
            self.skipTest("nobody cannot reach the tool")
        return NOBODY

    def small_disk(self, folder, size):
        """What makes a call see a file system of its own at `folder`; skips the test where that cannot be."""
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
        folder.mkdir(exist_ok=True)
        if subprocess.run([*unshare, "mount", "-t", "tmpfs", "x", folder], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("no mounts here")
        script = f'mount -t tmpfs -o size={size} x "$0" && exec "$@"'
        return [*unshare, "sh", "-c", script, str(folder)]

    def marked(self):
        """All processes that have our mark, by number, whoever they belong to."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                if self.mark.encode() in Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                    found[int(entry)] = Path("/proc", entry, "cmdline").read_bytes()
            except OSError:
                pass  # it has ended, or is somebody else's
        return found

    def survivors(self):
        """Those that are left once there was time to go."""
        wait_until(lambda: not self.marked(), patience=20)
        return self.marked()


def main():
    unittest.main()
