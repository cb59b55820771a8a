# Builds the wheel that pip installs: by scikit-build-core where that is installed, else by CMake alone.
# SPDX-License-Identifier: Apache-2.0
"""The hooks of PEP 517. Nothing is downloaded: CMake, a compiler and pybind11 are the system's."""
import base64
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

try:
    from scikit_build_core import build as _scikit
except ImportError:
    _scikit = None

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME = f"{PROJECT['name']}-{PROJECT['version']}"
HOME = ROOT / "build/editable"
LEFT_OUT = {"build", ".git", ".brood", "__pycache__"}


def _metadata():
    readme = (ROOT / PROJECT["readme"]).read_text()
    classifiers = "".join(f"Classifier: {each}\n" for each in PROJECT["classifiers"])
    return (f"Metadata-Version: 2.1\nName: {PROJECT['name']}\nVersion: {PROJECT['version']}\n"
            f"Summary: {PROJECT['description']}\nLicense: {PROJECT['license']['text']}\n"
            f"Requires-Python: {PROJECT['requires-python']}\n{classifiers}"
            f"Description-Content-Type: text/markdown\n\n{readme}")


def _tag():
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"{version}-{version}-{platform}"


def _step(*command):
    try:
        subprocess.run(command, check=True, stdout=sys.stderr)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"brood: {command[0]} ended with status {error.returncode}; what it says is above") from None


def _pybind11():
    """Where CMake finds the one that pip installed, if there is one."""
    try:
        import pybind11
    except ImportError:
        return {}
    return {"pybind11_DIR": pybind11.get_cmake_dir()}


def _compile(folder):
    """A CMake build in `folder`: where the package is."""
    if not shutil.which("cmake"):
        raise SystemExit("brood: there is no cmake here; the package is built with cmake, ninja or make, a C++20 compiler, "
                         "pybind11 and Python's headers (Debian: cmake g++ make pybind11-dev python3-dev)")
    settings = {"CMAKE_BUILD_TYPE": "Release", "BROOD_DEV": "OFF", "BROOD_TOOL": "OFF", "BROOD_INSTALL": "OFF",
                "BROOD_PYTHON_MODULE": "ON", "BROOD_PYTHON_REQUIRED": "ON", "Python_EXECUTABLE": sys.executable,
                **_pybind11()}
    _step("cmake", "-S", str(ROOT), "-B", str(folder), *(f"-D{k}={v}" for k, v in settings.items()))
    _step("cmake", "--build", str(folder), "--target", "brood_python", "--parallel")
    return Path(folder) / "python/brood"


def _link(package, folder):
    """The package in `folder`, of links to the sources and the extension: edits of Python files need no build."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    sources = {path.name: path for path in (ROOT / "python/brood").iterdir() if path.suffix in (".py", ".pyi", ".typed")}
    built = {path.name: path for path in package.glob("_engine*")}
    for name, path in {**sources, **built}.items():
        (folder / name).symlink_to(path)


def _digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _write_wheel(wheel_directory, files):
    info = f"{NAME}.dist-info"
    files[f"{info}/METADATA"] = _metadata().encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: brood\nRoot-Is-Purelib: false\nTag: {_tag()}\n".encode()
    files[f"{info}/licenses/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = f"{NAME}-{_tag()}.whl"
    with zipfile.ZipFile(Path(wheel_directory) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if _scikit:
        return _scikit.build_wheel(wheel_directory, config_settings, metadata_directory)
    with tempfile.TemporaryDirectory() as folder:
        package = _compile(folder)
        files = {f"brood/{path.name}": path.read_bytes() for path in sorted(package.iterdir()) if path.is_file()}
    return _write_wheel(wheel_directory, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """pip install -e: the build stays in build/editable, and a path to it is what is installed."""
    if _scikit and hasattr(_scikit, "build_editable"):
        return _scikit.build_editable(wheel_directory, config_settings, metadata_directory)
    home = HOME / _tag()
    _link(_compile(home / "cmake"), home / "path/brood")
    return _write_wheel(wheel_directory, {f"__editable__.{PROJECT['name']}.pth": f"{home / 'path'}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    if _scikit:
        return _scikit.build_sdist(sdist_directory, config_settings)
    name = f"{NAME}.tar.gz"

    def keep(entry):
        return None if LEFT_OUT & set(Path(entry.name).parts) else entry

    with tempfile.TemporaryDirectory() as folder, tarfile.open(Path(sdist_directory) / name, "w:gz") as archive:
        archive.add(ROOT, NAME, filter=keep)
        information = Path(folder) / "PKG-INFO"
        information.write_text(_metadata())
        archive.add(information, f"{NAME}/PKG-INFO")
    return name
