#!/usr/bin/python3
# Checks that words which were given up stay away, and that comments and pages avoid some constructions that are no English.
# SPDX-License-Identifier: Apache-2.0
import re

from common import Report, code_blocks_removed, files, text

# What stands in their place is the field's word; a metaphor that stays is in the glossary of ARCHITECTURE.md.
GONE = {
    "ground_crew": "spawn_resources", "launch_pads?": "child_stack", "take_?off": "pending_exec", "flights?": "process_task",
    "flight_owner": "exit_handler", "landed": "on_exit", "understudy": "executor", "cues?": "event", "idle_guardians": "guardian_pool",
    "guardian_link": "guardian_handle", "(?:still_)?bell": "wakeup pipe", "passed_plan": "remapped_plan",
    "(?:try_)?spawn_below": "spawn with resources", "expect_sealed": "prestart_guardian", "stakes?": "job_token",
    "slot_source": "token_source", "equip(?:s|ped)?": "prepare", "wishes": "requests", "verdicts?": "fault, result",
    "convict(?:s|ed)?": "fail", "bury|buried": "reap", "chronicles?": "run_journal", "composer": "command_template",
    "hunger|appetite": "size", "keepers": "sinks", "headway": "progress", "forecast": "dry_run",
    "targets_linux|class targets|targets::": "process_tree",
}
WORD = re.compile("|".join(f"(?P<w{i}>(?<![A-Za-z])(?:{old})(?![a-z]))" for i, old in enumerate(GONE)))
VERBS = "is|are|was|has|have|had|may|can|does|did|comes?|starts?|wants?|holds?|needs?|waits?|knows?|asks?|gets?|reads?|ends?|runs?"
ODD = (
    (re.compile(rf"(?:^(?=W)|[.;:!?] |\band )([Ww]ho (?:{VERBS})\b)(?![^.]*\?)"), "a clause in place of a noun: say who"),
    (re.compile(r"\b(dear)\b", re.I), "expensive"),
    (re.compile(r"((?<!thing)(?<!body)(?<!one)(?<!ere)(?<!what)(?<!who)(?<!how) else)(?:[.)]|$)"), "otherwise"),
    (re.compile(r"\b((?:forks|knows|waits|comes|goes|works|sees|stays|runs|ends|hangs) not)\b"), "does not"),
    (re.compile(r"(, and not known to have)\b"), "two clauses in one"),
    (re.compile(r"\b(whose affair|is nobody's(?= ?[.;,]))"), "say what happens to it"),
    (re.compile(r", [^.;]*\b(neither)[.;]"), "and neither is"),
    (re.compile(r"\b((?:is|are|be) not in need of|in need of it)\b"), "does not need"),
)
COMMENT = re.compile(r"^\s*(?:///?<?|#(?!include|if|e|define|pragma|undef)|\*)(?:\s|$)|\s(?:///?<?) ")
UNDER = ["src", "include", "cli", "journal", "python", "docs", ":(glob)*.md"]
report = Report()


def paragraphs(path):
    """The prose of a file: the number of each paragraph's first line, and its lines as one."""
    content = text(path)
    is_page = path.suffix == ".md"
    first, kept = 0, []
    for number, line in enumerate((code_blocks_removed(content) if is_page else content).splitlines() + [""], 1):
        match = None if is_page else COMMENT.search(line)
        piece = line.strip() if is_page else line[match.end():].strip() if match else ""
        alone = bool(match and match.start() > 0 and line[: match.start()].strip())  # behind code
        if kept and (not piece or alone or piece.startswith(("|", "- ", "#"))):
            yield first, " ".join(kept)
            kept = []
        if piece and not kept:
            first = number
        if piece:
            kept.append(piece)


for path in files(".cpp", ".hpp", ".S", ".py", ".pyi", ".md", under=UNDER):
    for number, line in enumerate(text(path).splitlines(), 1):
        for match in WORD.finditer(line):
            new = list(GONE.values())[int(match.lastgroup[1:])]
            report.bad(f"{path}:{number}", f"{match[0]}: {new}")
    for number, prose in paragraphs(path):
        for pattern, better in ODD:
            for match in pattern.finditer(prose):
                around = prose[max(0, match.start(1) - 40): match.end(1) + 30]
                report.bad(f"{path}:{number}", f"\"{match[1].strip()}\" ({better}): ...{around}...")
report.finish()
