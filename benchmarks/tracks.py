"""
How well moving practitioners are found in made-up reports, and how often noise is.

    python -m benchmarks.tracks [--worlds N] [--out FILE]

Precision and recall of reports in tracks over worlds with two movers among 250 others,
the share of movers of whom at least three reports are joined, and tracks per world
without any mover, beside the rate that the setting states. One JSON object is printed.
"""

import argparse
import json
from pathlib import Path

from risk.tracks import TrackParams, find_tracks


def main() -> None:
    """Measure and print."""
    from tests.risk import track_worlds

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    params = TrackParams()
    told = true = own = movers_found = n_movers = 0
    for seed in range(given.worlds):
        reports, movers = track_worlds.world(1000 + seed)
        ids = reports["complaint_id"].to_numpy()
        found = find_tracks(reports, params, now_s=track_worlds.NOW_S, seed=1)
        tracks = [frozenset(ids[list(track.rows)]) for track in found]
        told += sum(map(len, tracks))
        true += sum(max(len(mover & track) for mover in movers) for track in tracks)
        own += sum(map(len, movers))
        n_movers += len(movers)
        movers_found += sum(any(len(m & track) >= 3 for track in tracks) for m in movers)
    noise = 0
    for seed in range(given.worlds):
        reports, _ = track_worlds.world(5000 + seed, n_movers=0)
        noise += len(find_tracks(reports, params, now_s=track_worlds.NOW_S, seed=1))
    out = {
        "worlds": given.worlds,
        "precision": round(true / max(told, 1), 3),
        "recall": round(true / own, 3),
        "movers_found": round(movers_found / n_movers, 3),
        "noise_tracks_per_run": round(noise / given.worlds, 3),
        "stated_rate": params.false_per_run,
    }
    if given.out:
        given.out.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out))


if __name__ == "__main__":
    main()
