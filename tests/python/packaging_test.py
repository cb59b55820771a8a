# The hooks by which pip builds the package: what they make, and what they say where something is missing.
# SPDX-License-Identifier: Apache-2.0
import importlib.util
import os
import tempfile
import unittest
import unittest.mock
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def backend():
    spec = importlib.util.spec_from_file_location("build_backend", ROOT / "python/build_backend.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._scikit = None
    return module


class Packaging(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.built = self.folder / "built/brood"
        self.built.mkdir(parents=True)
        (self.built / "_engine.so").write_bytes(b"x")
        (self.built / "_run.py").write_bytes(b"y")

    def wheel(self, module, hook):
        with unittest.mock.patch.object(module, "_compile", lambda folder: self.built):
            with zipfile.ZipFile(self.folder / getattr(module, hook)(self.folder)) as archive:
                return {name: archive.read(name) for name in archive.namelist()}

    def test_a_wheel(self):
        files = self.wheel(backend(), "build_wheel")
        self.assertEqual((files["brood/_engine.so"], files["brood/_run.py"]), (b"x", b"y"))
        self.assertEqual(sorted(name.rpartition("/")[2] for name in files if ".dist-info" in name),
                         ["LICENSE", "METADATA", "RECORD", "WHEEL"])

    def test_an_editable_wheel_is_a_path_to_links(self):
        module = backend()
        with unittest.mock.patch.object(module, "HOME", self.folder / "home"):
            for _ in range(2):  # again: links are made anew
                files = self.wheel(module, "build_editable")
        path = Path(files["__editable__.brood.pth"].decode().strip())
        self.assertEqual(os.readlink(path / "brood/_run.py"), str(ROOT / "python/brood/_run.py"))
        self.assertEqual((path / "brood/_engine.so").read_bytes(), b"x")

    def test_what_is_missing_is_one_line(self):
        module = backend()
        with unittest.mock.patch("shutil.which", return_value=None):
            with self.assertRaisesRegex(SystemExit, "^brood: there is no cmake here[^\n]*$"):
                module.build_wheel(self.folder)
        with self.assertRaisesRegex(SystemExit, "^brood: false ended with status 1[^\n]*$"):
            module._step("false")


if __name__ == "__main__":
    unittest.main()
