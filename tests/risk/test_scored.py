"""The pure run: any subset of data, no leak, reasons that add up."""

import json

import numpy as np
import pandas as pd
import pytest

from data.records import Message
from risk import scored
from risk.params import ScoringParams
from tests.risk import made_up

PARAMS = ScoringParams()


def _everything():
    rng = np.random.default_rng(8)
    visits = [
        (
            f"F{rng.integers(0, 8)}",
            int(rng.integers(1, 700)),
            str(rng.choice(["pass", "violation"])),
        )
        for _ in range(60)
    ]
    return {
        "areas": made_up.areas(),
        "facilities": made_up.facilities(8),
        "inspections": made_up.inspections(visits),
        "complaints": made_up.complaints([int(d) for d in rng.integers(1, 700, 80)]),
        "cases": made_up.cases([int(d) for d in rng.integers(1, 700, 12)], closed_on=pd.NaT),
        "population": pd.DataFrame(
            {
                "lon": made_up.LON + rng.normal(0, 0.02, 50),
                "lat": made_up.LAT + rng.normal(0, 0.02, 50),
                "population": rng.uniform(10, 400, 50),
            }
        ),
    }


def _score(kinds, params=PARAMS):
    return scored.score_frames(made_up.frames(**kinds), params, as_of=made_up.AS_OF)


def _bytes(result):
    return (
        result.cells.to_csv().encode(),
        result.facilities.to_csv().encode(),
        json.dumps(result.summary, sort_keys=True).encode(),
    )


def test_the_tables_have_the_agreed_columns():
    """Store, map and files rely on them."""
    result = _score(_everything())
    assert tuple(result.cells.columns) == scored.CELL_COLUMNS
    assert tuple(result.facilities.columns) == scored.FACILITY_COLUMNS


def test_reasons_add_up_to_mean_and_p():
    """To 1e-9, for every cell and facility."""
    result = _score(_everything())
    for table, column in ((result.cells, "mean"), (result.facilities, "p")):
        sums = [sum(part["c"] for part in json.loads(text)) for text in table["reasons"]]
        assert np.abs(np.array(sums) - table[column].to_numpy()).max() < 1e-9
        assert max(len(json.loads(text)) for text in table["reasons"]) <= 6


def test_every_reason_can_be_said():
    """A placeholder without a value would break the screen."""
    result = _score(_everything())
    for text in [*result.cells["reasons"], *result.facilities["reasons"]]:
        for part in json.loads(text):
            assert "{" not in part["t"].format(**part["v"])


@pytest.mark.parametrize(
    "missing", ["areas", "facilities", "inspections", "complaints", "cases", "population"]
)
def test_any_kind_may_be_missing_and_the_run_says_so(missing):
    """A bureau starts with what it has."""
    kinds = {name: frame for name, frame in _everything().items() if name != missing}
    result = _score(kinds)
    assert len(result.cells) > 0
    assert np.isfinite(result.cells[["mean", "lo", "hi", "score"]].to_numpy(float)).all()
    said = [entry["t"] for entry in result.summary["missing"]]
    words = {
        "areas": "区划", "facilities": "机构名录", "inspections": "检查记录", "complaints": "线索",
        "cases": None, "population": None,
    }  # fmt: skip
    if words[missing] is not None:
        assert any(words[missing] in text for text in said)


def test_nothing_at_all_gives_empty_tables_and_a_sentence():
    """An empty store is not a crash."""
    result = _score({})
    assert (len(result.cells), len(result.facilities)) == (0, 0)
    assert "无法评分" in result.summary["missing"][0]["t"]


def test_one_single_complaint_gives_a_sane_wide_answer():
    """One cell, one report: between almost none and a few."""
    cells = _score({"complaints": made_up.complaints([5])}).cells
    assert len(cells) == 1
    assert cells["mean"].iloc[0] < 5
    assert cells["hi"].iloc[0] > 5 * cells["lo"].iloc[0]


def test_rows_and_fields_of_later_days_change_nothing():
    """The leak test: byte for byte."""
    kinds = _everything()
    before = _score(kinds)
    later = dict(kinds)
    later["complaints"] = pd.concat(
        [kinds["complaints"], made_up.complaints([0, -3, -40]).assign(complaint_id=["X", "Y", "Z"])]
    )
    later["complaints"]["outcome"] = "substantiated"
    later["complaints"]["status"] = "closed"
    later["complaints"]["closed_on"] = made_up.day(-5)
    later["cases"] = pd.concat([kinds["cases"], made_up.cases([0, -9]).assign(case_id=["X", "Y"])])
    later["cases"] = later["cases"].assign(
        closed_on=made_up.day(-2), fine_yuan=5e5, den_destroyed=1
    )
    later["inspections"] = pd.concat(
        [
            kinds["inspections"],
            made_up.inspections([("F0", -1, "violation"), ("F1", -200, "pass")]).assign(
                inspection_id=["X", "Y"]
            ),
        ]
    )
    later["facilities"] = kinds["facilities"].assign(closed_on=made_up.day(-30))
    assert _bytes(_score(later)) == _bytes(before)


def test_the_order_of_the_files_changes_nothing():
    """Two bureaus with the same data see the same map."""
    kinds = _everything()
    shuffled = {
        name: frame.sample(frac=1.0, random_state=1) if name != "areas" else frame.iloc[::-1]
        for name, frame in kinds.items()
        if name != "population"
    }
    kinds.pop("population")
    assert _bytes(_score(shuffled)) == _bytes(_score(kinds))


def test_a_later_day_knows_more():
    """The leak test would also pass for a model that ignores its data."""
    kinds = _everything()
    later = {
        **kinds,
        "cases": pd.concat(
            [kinds["cases"], made_up.cases([1] * 9).assign(case_id=[f"N{i}" for i in range(9)])]
        ),
    }
    assert _bytes(_score(later)) != _bytes(_score(kinds))


def test_counts_per_cell_are_those_of_the_records():
    """Numbers on the panel are checked by those who made the visits."""
    clinics = made_up.facilities(2, lon=made_up.LON)
    visits = made_up.inspections([("F0", 10, "pass"), ("F1", 400, "pass")])
    calls = made_up.complaints(
        [5, 6], status=["assigned", "closed"], closed_on=[pd.NaT, made_up.day(2)]
    )
    row = _score({"facilities": clinics, "inspections": visits, "complaints": calls}).cells.iloc[0]
    assert (row["n_facilities"], row["n_visits_year"], row["n_open_leads"]) == (2, 1, 1)
    assert row["last_visit_on"] == made_up.day(10)


def test_records_without_any_place_are_counted_as_lost():
    """The reader must know what the map leaves out."""
    calls = made_up.complaints([5, 6], lon=[made_up.LON, None], lat=[made_up.LAT, None])
    said = _score({"complaints": calls}).summary["missing"]
    assert {"t": "{n} 条记录既无坐标又无已知区划，未计入网格", "v": {"n": 1}} in said


def test_progress_grows_and_says_what_is_done():
    """A bar that stands still looks like a crash."""
    told = []
    scored.score_frames(
        made_up.frames(**_everything()), PARAMS, as_of=made_up.AS_OF,
        progress=lambda share, said: told.append((share, said)),
    )  # fmt: skip
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert all(isinstance(said, Message) for _, said in told)
