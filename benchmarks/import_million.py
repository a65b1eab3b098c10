"""
Load a million complaint rows from CSV into SQLite: seconds and peak memory.

``python -m benchmarks.import_million [--rows N]`` writes the file (invented rows,
one in a thousand wrong), loads it as a user would, and prints one JSON object last.
"""

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from data.schema import CHANNELS, TIME_ZONE, TOPICS

ROOT = Path(__file__).parent.parent
HEADER = [
    *("线索编号", "登记时间", "渠道", "类别", "机构编号", "地点", "区划代码", "经度", "纬度"),
    *("摘要", "状态", "办结日期", "办理结果"),
]


def write_rows(path: Path, n_rows: int, *, seed: int = 1) -> int:
    """Write the rows and return how many of them must be refused."""
    chance = random.Random(seed)
    channels = [labels[0] for labels in CHANNELS.values()]
    topics = [labels[0] for labels in TOPICS.values()]
    start = datetime(2019, 1, 1, tzinfo=TIME_ZONE)
    n_wrong = 0
    with path.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(HEADER)
        for number in range(n_rows):
            received = start + timedelta(minutes=3 * number)
            closed = received + timedelta(days=chance.randrange(2, 40))
            wrong = number % 1000 == 999
            n_wrong += wrong
            writer.writerow(
                [
                    f"XS{number:08d}",
                    "昨天" if wrong else received.strftime("%Y-%m-%d %H:%M"),
                    chance.choice(channels),
                    chance.choice(topics),
                    f"F{chance.randrange(10_000):05d}" if number % 3 else "",
                    f"某镇某村{chance.randrange(200)}号",
                    f"99010{chance.randrange(1, 9)}{chance.randrange(1, 20):03d}",
                    round(112 + chance.random(), 6),
                    round(23 + chance.random(), 6),
                    "群众反映该处无证行医" if number % 2 else "",
                    "已办结" if number % 5 else "办理中",
                    closed.strftime("%Y-%m-%d") if number % 5 else "",
                    "查实" if number % 5 else "",
                ]
            )
    return n_wrong


def main() -> int:
    """Make the file, load it, print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "complaints.csv"
        n_wrong = write_rows(path, given.rows)
        report = Path(folder) / "report.json"
        command = ["load", str(path), "--datum", "wgs84", "--report", str(report)]
        before = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "cli", *command, "--store", f"sqlite:///{folder}/s.sqlite"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - before
        if done.returncode != 0:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
        (file,) = json.loads(report.read_text(encoding="utf-8"))["files"]
        size_mb = path.stat().st_size / 2**20
    figures = {
        "rows": file["rows"],
        "taken": file["taken"],
        "refused": len(file["refused"]),
        "refused_expected": n_wrong,
        "file_mb": round(size_mb),
        "seconds": round(seconds, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
