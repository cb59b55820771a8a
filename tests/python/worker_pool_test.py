# brood.WorkerPool: answers, what goes wrong, interrupts, and the end.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import pickle
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from pathlib import Path

import brood
from newer_test import Clean, script

HELPER = os.environ.get("BROOD_HELPER", str(Path(brood.__file__).resolve().parent.parent.parent / "bin/brood-helper"))

# A worker in Python: a request is a line of JSON, {"do": ..., ...}, and so is its answer.
WORKER = textwrap.dedent("""
    import json, os, signal, sys, time
    print(sys.argv[1]) if sys.argv[1:] else None
    sys.stdout.flush()
    for line in sys.stdin:
        request = json.loads(line)
        do, answer = request["do"], None
        if do == "square":
            answer = request["x"] ** 2
        elif do == "pid":
            answer = os.getpid()
        elif do == "crash":
            print("it went wrong", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGKILL)
        elif do == "crash once" and not os.path.exists(request["mark"]):
            open(request["mark"], "w").close()
            sys.exit(3)
        elif do == "hang":
            time.sleep(60)
        elif do == "read":  # until somebody writes to a FIFO
            answer = open(request["path"]).read()
        elif do == "large":
            answer = "x" * request["size"]
        elif do == "leave":
            sys.exit(0)
        print(json.dumps(answer), flush=True)
""")


class WorkerTest(Clean):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = os.path.join(folder.name, "worker.py")
        Path(self.file).write_text(WORKER)

    def pool(self, *arguments, **options):
        return brood.WorkerPool([sys.executable, self.file, *arguments], **{"text": True, "max_workers": 1, **options})

    def ask(self, pool, do, timeout=None, **more):
        return json.loads(pool.call(json.dumps({"do": do, **more}), timeout))


class Workers(WorkerTest):
    def test_answers(self):
        with self.pool(max_workers=3) as pool:
            self.assertEqual(self.ask(pool, "square", x=7), 49)
            pid = self.ask(pool, "pid")
            self.assertEqual([self.ask(pool, "pid") for _ in range(5)], [pid] * 5)
            self.assertIn(pid, pool.pids())
            replies = [pool.request(json.dumps({"do": "square", "x": n})) for n in range(100)]
            self.assertEqual([int(each.result()) for each in replies], [n * n for n in range(100)])
            self.assertEqual((replies[0].state, replies[0].done(), replies[0].wait_for(0)), ("done", True, True))
            self.assertEqual(replies[0].result(), "0")
            count = pool.count()
            self.assertEqual((count["done"], count["failed"], count["queued"]), (107, 0, 0))
            self.assertLessEqual(count["started"], 3)
        self.assertEqual(replies[5].result(), "25")  # a reply outlives its pool

    def test_bytes_and_frames(self):
        with brood.WorkerPool([HELPER, "echo-frames"], framing="length_prefixed", max_workers=1) as pool:
            for message in (b"", b"a\nb\0", os.urandom(300_000), bytearray(b"x"), memoryview(b"y")):
                self.assertEqual(pool.call(message), bytes(message))
        with brood.WorkerPool(["cat"], max_workers=1) as pool:
            self.assertEqual(pool.call(b"\xff"), b"\xff")
            for message, error in (("text", TypeError), (b"a\nb", ValueError), (3, TypeError)):
                with self.assertRaises(error):
                    pool.call(message)
        with brood.WorkerPool(["cat"], max_workers=1, encoding="latin-1") as pool:
            self.assertEqual(pool.call("\xe9"), "\xe9")

    def test_socket(self):
        lines, heard = [], threading.Event()

        def hear(line):
            lines.append(line)
            heard.set()
        with brood.WorkerPool([HELPER, "out", "to stdout\\n", "+", "serve-socket"], channel="socket", text=True,
                              max_workers=1, on_line=hear) as pool:
            self.assertEqual(pool.call("env BROOD_WORKER_FD"), "BROOD_WORKER_FD=3")
            self.assertTrue(heard.wait(60))
        self.assertEqual(lines, ["to stdout"])

    def test_progress_of_a_worker(self):
        lines, heard = [], threading.Event()

        def hear(line):
            lines.append(line)
            if len(lines) == 2:
                heard.set()
        with brood.WorkerPool([HELPER, "out", "10%\\r20%\\r", "+", "serve-socket"], channel="socket", text=True,
                              max_workers=1, min_workers=1, on_line=hear):
            self.assertTrue(heard.wait(60))  # while the worker is in the middle of its line
        self.assertEqual(lines, ["10%", "20%"])

    def test_ready(self):
        with self.pool("hello there", ready="hello there", min_workers=1, start_timeout=60) as pool:
            self.assertTrue(pool.warm_up(60))
            self.assertEqual(self.ask(pool, "square", x=3), 9)
        with self.pool("something else", ready="hello there", min_workers=1) as pool:
            with self.assertRaises(brood.WorkerError):
                pool.warm_up(60)
        with brood.WorkerPool(["sleep", "60"], ready=b"", min_workers=1, max_workers=1) as pool:
            self.assertFalse(pool.warm_up(0.1))
        with brood.WorkerPool(["cat"], hello=b"first", ready=b"first", max_workers=1) as pool:
            self.assertEqual(pool.call(b"second"), b"second")

    def test_options_of_the_process(self):
        with brood.WorkerPool("while read name; do eval echo \\$$name; done", shell=True, text=True, max_workers=1,
                              env={"A": "b"}, cwd="/", limits={"core": 0}, contain="group") as pool:
            self.assertEqual((pool.call("A"), pool.call("PWD")), ("b", "/"))

    def test_recycling(self):
        with self.pool(max_requests=2) as pool:
            pids = [self.ask(pool, "pid") for _ in range(6)]
            self.assertEqual(len(set(pids)), 3)
            self.assertGreaterEqual(pool.count()["recycled"], 2)

    def test_back_pressure(self):
        path = os.path.join(self.folder, "fifo")
        os.mkfifo(path)
        with self.pool(max_queued=1) as pool:
            message = json.dumps({"do": "read", "path": path})
            first = pool.request(message)
            while first.state == "queued":
                time.sleep(0.001)
            second = pool.request(message)
            self.assertIsNone(pool.try_request(message))
            feeder = threading.Thread(target=lambda: [Path(path).write_text("a"), first.wait_for(60), second.cancel()])
            feeder.start()
            self.assertEqual(json.loads(first.result()), "a")
            self.ask(pool, "square", x=1)  # waits for room
            feeder.join()

    def test_gil_is_released(self):
        path = os.path.join(self.folder, "fifo")
        os.mkfifo(path)
        for in_main_thread in (True, False):
            with self.pool() as pool:
                answers = []

                def asker():
                    answers.append(self.ask(pool, "read", path=path))

                def feeder():
                    Path(path).write_text("x")
                ask, feed = (feeder, asker) if in_main_thread else (asker, feeder)
                other = threading.Thread(target=ask)
                other.start()
                feed()
                other.join()
                self.assertEqual(answers, ["x"])

    def test_threads(self):
        with self.pool(max_workers=4) as pool:
            wrong = []

            def work(number):
                for x in range(number, number + 20):
                    if self.ask(pool, "square", x=x) != x * x:
                        wrong.append(x)
            crowd = [threading.Thread(target=work, args=(n,)) for n in range(16)]
            for each in crowd:
                each.start()
            for each in crowd:
                each.join()
            self.assertEqual((wrong, pool.count()["done"]), ([], 320))


class Failures(WorkerTest):
    def test_poisonous_request(self):
        with self.pool() as pool:
            with self.assertRaises(brood.WorkerError) as caught:
                self.ask(pool, "crash")
            error = caught.exception
            self.assertEqual((error.kind, error.cmd[1:]), ("broken", [self.file]))
            self.assertEqual((error.result.returncode, error.result.stderr), (-9, "it went wrong\n"))
            self.assertEqual([before.returncode for before in error.result.attempts], [-9])
            self.assertIn("SIGKILL", str(error))
            self.assertIsInstance(error, brood.SubprocessError)
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((again.kind, again.result.returncode, str(again)), ("broken", -9, str(error)))
            self.assertEqual(self.ask(pool, "square", x=2), 4)  # the pool goes on
            self.assertGreaterEqual(pool.count()["crashed"], 2)

    def test_a_crash_is_tried_elsewhere_once(self):
        with self.pool() as pool:
            self.assertIsNone(self.ask(pool, "crash once", mark=os.path.join(self.folder, "mark")))

    def test_timeout(self):
        with self.pool(timeout=60) as pool:
            pid = self.ask(pool, "pid")
            with self.assertRaises(brood.TimeoutExpired) as caught:
                self.ask(pool, "hang", timeout=0.1)
            self.assertEqual(caught.exception.timeout, 0.1)
            self.assertNotEqual(self.ask(pool, "pid"), pid)
            reply = pool.request(json.dumps({"do": "hang"}), 0.1)
            self.assertRaises(brood.TimeoutExpired, reply.result)
            self.assertGreaterEqual(pool.count()["faulty"], 2)

    def test_cancel(self):
        with self.pool() as pool:
            running, queued = pool.request(json.dumps({"do": "hang"})), pool.request(json.dumps({"do": "hang"}))
            self.assertFalse(running.wait_for(0.05))
            for reply in (queued, running):
                reply.cancel()
                with self.assertRaises(brood.WorkerError) as caught:
                    reply.result()
                self.assertEqual(caught.exception.kind, "cancelled")
                reply.cancel()  # no effect any more
            self.assertEqual(self.ask(pool, "square", x=2), 4)

    def test_answer_too_long(self):
        with self.pool(max_frame=1000) as pool:
            with self.assertRaises(brood.WorkerError) as caught:
                self.ask(pool, "large", size=2000)
            self.assertEqual(caught.exception.kind, "bad_data")

    def test_not_text(self):
        with brood.WorkerPool([HELPER, "echo-frames"], framing="length_prefixed", encoding="utf-16-le",
                              max_workers=1) as pool:
            self.assertEqual(pool.call("x\ny"), "x\ny")
        with brood.WorkerPool("read x; printf '\\377\\n'; read x", shell=True, encoding="utf-8", max_workers=1) as pool:
            self.assertRaises(UnicodeDecodeError, pool.call, "x")

    def test_no_program(self):
        with brood.WorkerPool(["/no/such"]) as pool:
            with self.assertRaises(FileNotFoundError) as caught:
                pool.call(b"x")
            self.assertEqual(caught.exception.filename, "/no/such")

    def test_mistakes_name_the_keyword(self):
        for keyword, value in (("max_workers", 0), ("max_workers", "x"), ("min_workers", -1), ("min_workers", 10**6),
                               ("timeout", 0), ("idle_timeout", -1), ("start_timeout", 3), ("max_frame", 0),
                               ("max_frame", -1), ("framing", "x"), ("channel", "x"), ("hello", b"a\nb"), ("nice", 100),
                               ("stdout", brood.PIPE), ("stderr", brood.STDOUT), ("contain", "x"), ("max_age", 0)):
            with self.assertRaisesRegex(ValueError, keyword, msg=f"{keyword}={value!r}"):
                brood.WorkerPool(["cat"], **{keyword: value})
        for keyword in ("max_output", "ok_codes", "input", "retry", "no_such"):
            with self.assertRaisesRegex(TypeError, keyword):
                brood.WorkerPool(["cat"], **{keyword: 3})
        with self.assertRaises(TypeError):
            brood.WorkerPool(brood.command("a") | brood.command("b"))
        with brood.WorkerPool(["cat"], max_workers=1) as pool:
            for timeout in (0, -1, float("nan")):
                with self.assertRaisesRegex(ValueError, "timeout"):
                    pool.call(b"x", timeout)
            pool.shutdown()
            with self.assertRaises(ValueError):
                pool.call(b"x")


class Ends(WorkerTest):
    def test_close_cancels(self):
        pool = self.pool(max_workers=2)
        replies = [pool.request(json.dumps({"do": "hang"})) for _ in range(3)]
        outcome = []

        def ask():
            try:
                self.ask(pool, "hang")
            except brood.WorkerError as error:
                outcome.append(error.kind)
        other = threading.Thread(target=ask)
        other.start()
        while pool.count()["busy"] < 2 or pool.count()["queued"] < 2:
            time.sleep(0.001)
        pool.close()
        pool.close()
        other.join()
        self.assertEqual(outcome, ["cancelled"])
        for reply in replies:
            self.assertRaises(brood.WorkerError, reply.result)
        self.assertRaises(RuntimeError, pool.count)

    def test_exception_in_the_block(self):
        with self.assertRaises(LookupError):
            with self.pool() as pool:
                pool.request(json.dumps({"do": "hang"}))
                raise LookupError

    def test_dropped(self):
        pool = self.pool(min_workers=1)
        self.ask(pool, "pid")
        del pool

    def test_fork(self):
        with self.pool() as pool:
            self.ask(pool, "pid")
            pid = os.fork()
            if pid == 0:
                try:
                    self.ask(pool, "pid")
                except RuntimeError:
                    os._exit(7)
                finally:
                    os._exit(1)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 7)
            self.assertEqual(self.ask(pool, "square", x=2), 4)

    def test_left_at_exit(self):
        code, out, err = script("""
            import brood
            pool = brood.WorkerPool(["cat"], min_workers=2, max_workers=2, pass_fds=[1])
            print(pool.call(b"x"), flush=True)
        """)
        self.assertEqual((code, out, err), (0, "b'x'\n", ""))

    def test_keyboard_interrupt(self):
        for wait in ("pool.call(b'x')", "pool.request(b'x').result()", "pool.warm_up()", "pool.shutdown()",
                     "[pool.request(b'x') for _ in range(9)]"):
            code, out, err = script(f"""
                import brood, os, signal, threading
                with brood.WorkerPool(["sleep", "60"], min_workers=1, max_workers=1, max_queued=1, ready=b"",
                                      pass_fds=[1]) as pool:
                    pool.request(b"x")
                    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
                    try:
                        {wait}
                    except KeyboardInterrupt:
                        print("interrupted")
                        raise SystemExit(3)
            """)
            self.assertEqual((code, out), (3, "interrupted\n"), f"{wait}: {err}")


if __name__ == "__main__":
    unittest.main()
