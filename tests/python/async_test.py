# brood.async_run under asyncio.
# SPDX-License-Identifier: Apache-2.0
import asyncio
import gc
import os
import signal
import threading
import unittest

import brood
from newer_test import Clean, script


def tasks():
    return len(os.listdir("/proc/self/task"))


class Held:
    """A pipe whose writing end goes to commands: end-of-file says that nobody of them is left."""

    def __enter__(self):
        self.read_end, self.write_end = os.pipe()
        return self

    def gone(self):
        os.close(self.write_end)
        self.write_end = -1
        return os.read(self.read_end, 1) == b""

    def __exit__(self, *_):
        os.close(self.read_end)
        if self.write_end >= 0:
            os.close(self.write_end)


class Async(Clean):
    def test_results(self):
        async def main():
            r = await brood.async_run("cat; echo e >&2; exit 3", shell=True, input="in", text=True, capture_output=True)
            self.assertEqual((r.returncode, r.stdout, r.stderr, r.reason), (3, "in", "e\n", "exited"))
            self.assertIsInstance(r, brood.CompletedProcess)
            self.assertEqual(r.containment, "tree")
            self.assertIsNone((await brood.async_run(["true"])).stdout)
            r = await brood.async_run("exit $((BROOD_ATTEMPT < 3))", shell=True, retry=brood.Retry(5, delay=0.01))
            self.assertEqual((r.returncode, len(r.attempts)), (0, 2))
        asyncio.run(main())

    def test_exceptions(self):
        async def main():
            with self.assertRaises(FileNotFoundError) as caught:
                await brood.async_run(["/no/such"])
            self.assertEqual(caught.exception.filename, "/no/such")
            with self.assertRaises(brood.CalledProcessError):
                await brood.async_run(["false"], check=True)
            for keywords in ({"nice": 100}, {"timeout": 0}, {"retry": 0}, {"stdout": brood.STDOUT}):
                with self.assertRaises(ValueError, msg=str(keywords)):
                    await brood.async_run(["true"], **keywords)
            with self.assertRaises(TypeError):
                await brood.async_run(["true"], no_such=1)
            with self.assertRaises(TypeError):
                await brood.async_run(brood.command("a") | brood.command("b"))
            with self.assertRaises(UnicodeDecodeError):
                await brood.async_run(["printf", "\\377"], stdout=brood.PIPE, encoding="utf-8")
        asyncio.run(main())

    def test_many_without_threads(self):
        async def main():
            before = tasks()
            running = asyncio.gather(*[brood.async_run(["sh", "-c", f"read x; echo {n}"], stdin=brood.DEVNULL,
                                                       stdout=brood.PIPE, text=True) for n in range(200)])
            await asyncio.sleep(0)
            self.assertLessEqual(tasks(), before)  # another test's thread may just have ended
            results = await running
            self.assertLessEqual(tasks(), before)  # another test's thread may just have ended
            self.assertEqual([int(r.stdout) for r in results], list(range(200)))
        asyncio.run(main())

    def test_all_at_once(self):
        async def main():  # each waits for a byte that comes only after all have been started
            read_end, write_end = os.pipe()
            running = [asyncio.ensure_future(brood.async_run(["head", "-c", "1"], stdin=read_end, stdout=brood.PIPE))
                       for _ in range(50)]
            await asyncio.sleep(0)
            os.write(write_end, b"x" * 50)
            self.assertEqual([r.stdout for r in await asyncio.gather(*running)], [b"x"] * 50)
            os.close(read_end)
            os.close(write_end)
        asyncio.run(main())

    def test_timeout(self):
        async def main():
            with Held() as held:
                with self.assertRaises(brood.TimeoutExpired) as caught:
                    await brood.async_run("echo a; sleep 60 & sleep 60", shell=True, timeout=0.2, stdout=brood.PIPE,
                                          pass_fds=[held.write_end])
                self.assertTrue(held.gone())
            self.assertEqual((caught.exception.timeout, caught.exception.output), (0.2, b"a\n"))
            self.assertEqual(caught.exception.result.reason, "timed_out")
            with self.assertRaises(brood.TimeoutExpired) as caught:
                await brood.async_run(["sleep", "60"], stdout=brood.PIPE, idle_timeout=0.2)
            self.assertEqual(caught.exception.result.reason, "idle_timed_out")
        asyncio.run(main())

    def test_cancel_leaves_nothing(self):
        async def main():
            with Held() as held:
                ready = asyncio.Event()
                task = asyncio.create_task(brood.async_run(
                    "trap '' TERM; sleep 60 & echo ready; sleep 60", shell=True, on_line=lambda line: ready.set(),
                    stop="TERM,0.1s,KILL", pass_fds=[held.write_end]))
                await ready.wait()
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()  # no effect: it is on its way
                with self.assertRaises(asyncio.CancelledError):
                    await task
                self.assertTrue(held.gone())
                with self.assertRaises(ChildProcessError):
                    os.waitpid(-1, os.WNOHANG)
        asyncio.run(main())

    def test_wait_for(self):
        async def main():
            with Held() as held:
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(brood.async_run(["sleep", "60"], pass_fds=[held.write_end]), 0.1)
                self.assertTrue(held.gone())
        asyncio.run(main())

    def test_cancelled_before_it_began(self):
        async def main():
            task = asyncio.create_task(brood.async_run(["sleep", "60"]))
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
        asyncio.run(main())

    def test_on_line(self):
        async def main():
            lines, main_thread = [], threading.get_ident()

            def hear(stream, line):
                self.assertEqual(threading.get_ident(), main_thread)
                lines.append((stream, line))
            await brood.async_run("echo a; echo b >&2", shell=True, text=True, on_line=hear)
            self.assertEqual(sorted(lines), [("stderr", "b"), ("stdout", "a")])

            def fail(line):
                raise LookupError(line)
            with self.assertRaises(LookupError):
                await brood.async_run(["yes"], on_line=fail)
        asyncio.run(main())

    def test_the_loop_goes_on_meanwhile(self):
        async def main():
            count = 0
            task = asyncio.create_task(brood.async_run(["yes"], stdout=brood.PIPE, max_output=("1M", "tail")))
            while count < 100:  # a flood of output starves nobody
                count += 1
                await asyncio.sleep(0.001)
            self.assertFalse(task.done())
            task.cancel()
            await asyncio.wait([task])
        asyncio.run(main())

    def test_with_asyncio_s_own(self):
        async def main():
            process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
            ours = brood.async_run(["cat"], input=b"x", stdout=brood.PIPE)
            results = await asyncio.gather(ours, process.communicate(b"y"))
            self.assertEqual((results[0].stdout, results[1][0]), (b"x", b"y"))
        asyncio.run(main())

    def test_loops_in_threads(self):
        async def main():
            return [r.returncode for r in await asyncio.gather(*[brood.async_run(["true"]) for _ in range(10)])]
        found = []
        crowd = [threading.Thread(target=lambda: found.append(asyncio.run(main()))) for _ in range(8)]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        self.assertEqual(found, [[0] * 10] * 8)

    def test_closed_loop_stops_its_commands(self):
        with Held() as held:
            loop = asyncio.new_event_loop()
            task = loop.create_task(brood.async_run(["sleep", "60"], pass_fds=[held.write_end]))
            loop.run_until_complete(asyncio.sleep(0))
            task._log_destroy_pending = False
            loop.close()
            del task, loop
            gc.collect()
            self.assertTrue(held.gone())


class Interrupts(unittest.TestCase):
    def test_keyboard_interrupt(self):
        code, out, err = script("""
            import asyncio, brood, os, signal
            async def main():
                def interrupt(line):
                    os.kill(os.getpid(), signal.SIGINT)
                await brood.async_run("echo ready >&2; sleep 60 & sleep 60", shell=True, on_line=interrupt, pass_fds=[1])
            try:
                asyncio.run(main())
            except KeyboardInterrupt:
                print("interrupted")
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                print("no children")
        """)
        self.assertEqual((code, out), (0, "interrupted\nno children\n"), err)

    def test_signal_handler(self):
        code, out, err = script("""
            import asyncio, brood, os, signal
            async def main():
                loop, heard = asyncio.get_running_loop(), asyncio.Event()
                loop.add_signal_handler(signal.SIGUSR1, heard.set)
                command = brood.async_run(f"kill -USR1 {os.getpid()}; sleep 60", shell=True)
                task = asyncio.create_task(command)
                await heard.wait()
                task.cancel()
                await asyncio.wait([task])
                print(task.cancelled())
            asyncio.run(main())
        """)
        self.assertEqual((code, out), (0, "True\n"), err)


if __name__ == "__main__":
    unittest.main()
