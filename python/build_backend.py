# Builds the wheel that pip installs: by scikit-build-core where that is installed, else by CMake alone.
# SPDX-License-Identifier: Apache-2.0
"""The hooks of PEP 517. Nothing is downloaded: CMake, a compiler and pybind11 are the system's."""
import base64
import hashlib
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


def _build(folder):
    """The package's files, by name, from a CMake build in `folder`."""
    settings = {"CMAKE_BUILD_TYPE": "Release", "BROOD_DEV": "OFF", "BROOD_TOOL": "OFF", "BROOD_INSTALL": "OFF",
                "BROOD_PYTHON_MODULE": "ON", "Python_EXECUTABLE": sys.executable}
    subprocess.run(["cmake", "-S", str(ROOT), "-B", folder, *(f"-D{k}={v}" for k, v in settings.items())],
                   check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", folder, "--target", "brood_python", "--parallel"], check=True,
                   stdout=sys.stderr)
    package = Path(folder) / "python/brood"
    return {f"brood/{path.name}": path.read_bytes() for path in sorted(package.iterdir()) if path.is_file()}


def _digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if _scikit:
        return _scikit.build_wheel(wheel_directory, config_settings, metadata_directory)
    with tempfile.TemporaryDirectory() as folder:
        files = _build(folder)
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
