#!/usr/bin/python3
# Opens the page of `brood report` in a headless Chromium, clicks, and compares what it shows with the journal: run.py BIN
# SPDX-License-Identifier: Apache-2.0
#
# Speaks the DevTools protocol over the pipe of --remote-debugging-pipe: JSON messages, each ended by a NUL byte.
# Exits with 77, which counts as skipped, where there is no Chromium.
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

SECONDS = 90
EVIL = ["--name=\udcff</script><script>document.title='taken'</script>", "<img src=x onerror=alert(1)>", "line\nbreak", "<!--"]


class Browser:
    """One page of one Chromium."""

    def __init__(self, program, folder):
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()
        self.end, self.number, self.buffer = time.monotonic() + SECONDS, 0, b""
        flags = ["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--disable-extensions", "--disable-background-networking", "--no-default-browser-check",
                 "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}"]
        # Chromium reads from 3 and writes to 4; a shell puts them there.
        script = f'exec 3<&{to_browser} 4>&{from_browser}; exec "$@"'
        self.process = subprocess.Popen(["bash", "-c", script, "bash", program, *flags], pass_fds=[to_browser, from_browser],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, HOME=folder, DBUS_SESSION_BUS_ADDRESS="disabled:"))
        os.close(to_browser)
        os.close(from_browser)
        self.session = None

    def receive(self):
        while b"\0" not in self.buffer:
            if not select.select([self.into], [], [], max(0, self.end - time.monotonic()))[0]:
                raise SystemExit("the browser did not answer in time")
            piece = os.read(self.into, 1 << 20)
            if not piece:
                raise SystemExit("the browser ended")
            self.buffer += piece
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Page.navigate", url=url)
        while self.ask("document.readyState + (document.URL === 'about:blank')") != "completefalse":
            time.sleep(0.02)

    def ask(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.into)
        os.close(self.out)


def check_page(browser, journal):
    """`journal`: the run, as --as json has it."""
    run, attempts = journal["run"], journal["attempts"]
    failed = [a for a in attempts if not a["success"]]
    by_seq = [a["seq"] for a in attempts]

    def rows():
        return browser.ask("[...document.querySelectorAll('#body tr')].map(r => Number(r.dataset.seq))")

    def click(column):
        browser.ask(f"[...document.querySelectorAll('#heads button')].find(b => b.dataset.name === '{column}').click()")

    assert browser.ask("document.title").startswith(f"run {run['run']}: brood map"), browser.ask("document.title")
    for name in ("succeeded", "failed", "skipped"):
        assert browser.ask(f"document.getElementById('count-{name}').dataset.count") == str(run[name]), name

    assert rows() == by_seq
    click("duration")
    assert rows() == [a["seq"] for a in sorted(attempts, key=lambda a: (a["wall_seconds"], a["seq"]))]
    click("duration")
    assert rows() == [a["seq"] for a in sorted(attempts, key=lambda a: (-a["wall_seconds"], a["seq"]))]
    click("memory")
    assert rows() == [a["seq"] for a in sorted(attempts, key=lambda a: (a["max_rss_bytes"], a["seq"]))]
    click("job")
    assert rows() == by_seq

    browser.ask("document.getElementById('only-failed').click()")
    assert rows() == [a["seq"] for a in failed]
    browser.ask("document.getElementById('only-failed').click()")
    browser.ask("{const f = document.getElementById('filter'); f.value = 'FILE-1'; f.dispatchEvent(new Event('input'))}")
    assert rows() == [a["seq"] for a in attempts if a["argv"][-1].startswith("file-1")]
    browser.ask("{const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))}")

    # The timeline has a bar for each attempt, coloured by how it ended; the histogram counts them all.
    bars = browser.ask("[...document.querySelectorAll('#timeline rect')].map(r => [Number(r.dataset.seq), r.getAttribute('class')])")
    assert sorted(map(tuple, bars)) == sorted((a["seq"], "ok" if a["success"] else "failed") for a in attempts)
    counts = browser.ask("[...document.querySelectorAll('#histogram rect')].map(r => Number(r.dataset.count))")
    assert sum(counts) == len(attempts), counts
    # Jobs of this journal overlap their successor at most, on the other worker.
    most = browser.ask("Number(document.querySelector('#memory path').dataset.most)")
    assert max(a["max_rss_bytes"] for a in attempts) <= most <= sum(a["max_rss_bytes"] for a in attempts)

    # The most common cause comes first, and the ends of the logs are there as text.
    causes = browser.ask("[...document.querySelectorAll('#causes .cause b')].map(b => parseInt(b.textContent))")
    assert causes == sorted(causes, reverse=True) and sum(causes) == len(failed), causes
    assert "<b>cannot</b> open file-3" in browser.ask("document.querySelector('#causes pre').textContent")
    assert browser.ask("document.querySelectorAll('#body pre').length") == len(failed)

    # What a job is called or writes is never markup, and nothing is fetched.
    assert browser.ask("document.querySelectorAll('img, #causes pre b, #body b').length") == 0
    shown = browser.ask("document.querySelector('#body tr td.command').firstChild.textContent")
    assert "<img src=x onerror=alert(1)>" in shown and "\\xff</script>" in shown and "line\\nbreak" in shown, shown
    assert browser.ask("performance.getEntriesByType('resource').length") == 0


def main():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        print("skipped: there is no chromium here (Debian package chromium)")
        sys.exit(77)
    folder_of_programs = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="brood-page-", ignore_cleanup_errors=True) as folder:
        journal = os.path.join(folder, ".brood")

        def report(form):
            return subprocess.run([folder_of_programs / "brood", "report", "--journal", journal, "--as", form],
                                  check=True, stdout=subprocess.PIPE).stdout
        subprocess.run([folder_of_programs / "journal-writer", journal, "40", *(os.fsencode(word) for word in EVIL)],
                       check=True, stdout=subprocess.DEVNULL)
        facts = json.loads(report("json"))
        xml.etree.ElementTree.fromstring(report("junit"))
        page = Path(folder, "page.html")
        page.write_bytes(report("html"))
        browser = Browser(chromium, os.path.join(folder, "profile"))
        try:
            browser.open(page.as_uri())
            check_page(browser, facts)
        finally:
            browser.close()
    print(f"the page shows what the journal has: {len(facts['attempts'])} attempts")


main()
