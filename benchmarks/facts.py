"""What the figures depend on: the machine's kind and the versions of everything."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import ssl
import subprocess
from pathlib import Path

from analytics_tracker_construct import __version__

from .contenders import NODE_PEERS, PYTHON_PEERS

_PACKAGES = ("boto3", "botocore", "aws_lambda_powertools", "pydantic")
_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def machine() -> dict[str, object]:
    """Return what the machine is; nothing that tells whose it is."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "system": platform.system(),
    }


def versions() -> dict[str, str]:
    """Return the versions of what was measured and of what it ran on."""
    found = {
        "analytics-tracker-construct": __version__,
        "Python": platform.python_version(),
        "OpenSSL": ssl.OPENSSL_VERSION,
    }
    for name in _PACKAGES:
        for folder in PYTHON_PEERS.glob(f"{name}-*.dist-info"):
            _, _, version = folder.name.removesuffix(".dist-info").partition("-")
            found[name.replace("_", "-")] = version
    if shutil.which("node"):
        command = ["node", "--version"]
        found["Node.js"] = subprocess.check_output(command, text=True).strip()[1:]
    package = NODE_PEERS / "node_modules" / "@aws-sdk" / "client-s3" / "package.json"
    if package.exists():
        found["@aws-sdk/client-s3"] = json.loads(package.read_text())["version"]
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    model = _MODEL.search(cpuinfo.read_text()) if cpuinfo.exists() else None
    return model[1] if model else platform.machine()
