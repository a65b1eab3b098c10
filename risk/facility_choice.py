"""Which model a run uses for facilities: the one that foresaw the last months best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from risk import facility_models
from risk.facility_calibration import UNCHANGED, Calibration, calibration
from risk.facility_models import Boosted, FittedLogistic, Model, ShrunkenRate
from risk.facility_rates import LEAST, MOST
from risk.facility_rows import FacilityRecords, RowsAt, rows_at
from risk.features import Floats
from risk.params import FacilityParams

METHODS = ("shrunken_rate", "logistic", "boosted")
"""From simple to complex: a complex one must be clearly better to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a method foresaw looks it had not seen: mean log loss, AUC within folds and grounds."""

    method: str
    log_loss: float
    auc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    The models fitted to all looks, the method in use, and the backtest that chose it.

    ``reason`` is "backtest", or "few_looks" where there was too little to fit or test.
    """

    method: str
    reason: str
    simple: ShrunkenRate
    logistic: FittedLogistic | None
    boosted: Boosted | None
    calibration: Calibration
    trials: Sequence[Trial]
    n_tested: int
    n_tested_found: int


def choose(known: FacilityRecords, rows: RowsAt, params: FacilityParams) -> Choice:
    """
    Replay the last quarters, take the best method, and fit it to everything.

    At each origin the candidates are fitted to earlier looks and foresee those of the
    next ``fold_days``, each with a calibration from earlier quarters alone.
    """
    simple = facility_models.shrunken_rate(known, rows, params)
    few = Choice(
        method=METHODS[0], reason="few_looks", simple=simple, logistic=None, boosted=None,
        calibration=UNCHANGED, trials=(), n_tested=0, n_tested_found=0,
    )  # fmt: skip
    if not _enough(rows, params.min_fit_looks, params.min_fit_finds):
        return few
    tested = _replay(known, params)
    if tested is None or tested.found.sum() < params.min_tested_finds:
        return few
    losses = {name: tested.losses(name) for name in METHODS if name in tested.chances}
    method = METHODS[0]
    for name in METHODS[1:]:
        if name in losses and _clearly_smaller(losses[name], losses[method]):
            method = name
    logistic = facility_models.fit_logistic(known, rows, params) if method != METHODS[0] else None
    return Choice(
        method=method, reason="backtest", simple=simple, logistic=logistic,
        boosted=facility_models.fit_boosted(known, rows) if method == "boosted" else None,
        calibration=calibration(tested.chances[method], tested.found),
        trials=[
            Trial(
                method=name, log_loss=float(losses[name].mean()),
                auc=auc_within(tested.chances[name], tested.found, tested.groups),
            )
            for name in losses
        ],
        n_tested=len(tested.found), n_tested_found=int(tested.found.sum()),
    )  # fmt: skip


def auc_within(score: Floats, found: Floats, groups: NDArray[np.int64]) -> float:
    """
    Return the chance that of a find and a clean look of one group the find scored higher.

    Returns
    -------
    auc
        Over all pairs inside groups, ties half; NaN where no group has both.
    """
    right, pairs = 0.0, 0.0
    for group in np.unique(groups).tolist():
        inside = groups == group
        yes = found[inside] > 0
        n_yes, n_no = int(yes.sum()), int((~yes).sum())
        if n_yes and n_no:
            ranks = rankdata(score[inside])
            right += float(ranks[yes].sum()) - n_yes * (n_yes + 1) / 2
            pairs += n_yes * n_no
    return right / pairs if pairs else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """Out-of-time chances per method, oldest fold first; groups are fold × ground."""

    chances: Mapping[str, Floats]
    found: Floats
    fold: NDArray[np.int64]
    groups: NDArray[np.int64]

    def losses(self, method: str) -> Floats:
        """Return the log loss of each look, calibrated by earlier folds alone."""
        losses = np.zeros(len(self.found))
        for number in np.unique(self.fold).tolist():
            now, before = self.fold == number, self.fold < number
            said = self.chances[method]
            curve = calibration(said[before], self.found[before])
            p = np.clip(curve(said[now]), LEAST, MOST)
            y = self.found[now]
            losses[now] = -(y * np.log(p) + (1 - y) * np.log1p(-p))
        return losses


def _replay(known: FacilityRecords, params: FacilityParams) -> _Tested | None:
    found, folds, grounds = [], [], []
    chances: dict[str, list[Floats]] = {}
    for number in reversed(range(params.n_folds)):
        origin = params.fold_days * (number + 1)
        ahead = np.flatnonzero(
            (known.look_age <= origin) & (known.look_age > origin - params.fold_days)
        )
        then = rows_at(known, age_days=origin, window_days=params.window_days, params=params)
        if not _enough(then, params.min_fit_looks, params.min_fit_finds) or len(ahead) == 0:
            continue
        at, visit = known.look_at[ahead], known.look_kind[ahead]
        for model in _candidates(known, then, params):
            chances.setdefault(model.method, []).append(model.chance(then.now.take(at), visit))
        found.append(known.look_found[ahead])
        folds.append(np.full(len(ahead), -number))
        grounds.append(visit)
    if not found:
        return None
    fold, ground = np.concatenate(folds), np.concatenate(grounds)
    full = {name: np.concatenate(p) for name, p in chances.items() if len(p) == len(found)}
    return _Tested(
        chances=full, found=np.concatenate(found), fold=fold,
        groups=(fold - fold.min()) * (int(ground.max()) + 1) + ground,
    )  # fmt: skip


def _candidates(known: FacilityRecords, rows: RowsAt, params: FacilityParams) -> list[Model]:
    models: list[Model] = [
        facility_models.shrunken_rate(known, rows, params),
        facility_models.fit_logistic(known, rows, params),
    ]
    if _enough(rows, params.min_boost_looks, params.min_boost_finds):
        models.append(facility_models.fit_boosted(known, rows))
    return models


def _enough(rows: RowsAt, looks: int, finds: int) -> bool:
    return len(rows.found) >= looks and finds <= rows.found.sum() <= len(rows.found) - finds


def _clearly_smaller(loss: Floats, other: Floats) -> bool:
    """Say whether a loss is smaller by more than its standard error, pairwise."""
    gain = other - loss
    return bool(gain.mean() > gain.std() / np.sqrt(len(gain)))
