# brood.run of pipelines: their stages, their ends, their mistakes.
# SPDX-License-Identifier: Apache-2.0
import os
import pickle
import signal
import threading
import time
import unittest

import brood
from brood import command
from newer_test import Clean, script


class Values(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(command("git", "log"), ("git", "log"))
        self.assertEqual(str(command("echo", "a b", "$x")), "echo 'a b' '$x'")
        self.assertEqual(repr(command("a", b"b")), "command('a', b'b')")
        self.assertEqual(brood.shell("echo $1", "x", "y"), ("/bin/sh", "-c", "echo $1", "x", "y"))
        self.assertEqual(brood.run(brood.shell("-x 2>/dev/null"), stderr=brood.DEVNULL).returncode, 127)
        self.assertEqual(brood.run(command("echo", "x"), stdout=brood.PIPE).stdout, b"x\n")
        self.assertEqual(brood.subprocess.run(command("echo", "x"), stdout=-1).stdout, b"x\n")
        for words in ("ls -l", b"ls"):
            with self.assertRaises(TypeError):
                brood.Command(words)
        with self.assertRaises(TypeError):
            command("a", 3)

    def test_joining(self):
        a, b, c = command("a"), command("b"), command("c")
        self.assertEqual((a | b | c).stages, (a, b, c))
        self.assertEqual((a | (b | c)), (a | b) | c)
        self.assertEqual((["a"] | b | ["c"]), a | b | c)
        self.assertEqual(str(a | command("b", "x y")), "a | b 'x y'")
        last = (a | b).judged_by("last_stage")
        self.assertEqual((last.rule, last | c), ("last_stage", brood.Pipeline([a, b, c], "last_stage")))
        self.assertNotEqual(last, a | b)
        self.assertEqual(len({a | b, a | b, last}), 2)
        self.assertEqual(pickle.loads(pickle.dumps(last)), last)
        with self.assertRaises(TypeError):
            a | "b"
        with self.assertRaises(ValueError):
            (a | b).judged_by("pipefail")


class Running(Clean):
    def test_stages(self):
        r = brood.run(command("printf", r"b\na\nb\n") | command("sort") | command("uniq", "-c"), capture_output=True,
                      text=True)
        self.assertEqual(r.stdout.split(), ["1", "a", "2", "b"])
        self.assertEqual((r.returncode, r.reason, r.complete, r.accepted, r.stderr), (0, "exited", True, True, None))
        self.assertEqual([each.args[0] for each in r.stages], ["printf", "sort", "uniq"])
        self.assertEqual([each.stderr for each in r.stages], [""] * 3)
        for stage in r.stages:
            self.assertGreater(stage.pid, 0)
            self.assertGreater(stage.usage["max_rss_bytes"], 0)
        self.assertEqual(r.usage["max_rss_bytes"], max(each.usage["max_rss_bytes"] for each in r.stages))

    def test_input_and_one_stage(self):
        data = os.urandom(3 << 20)
        for stages in (1, 2, 5):
            r = brood.run(brood.Pipeline([["cat"]] * stages), input=data, stdout=brood.PIPE)
            self.assertEqual((r.stdout, len(r.stages)), (data, stages))
        r = brood.run(command("cat") | ["rev"], input="\xe9a", encoding="utf-8", stdout=brood.PIPE)
        self.assertEqual(r.stdout, "a\xe9")

    def test_stderr_of_each(self):
        r = brood.run(brood.shell("echo a >&2; echo x") | brood.shell("cat; echo b >&2"), capture_output=True)
        self.assertEqual((r.stdout, [each.stderr for each in r.stages]), (b"x\n", [b"a\n", b"b\n"]))
        with self.assertRaises(UnicodeDecodeError):
            brood.run(brood.shell("printf '\\377' >&2") | command("true"), stderr=brood.PIPE, encoding="utf-8")

    def test_rules(self):
        p = brood.shell("exit 3") | brood.shell("exit 0")
        r = brood.run(p)
        self.assertEqual((r.returncode, r.accepted, [each.returncode for each in r.stages]), (3, False, [3, 0]))
        r = brood.run(p.judged_by("last_stage"), check=True)
        self.assertEqual((r.returncode, r.accepted), (0, True))
        self.assertTrue(brood.run(p, ok_codes=[0, 3], check=True).accepted)
        with self.assertRaises(brood.CalledProcessError) as caught:
            brood.run(p, check=True)
        error = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((error.returncode, error.cmd), (3, p))
        self.assertEqual([each.returncode for each in error.result.stages], [3, 0])
        self.assertIn("exit 3", str(error))

    def test_sigpipe_upstream_is_forgiven(self):
        r = brood.run(command("yes") | command("head", "-n", "1"), stdout=brood.PIPE, check=True)
        self.assertEqual((r.stdout, r.returncode, r.stages[0].returncode), (b"y\n", 0, -signal.SIGPIPE))
        r = brood.run(command("true") | brood.shell("kill -PIPE $$"))
        self.assertEqual((r.returncode, r.accepted), (-signal.SIGPIPE, False))

    def test_missing_in_the_middle(self):
        start = time.monotonic()
        with self.assertRaises(FileNotFoundError) as caught:
            brood.run(command("sleep", "60") | command("/no/such") | command("cat"))
        self.assertEqual(caught.exception.filename, "/no/such")
        self.assertLess(time.monotonic() - start, 30)
        with self.assertRaises(FileNotFoundError) as caught:
            brood.run(command("true") | command("cat"), cwd="/no/such")
        self.assertEqual(caught.exception.filename, "/no/such")

    def test_mistakes(self):
        p = command("true") | command("true")
        for keywords, message in (({"stderr": brood.STDOUT}, "^stderr: STDOUT"), ({"retry": 2}, "^retry"),
                                  ({"shell": True}, "^shell"), ({"executable": "/bin/true"}, "^executable"),
                                  ({"timeout": 0}, "^timeout"), ({"nice": 100}, "^nice"), ({"contain": "x"}, "^contain")):
            with self.assertRaisesRegex(ValueError, message):
                brood.run(p, **keywords)
        for empty in (brood.Pipeline([]), command("true") | command()):
            with self.assertRaisesRegex(ValueError, "pipeline: it has no stages|empty"):
                brood.run(empty)
        with self.assertRaises(LookupError):
            brood.run(p, stdout=brood.PIPE, encoding="no-such")
        for refused in (brood.Popen, brood.Pool(1).submit):
            with self.assertRaisesRegex(TypeError, "pipeline"):
                refused(p)
        with self.assertRaises(TypeError):
            brood.run(p, no_such=1)

    def test_timeout_stops_all(self):
        read_end, write_end = os.pipe()
        with self.assertRaises(brood.TimeoutExpired) as caught:
            brood.run(brood.shell("sleep 60 & sleep 60") | brood.shell("echo x; cat; sleep 60"), timeout=0.3,
                      stdout=brood.PIPE, pass_fds=[write_end])
        os.close(write_end)
        self.assertEqual(os.read(read_end, 1), b"")  # end-of-file: whoever had it is gone
        os.close(read_end)
        self.assertEqual((caught.exception.timeout, caught.exception.output), (0.3, b"x\n"))
        self.assertEqual(caught.exception.result.reason, "timed_out")

    def test_a_limit_stops_all(self):
        r = brood.run(command("sleep", "60") | command("yes"), stdout=brood.PIPE, max_output=1000)
        self.assertEqual((r.reason, len(r.stdout), r.accepted), ("output_limit", 1000, False))
        self.assertEqual([each.reason for each in r.stages], ["cancelled", "output_limit"])

    def test_on_line(self):
        lines = []
        brood.run(brood.shell("echo a >&2; echo b") | command("cat"), text=True,
                  on_line=lambda stream, line: lines.append((stream, line)))
        self.assertEqual(sorted(lines), [("stderr", "a"), ("stdout", "b")])
        with self.assertRaises(LookupError):
            brood.run(command("yes") | command("cat"), on_line=lambda line: {}[line])

    def test_gil_is_released(self):
        entered, done = threading.Event(), threading.Event()
        other = threading.Thread(target=lambda: entered.wait(60) and done.set())
        other.start()
        read_end, write_end = os.pipe()

        def release():
            done.wait(60)
            os.write(write_end, b"go\n")
        releaser = threading.Thread(target=release)
        releaser.start()
        entered.set()
        r = brood.run(command("head", "-n", "1") | command("cat"), stdin=read_end, stdout=brood.PIPE)
        self.assertEqual(r.stdout, b"go\n")
        for each in (other, releaser):
            each.join()
        os.close(read_end)
        os.close(write_end)

    def test_keyboard_interrupt(self):
        code, out, err = script("""
            import brood, os, signal, threading
            p = brood.shell("echo ready >&2; sleep 60 & sleep 60") | brood.command("sleep", "60")
            def interrupt(line):
                threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
            try:
                brood.run(p, on_line=interrupt, pass_fds=[1])
            except KeyboardInterrupt:
                print("interrupted")
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                print("no children")
        """)  # and nobody holds the descriptor 1 of script()
        self.assertEqual((code, out), (0, "interrupted\nno children\n"), err)


if __name__ == "__main__":
    unittest.main()
