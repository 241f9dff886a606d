"""Certificates for 127.0.0.1 that sign themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.conftest import RequireComponent


def certify(folder: Path, name: str, require_component: RequireComponent) -> tuple[Path, Path]:
    """The files of a new key and its certificate."""
    require_component("openssl", shutil.which("openssl") is not None, "apt-get install openssl")
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return key, certificate
