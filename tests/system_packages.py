"""Install what only the system's package manager has: Chromium, a Chinese font, PostgreSQL."""

import os
import shutil
import subprocess
import sys

from tests import postgres_server


def missing() -> list[str]:
    """Return the Debian packages that browser tests and tests on a server store still need."""
    packages = postgres_server.missing()
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        packages.append("chromium")
    listing = shutil.which("fc-list")
    fonts = (
        subprocess.run([listing, ":lang=zh-cn"], capture_output=True, text=True, check=False).stdout
        if listing
        else ""
    )
    if not fonts.strip():
        packages += ["fontconfig", "fonts-noto-cjk"]
    return packages


def main() -> int:
    """Install the missing packages as root, else say in one sentence what to install."""
    packages = missing()
    if not packages:
        return 0
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.stderr.write(
            f"Tests need {', '.join(packages)}: "
            f"install them with your system's package manager, then run make test again.\n"
        )
        return 1
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "update", "-q"], check=True, env=environment)
    subprocess.run(
        [apt, "install", "-y", "-q", "--no-install-recommends", *packages],
        check=True,
        env=environment,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
