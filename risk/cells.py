"""
Expected hidden sites per cell: the dynamic hidden-site model on a bureau's records.

The model (``risk.hidden_sites``) is fitted on the cells with people or evidence, at
most ``CellParams.max_fitted_cells``; inhabited cells beyond that, where nothing was
said or seen, get what cells like them have. Where no find at all is about a hidden
site but some are at registered facilities, the cells hold the expected violations at
facilities instead, and the run says so. docs/methods/risk-score.md has the formulas.
"""

from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from data.records import Message
from geo import grid
from risk import features, hidden_sites, site_evidence, thin_cells
from risk.features import Floats
from risk.hidden_data import HiddenData
from risk.hidden_params import HiddenParams
from risk.hidden_state import STORY, HiddenState
from risk.params import CellParams, Progress, ScoringParams
from risk.places import Places
from risk.site_evidence import Ints, SiteEvidence

LOW, HIGH = 0.05, 0.95
N_PARTS = len(STORY)
_POLL_S = 0.4
_CELL_WEEKS_A_SECOND = 25_000.0
"""Speed of a fit on a small machine; only the progress bar relies on it."""
_LEAST_SIZE = 1.0
_NORMAL_95 = 1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """
    What a reason tells of each cell, arrays of shape ``(n_cells,)``.

    ``n_recent`` and ``norm`` reports of the recent window and what the model expects
    there without any site beyond the long run, ``n_all`` and ``norm_all`` likewise in
    all weeks, ``any_reports`` whether there is one anywhere; ``n_closed_near`` sites closed
    near by lately, ``closed_month`` their latest month (0 if none); ``days_unseen`` days
    since any visit, ``days_unsearched`` since one that could find a hidden site (NaN:
    never); ``care_km`` distance to lawful care.
    """

    n_recent: Floats
    norm: Floats
    n_all: Floats
    norm_all: Floats
    all_days: int
    any_reports: bool
    n_closed_near: Floats
    closed_month: NDArray[np.int64]
    days_unseen: Floats
    days_unsearched: Floats
    n_visits_year: Floats
    last_found: NDArray[np.object_]
    care_km: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CellScores:
    """
    The posterior of every cell, arrays of shape ``(n_cells,)``.

    ``parts`` of shape ``(n_parts, n_cells)`` add up to ``mean`` (``hidden_state.STORY``). ``lo``
    and ``hi`` are the 5 and 95 % bounds of the expected number of sites; ``knowledge`` is
    the share of the sites that past looks would have found; ``sweep_finds`` what one
    search of the cell is expected to find. ``total`` is mean, 5 and 95 % of all cells.
    ``warnings`` holds ``total`` where the total cannot be told well.
    """

    mean: Floats
    lo: Floats
    hi: Floats
    p_hidden: Floats
    p_lo: Floats
    p_hi: Floats
    knowledge: Floats
    severity: Floats
    sweep_finds: Floats
    parts: Floats
    facts: CellFacts
    total: tuple[float, float, float]
    n_fitted: int
    n_thin: int
    n_capped: int
    n_by_area: int
    uses_all_finds: bool
    missing: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted state and the cells it is for, so that it can be kept and used again."""

    state: HiddenState
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellInput:
    """What the cells are scored from: records as ``features`` returns them."""

    found: pd.DataFrame
    reported: pd.DataFrame
    seen: pd.DataFrame
    active: pd.DataFrame
    facility_at: Ints
    n_facilities: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """The records as the model reads them; ``chosen`` are the positions of its cells."""

    evidence: SiteEvidence
    covariates: Floats
    chosen: Ints
    homes: Floats


def model_input(cells: Places, given: CellInput, params: ScoringParams) -> ModelInput:
    """Sort out the evidence, and choose the cells that the model is fitted on."""
    homes = site_evidence.homes_of(cells, given.n_facilities, params.cells)
    evidence = site_evidence.site_evidence(
        cells, found=given.found, reported=given.reported, seen=given.seen, homes=homes,
        params=params,
    )  # fmt: skip
    return ModelInput(
        evidence=evidence,
        covariates=site_evidence.covariates_of(cells, evidence, given.active, given.n_facilities),
        chosen=site_evidence.fitted_cells(cells, evidence, given.n_facilities, params.cells),
        homes=homes,
    )


def fit_cells(
    cells: Places, known: ModelInput, params: CellParams, *, progress: Progress
) -> Fitted:
    """
    Fit the model to the records.

    Parameters
    ----------
    progress
        Called twice a second with a share from 0 to 1; what it raises ends the wait.
    """
    data = site_evidence.model_data(cells, known.evidence, known.covariates, known.chosen)
    prior = HiddenParams(
        sites_per_cell=_typical_sites(cells, known, params), sites_log_sd=params.total_log_sd
    )
    state = _with_progress(data, prior, progress)
    return Fitted(state=state, cells=tuple(cells.cells[i] for i in known.chosen.tolist()))


def _typical_sites(cells: Places, known: ModelInput, params: CellParams) -> float:
    """Return the prior guess of the sites of a fitted cell."""
    # more people, more sites, but not in proportion
    root = np.sqrt(np.expm1(known.covariates[:, 0]) + _LEAST_SIZE)
    share = float(root[known.chosen].sum() / root.sum())
    guess = _usual_total(cells, known, params) * share / len(known.chosen)
    return float(np.clip(guess, 1e-5, 1.0))


def _usual_total(cells: Places, known: ModelInput, params: CellParams) -> float:
    """Return what one would say of the sites of all cells: finds a year over the share found."""
    years = known.evidence.n_weeks * 7.0 / features.DAYS_PER_YEAR
    size = known.covariates[:, 0]
    if cells.has_residents:
        residents = float(np.nansum(cells.residents))
        default = params.default_finds_per_100k_residents * residents / 1e5
    else:
        default = params.default_finds_per_1000_facilities * float(np.expm1(size).sum()) / 1e3
    n_found = float(known.evidence.looks["n_found"].sum())
    per_year = (n_found + max(default, 0.5) * params.default_years) / (years + params.default_years)
    return per_year / params.found_share_per_year


def _with_progress(data: HiddenData, prior: HiddenParams, progress: Progress) -> HiddenState:
    """Fit in a thread of its own, so that somebody who waits hears of it and can stop it."""
    out: list[Any] = []

    def run() -> None:
        try:
            out.append(hidden_sites.fit(data, params=prior))
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits
            out.append(error)

    thread = Thread(target=run, daemon=True)
    started = monotonic()
    usual = max(data.n_cells * data.n_weeks / _CELL_WEEKS_A_SECOND, 1.0)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_S)
        elapsed = monotonic() - started
        # never quite done before it is
        share = 1.0 - float(np.exp(-1.5 * elapsed / usual))
        values = {"n": data.n_cells, "w": data.n_weeks, "t": round(elapsed)}
        progress(share, Message("正在推算未掌握点位：{n} 格、{w} 周，已用 {t} 秒", values))
    (result,) = out
    if isinstance(result, BaseException):
        raise result
    return result


def is_usable(fitted: Fitted, cells: Places, known: ModelInput) -> bool:
    """Return whether a fit is for exactly the cells that the records now ask for."""
    return fitted.cells == tuple(cells.cells[i] for i in known.chosen.tolist())


def score_cells(
    cells: Places, given: CellInput, known: ModelInput, fitted: Fitted, params: ScoringParams
) -> CellScores:
    """Return what is believed of every cell, with the parameters as they were fitted."""
    state = fitted.state
    data = site_evidence.model_data(
        cells, known.evidence, known.covariates, known.chosen,
        levels=state.levels, displaced_steps=state.walk_steps,
    )  # fmt: skip
    state = hidden_sites.filtered(state, data)
    post = hidden_sites.posterior(state)
    n, chosen = len(cells.cells), known.chosen
    floor = params.cells.uninhabited_sites
    full = {
        name: np.full(n, value)
        for name, value in {
            "mean": floor, "lo": 0.1 * floor, "hi": 3.0 * floor, "p_hidden": floor,
            "p_lo": 0.1 * floor, "p_hi": 3.0 * floor, "knowledge": 0.0, "sweep": 0.0,
        }.items()
    }  # fmt: skip
    thin = _thin(cells, known)
    if len(thin):
        thin_cells.fill(full, state, known.evidence, known.covariates[:, 0], chosen, thin)
    some = {
        "mean": post.mean, "lo": post.rate_lo, "hi": post.rate_hi, "p_hidden": post.p_hidden,
        "p_lo": post.p_lo, "p_hi": post.p_hi, "knowledge": post.knowledge,
    }  # fmt: skip
    for name, values in some.items():
        full[name][chosen] = values
    parts = np.zeros((N_PARTS, n))
    parts[0] = full["mean"]
    parts[:, chosen] = post.story.T
    mean = parts.sum(axis=0)
    ordered(full, mean)
    _, lo, hi = hidden_sites.intervals(state, np.zeros(len(chosen), dtype=np.int64))
    thin_total = float(full["mean"][thin].sum()) if len(thin) else 0.0
    rest = np.array([full[name][thin].sum() - thin_total for name in ("lo", "hi")])
    # what thin cells share is unknown together, and apart from the chance of the others
    total = float(mean.sum())
    wide = [
        total - float(np.hypot(total - thin_total - lo[-1], rest[0])),
        total + float(np.hypot(hi[-1] - (total - thin_total), rest[1])),
    ]
    if "total" in state.warnings:
        # where the model cannot tell, what one would say from the finds alone is as good
        usual, spread = _usual_total(cells, known, params.cells), params.cells.total_log_sd
        wide[0] = min(wide[0], usual * float(np.exp(_NORMAL_95 * -spread)))
        wide[1] = max(wide[1], usual * float(np.exp(_NORMAL_95 * spread)))
    return CellScores(
        mean=mean, lo=full["lo"], hi=full["hi"],
        p_hidden=full["p_hidden"], p_lo=full["p_lo"], p_hi=full["p_hi"],
        knowledge=full["knowledge"],
        severity=_severity(cells, known.evidence, params),
        sweep_finds=_sweep_finds(mean, state, known.homes, params.cells),
        parts=parts,
        facts=facts_of(cells, given, known, params, rates=_usual_reports(n, state, chosen)),
        total=(total, max(wide[0], 0.0), wide[1]),
        n_fitted=len(chosen), n_thin=len(thin), n_capped=data.n_capped,
        n_by_area=int((known.evidence.reports["at"] < 0).sum()),
        uses_all_finds=False, missing=state.missing, warnings=state.warnings,
    )  # fmt: skip


def ordered(full: dict[str, Floats], mean: Floats) -> None:
    """Keep bounds about their value: a mean may lie beyond quantiles of few draws."""
    full["lo"] = np.minimum(full["lo"], 0.999 * mean)
    full["hi"] = np.maximum(full["hi"], 1.001 * mean)
    p = np.clip(full["p_hidden"], 1e-9, 1.0 - 1e-6)
    full["p_lo"] = np.minimum(full["p_lo"], 0.999 * p)
    full["p_hi"] = np.clip(np.maximum(full["p_hi"], 1.001 * p), 0.0, 1.0 - 1e-7)
    full["p_hidden"] = np.minimum(p, 0.9999 * full["p_hi"])


def _thin(cells: Places, known: ModelInput) -> Ints:
    """Return the inhabited cells that the model was not fitted on."""
    inhabited = np.ones(len(cells.cells), bool)
    if cells.has_residents:
        inhabited = np.nan_to_num(cells.residents) > 0
    inhabited[known.chosen] = False
    return np.flatnonzero(inhabited).astype(np.int64)


def _sweep_finds(mean: Floats, state: HiddenState, homes: Floats, params: CellParams) -> Floats:
    """Return what one search of each cell is expected to find."""
    effect = 0.0
    if "sweep" in state.levels.kinds:
        effect = float(state.kind_effect[state.levels.kinds.index("sweep")])
    detection = float(expit(state.central_shared[2] + effect))
    effort = site_evidence.sweep_effort(homes, params)
    finds: Floats = mean * (1.0 - (1.0 - detection) ** effort)
    return finds


def _usual_reports(n: int, state: HiddenState, chosen: Ints) -> Floats:
    """Return reports a week with no more sites than the long run's, at the central rates."""
    rates = np.zeros(n)
    sites, reports, noise = state.central.T
    rates[chosen] = noise + reports * sites
    return rates


def facts_of(
    cells: Places, given: CellInput, known: ModelInput, params: ScoringParams, *, rates: Floats
) -> CellFacts:
    """Return what the reasons tell; ``rates`` are the usual reports of a week per cell."""
    n, choice, evidence = len(cells.cells), params.cells, known.evidence
    told = evidence.reports[evidence.reports["at"] >= 0]
    at = told["at"].to_numpy(np.int64)
    recent = told["age_days"].to_numpy(float) <= choice.recent_days
    n_closed, month = _closed_near(cells, evidence, choice)
    searched, topics, _ = _last(evidence.looks["at"].to_numpy(np.int64), evidence.looks, n)
    seen_at = cells.positions(given.seen["lon"].to_numpy(float), given.seen["lat"].to_numpy(float))
    unseen, _, year = _last(seen_at, given.seen, n)
    return CellFacts(
        n_recent=features.tally(at[recent], n), norm=rates * choice.recent_days / 7.0,
        n_all=features.tally(at, n), norm_all=rates * evidence.n_weeks,
        all_days=7 * evidence.n_weeks, any_reports=len(told) > 0,
        n_closed_near=n_closed, closed_month=month,
        days_unseen=np.fmin(unseen, searched), days_unsearched=searched, n_visits_year=year,
        last_found=topics, care_km=site_evidence.care_km(cells, given.active),
    )  # fmt: skip


def _last(at: Ints, frame: pd.DataFrame, n: int) -> tuple[Floats, NDArray[np.object_], Floats]:
    """Return days since the last row per cell, its topic, and the rows of a year."""
    ages = frame["age_days"].to_numpy(float)
    inside = np.flatnonzero(at >= 0)
    days = np.full(n, np.nan)
    topics = np.full(n, None, dtype=object)
    oldest_first = inside[np.argsort(-ages[inside], kind="stable")]
    days[at[oldest_first]] = ages[oldest_first]
    topic = frame["topic"].astype(object).where(frame["topic"].notna(), None)
    topics[at[oldest_first]] = topic.to_numpy(object)[oldest_first]
    year = inside[ages[inside] <= features.DAYS_PER_YEAR]
    return days, topics, features.tally(at[year], n)


def _closed_near(
    cells: Places, evidence: SiteEvidence, params: CellParams
) -> tuple[Floats, NDArray[np.int64]]:
    """Return sites closed near by lately, the cell's own left out, and their latest month."""
    n_closed = np.zeros(len(cells.cells))
    month = np.zeros(len(cells.cells), dtype=np.int64)
    frame = evidence.finds
    recent = frame[frame["age_days"] <= params.displaced_days].sort_values("age_days")
    position = {cell: i for i, cell in enumerate(cells.cells)} if len(recent) else {}
    at = cells.positions(recent["lon"].to_numpy(float), recent["lat"].to_numpy(float))
    months = recent["day"].dt.month.to_numpy(np.int64)
    for origin, closed_month in zip(at.tolist(), months.tolist(), strict=True):
        if origin < 0:
            continue
        ring = grid.neighbours(cells.cells[origin], n_rings=params.displaced_rings)
        near = np.array([position[c] for c in ring if c in position], dtype=np.int64)
        near = near[near != origin]
        n_closed[near] += 1.0
        month[near] = np.where(month[near] == 0, closed_month, month[near])
    return n_closed, month


def _severity(cells: Places, evidence: SiteEvidence, params: ScoringParams) -> Floats:
    """Return mean points of a site per cell: its own finds beside the mean of all."""
    frame = evidence.finds
    weight = params.cells.severity_prior_finds
    points = np.array([params.severity_of(topic) for topic in frame["topic"]], dtype=float)
    default = params.severity_of(params.cells.site_topics[0] if params.cells.site_topics else "")
    overall = (points.sum() + weight * default) / (len(points) + weight)
    at = cells.positions(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    inside = at >= 0
    counts = features.tally(at[inside], len(cells.cells))
    sums = features.tally(at[inside], len(cells.cells), weights=points[inside])
    severity: Floats = (sums + weight * overall) / (counts + weight)
    return severity
