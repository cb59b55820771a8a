# The Python examples of the documentation, run as they are printed.
# SPDX-License-Identifier: Apache-2.0
import doctest
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.S | re.M)


class Guide(unittest.TestCase):
    pass


def _add(page):
    def test(self):
        content = page.read_text(encoding="utf-8")
        names, runner = {}, doctest.DocTestRunner()
        for block in BLOCK.finditer(content):
            line = content.count("\n", 0, block.start(1))
            if ">>>" in block[1]:
                example = doctest.DocTestParser().get_doctest(block[1], names, page.name, str(page), line)
                said = []
                runner.run(example, out=said.append, clear_globs=False)
                self.assertEqual("".join(said), "")
                names = example.globs
            else:
                exec(compile("\n" * line + block[1], str(page), "exec"), names)
    setattr(Guide, f"test_{page.stem}", test)


for _page in [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "python/README.md"]:
    if BLOCK.search(_page.read_text(encoding="utf-8")):
        _add(_page)

if __name__ == "__main__":
    unittest.main()
