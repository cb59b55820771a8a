# One table of calls, made with the standard module and with ours: the outcomes must be the same.
# SPDX-License-Identifier: Apache-2.0
import os
import pickle
import subprocess as standard
import sys
import tempfile
import unittest
from pathlib import Path

import brood.subprocess as ours

PY = sys.executable
CAT = [PY, "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"]
BOTH = "import sys; sys.stdout.write('out\\n'); sys.stdout.flush(); sys.stderr.write('err\\n')"


def code(text, *arguments):
    return [PY, "-c", text, *arguments]


# name -> a function of the module. Results, or what is raised, are compared.
CALLS = {
    # statuses
    "exit 0": lambda m: m.run(code("pass")),
    "exit 3": lambda m: m.run(code("raise SystemExit(3)")),
    "exit 255": lambda m: m.call(["sh", "-c", "exit 255"]),
    "killed": lambda m: m.run(["sh", "-c", "kill -9 $$"]),
    "check_call": lambda m: m.check_call(["sh", "-c", "exit 2"]),
    "check_call good": lambda m: m.check_call(["true"]),
    "check killed": lambda m: m.run(["sh", "-c", "kill -15 $$"], check=True),
    "check with output": lambda m: m.run(["sh", "-c", "echo o; echo e >&2; exit 4"], check=True, capture_output=True),
    # output
    "capture": lambda m: m.run(code(BOTH), capture_output=True),
    "stdout": lambda m: m.run(code(BOTH), stdout=m.PIPE, stderr=m.DEVNULL),
    "stderr": lambda m: m.run(code(BOTH), stdout=m.DEVNULL, stderr=m.PIPE),
    "merged": lambda m: m.run(code(BOTH), stdout=m.PIPE, stderr=m.STDOUT),
    "check_output": lambda m: m.check_output(["echo", "x"]),
    "check_output text": lambda m: m.check_output(["printf", "a\\r\\nb\\rc\\n"], text=True),
    "check_output binary": lambda m: m.check_output(["printf", "a\\r\\nb\\rc\\n"]),
    "check_output stdout": lambda m: m.check_output(["echo"], stdout=m.PIPE),
    "check_output fails": lambda m: m.check_output(["sh", "-c", "echo x; exit 1"]),
    "getoutput": lambda m: m.getoutput("echo a; echo b >&2"),
    "getstatusoutput": lambda m: m.getstatusoutput("echo a; exit 7"),
    "getstatusoutput signal": lambda m: m.getstatusoutput("kill -9 $$"),
    "large": lambda m: len(m.check_output(["head", "-c", "3000000", "/dev/zero"])),
    "large both": lambda m: len(m.run("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2", shell=True,
                                      capture_output=True).stderr),
    # input
    "input": lambda m: m.run(CAT, input=b"abc", capture_output=True),
    "input empty": lambda m: m.run(CAT, input=b"", stdout=m.PIPE),
    "input text": lambda m: m.run(CAT, input="h\xe9\n", stdout=m.PIPE, encoding="latin-1"),
    "input large": lambda m: len(m.run(CAT, input=b"x" * 2000000, stdout=m.PIPE).stdout),
    "input not read": lambda m: m.run(["true"], input=b"x" * 2000000),
    "input empty str": lambda m: m.run(CAT, input="", stdout=m.PIPE),
    "input str": lambda m: m.run(CAT, input="abc", stdout=m.PIPE),
    "input bytes as text": lambda m: m.run(CAT, input=b"abc", stdout=m.PIPE, timeout=60, text=True),
    "input and stdin": lambda m: m.run(CAT, input=b"", stdin=m.PIPE),
    "input None": lambda m: m.check_output(CAT, input=None),
    "input bytearray": lambda m: m.run(CAT, input=bytearray(b"xyz"), stdout=m.PIPE),
    # text
    "errors": lambda m: m.run(["printf", "a\\377b"], stdout=m.PIPE, encoding="utf-8", errors="replace"),
    "bad text": lambda m: m.run(["printf", "a\\377b"], stdout=m.PIPE, encoding="utf-8"),
    "unknown encoding": lambda m: m.run(["true"], stdout=m.PIPE, encoding="no-such"),
    "text twice": lambda m: m.run(["true"], text=True, universal_newlines=False),
    # what is not there
    "no program": lambda m: m.run(["/no/such/program"]),
    "no program on PATH": lambda m: m.run(["no-such-program"]),
    "no permission": lambda m: m.run(["/etc/passwd"]),
    "a directory": lambda m: m.run(["/"]),
    "no directory": lambda m: m.run(["true"], cwd="/no/such"),
    "not a directory": lambda m: m.run(["true"], cwd="/etc/passwd"),
    "empty cwd": lambda m: m.run(["true"], cwd=""),
    "empty list": lambda m: m.run([]),
    "empty name": lambda m: m.run([""]),
    "NUL": lambda m: m.run(["echo", "a\0b"]),
    "NUL in env": lambda m: m.run(["echo"], env={"A": "a\0b"}),
    "= in env": lambda m: m.run(["echo"], env={"A=B": "c"}),
    "number": lambda m: m.run(["echo", 3]),
    "None": lambda m: m.run(None),
    "unknown keyword": lambda m: m.run(["true"], no_such=1),
    "bufsize": lambda m: m.Popen(["true"], bufsize="x"),
    "negative user": lambda m: m.run(["true"], user=-1),
    "unknown user": lambda m: m.run(["true"], user="no-such-user"),
    "huge group": lambda m: m.run(["true"], group=2 ** 64),
    "user as bytes": lambda m: m.run(["true"], user=b"x"),
    "group None in a list": lambda m: m.run(["true"], extra_groups=[None]),
    "too many groups": lambda m: m.run(["true"], extra_groups=range(70000)),
    "groups as text": lambda m: m.run(["true"], extra_groups="x"),
    "startupinfo": lambda m: m.run(["true"], startupinfo=1),
    "bad pass_fds": lambda m: m.run(["true"], pass_fds=(-1,)),
    "negative descriptor": lambda m: m.run(["true"], stdout=-4),
    "negative stdin by fork": lambda m: m.run(["true"], stdin=-4, preexec_fn=int),
    "huge descriptor": lambda m: m.run(["true"], stderr=2 ** 40),
    "process group as text": lambda m: m.run(["true"], process_group="x"),
    "huge process group": lambda m: m.run(["true"], process_group=2 ** 40),
    "huge umask": lambda m: m.run(["true"], umask=2 ** 40),
    "closed descriptor": lambda m: m.run(["true"], stdout=987),
    "session and group": lambda m: m.run(["true"], start_new_session=True, process_group=0),
    # where and as what
    "cwd": lambda m: m.run(["pwd"], cwd="/usr", stdout=m.PIPE),
    "cwd Path": lambda m: m.run([Path("pwd")], cwd=Path("/usr"), stdout=m.PIPE),
    "env": lambda m: m.run(["sh", "-c", "echo $A"], env={"A": "1", "PATH": os.environ["PATH"]}, stdout=m.PIPE),
    "env bytes": lambda m: m.run(["sh", "-c", "echo $A"], env={b"A": b"\xff"}, stdout=m.PIPE),
    "env without PATH": lambda m: m.run(["sh", "-c", "echo ok"], env={}, stdout=m.PIPE),
    "PATH of env": lambda m: m.run(["sh"], env={"PATH": "/no/such"}),
    "executable": lambda m: m.run(["name", "-c", "echo $0"], executable="/bin/sh", stdout=m.PIPE),
    "shell": lambda m: m.run("echo $((1+2)) | cat", shell=True, stdout=m.PIPE),
    "shell list": lambda m: m.run(["echo $0 $1", "a", "b"], shell=True, stdout=m.PIPE),
    "shell Path": lambda m: m.run(Path("x"), shell=True),
    "shell executable": lambda m: m.run("echo $0", shell=True, executable="/bin/bash", stdout=m.PIPE),
    "umask": lambda m: m.run(["sh", "-c", "umask"], umask=0o27, stdout=m.PIPE),
    "new session": lambda m: m.run(code("import os; print(os.getsid(0) == os.getpid())"), start_new_session=True,
                                   stdout=m.PIPE),
    "process group": lambda m: m.run(code("import os; print(os.getpgid(0) == os.getpid())"), process_group=0,
                                     stdout=m.PIPE),
    "preexec": lambda m: m.run(["pwd"], preexec_fn=lambda: os.chdir("/usr"), stdout=m.PIPE),
    "preexec fails": lambda m: m.run(["pwd"], preexec_fn=lambda: 1 / 0),
    "signals restored": lambda m: m.run(["grep", "SigIgn", "/proc/self/status"], stdout=m.PIPE),
    "signals kept": lambda m: m.run(["grep", "SigIgn", "/proc/self/status"], stdout=m.PIPE, restore_signals=False),
    "mask": lambda m: m.run(["grep", "SigBlk", "/proc/self/status"], stdout=m.PIPE),
    "descriptors": lambda m: m.run(["ls", "/proc/self/fd"], stdout=m.PIPE),
    # time
    "timeout": lambda m: m.run(["sleep", "60"], timeout=0.1),
    "timeout with output": lambda m: m.run("echo a; exec sleep 60", shell=True, capture_output=True, timeout=0.5),
    "timeout with text": lambda m: m.run("echo a; exec sleep 60", shell=True, stdout=m.PIPE, text=True, timeout=0.5),
    "call timeout": lambda m: m.call(["sleep", "60"], timeout=0.1),
    "in time": lambda m: m.run(["echo", "x"], timeout=60, capture_output=True),
    "timeout text": lambda m: m.run(["true"], timeout="1"),
    # objects
    "repr": lambda m: repr(m.CompletedProcess(["a"], 1, b"x")),
    "repr of Popen": lambda m: repr(_ended(m.Popen(["true"]))),
    "str of an error": lambda m: [str(m.CalledProcessError(n, "c")) for n in (1, -9, -200)],
    "str of a timeout": lambda m: str(m.TimeoutExpired("c", 2.5)),
    "list2cmdline": lambda m: m.list2cmdline(["a b", 'c"d', "e\\\\ f\\", "", "g\\h"]),
    "flags": lambda m: m._args_from_interpreter_flags(),
    "pickled result": lambda m: repr(pickle.loads(pickle.dumps(m.CompletedProcess("a", 0, "x", "y")))),
    "pickled error": lambda m: vars(pickle.loads(pickle.dumps(m.CalledProcessError(1, "a", b"o", b"e")))),
    "pickled timeout": lambda m: vars(pickle.loads(pickle.dumps(m.TimeoutExpired("a", 1, b"o")))),
    "communicate twice": lambda m: _twice(m.Popen(["echo", "x"], stdout=m.PIPE, stderr=m.PIPE)),
    "poll, wait": lambda m: _polled(m.Popen(["sh", "-c", "exit 5"])),
    "with": lambda m: _with(m),
    "names": lambda m: sorted(m.__all__),
}


def _ended(process):
    process.wait()
    return process


def _polled(process):
    return process.wait(), process.poll(), process.returncode, process.wait(timeout=0)


def _twice(process):
    return process.communicate(), process.communicate()


def _with(m):
    with m.Popen(CAT, stdin=m.PIPE, stdout=m.PIPE, text=True) as process:
        process.stdin.write("a\nb\n")
        process.stdin.close()
        return list(process.stdout), process.stderr


def outcome(call, module):
    try:
        value = call(module)
    except Exception as error:
        fields = {k: v for k, v in vars(error).items() if k not in ("timeout",)}
        os_error = (error.errno, error.strerror, error.filename) if isinstance(error, OSError) else None
        return type(error).__name__, os_error, fields
    return vars(value) if isinstance(value, module.CompletedProcess) else value


class Parity(unittest.TestCase):
    maxDiff = None


def _add(name, call):
    def test(self):
        before = set(os.listdir("/proc/self/fd"))
        self.assertEqual(outcome(call, ours), outcome(call, standard))
        self.assertEqual(set(os.listdir("/proc/self/fd")), before)
    setattr(Parity, f"test_{name}", test)


if sys.version_info[:2] == (3, 12):
    del CALLS["huge process group"]  # there the number is cut short

for _name, _call in CALLS.items():
    _add(_name, _call)

if __name__ == "__main__":
    sys.stdin.close()
    os.chdir(tempfile.gettempdir())
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    unittest.main(warnings="ignore")
