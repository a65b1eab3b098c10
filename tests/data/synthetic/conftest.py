"""One small made-up county and one whole prefecture, each made once for all tests."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from data.synthetic.city import DemoSummary, make_city
from data.synthetic.land import Land, make_land
from data.synthetic.scales import SCALES


@dataclass(frozen=True)
class Made:
    """A city on disk."""

    folder: Path
    summary: DemoSummary

    def truth(self, name: str) -> pd.DataFrame:
        """Read a table of the truth."""
        return pd.read_parquet(self.folder / "truth" / f"{name}.parquet")


@pytest.fixture(scope="session")
def county(tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("county")
    return Made(folder, make_city(folder, seed=7, scale="county"))


@pytest.fixture(scope="session")
def county_land() -> Land:
    return make_land(SCALES["county"], seed=7)


@pytest.fixture(scope="session")
def prefecture(tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("prefecture")
    return Made(folder, make_city(folder, seed=3))


@pytest.fixture(scope="session")
def prefecture_land() -> Land:
    return make_land(SCALES["prefecture"], seed=3)
