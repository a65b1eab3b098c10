"""
The compiled recursions behind ``hidden_filter``, all in one file.

numba notices a change only in the file of the function it loads, so whatever is built
into a function stands beside it. ``NUMBA_DISABLE_JIT=1`` runs the same as plain Python.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE = 9
"""States of a cell, a constant so that the inner loops are unrolled."""

_njit: Any = numba.njit
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    try:
        built: _Function = _njit(cache=True, nogil=True)(function)
    except RuntimeError:
        # no folder to write to: compile anew in every process rather than fail
        built = _njit(nogil=True)(function)
    return built


@_compiled
def _births(rate: float, weight: Floats, norm: Floats, mean: Floats) -> None:
    """Fill the truncated Poisson of births: weights, norms and means by sites standing."""
    top = SIZE - 1
    weight[0] = 1.0
    for j in range(1, top + 1):
        weight[j] = weight[j - 1] * rate / j
    total, moment = 0.0, 0.0
    for j in range(top + 1):
        total += weight[j]
        moment += j * weight[j]
        norm[top - j] = total
        mean[top - j] = moment / total


@_compiled
def _no_reports(rho: float, eps: float, season: float, spread: float, out: Floats) -> None:
    """Fill the likelihood of a week without any report, by number of sites."""
    for n in range(SIZE):
        mean = season * (n * rho + eps)
        if spread > 0.0:
            out[n] = math.exp(-math.log1p(spread * mean) / spread)
        else:
            out[n] = math.exp(-mean)


@_compiled
def _forward_week(
    before: Floats, like: Floats, shift: int, thin: Floats, weight: Floats, norm: Floats,
    filt: Floats, after: Floats,
) -> float:  # fmt: skip
    """Take one week in: evidence, then change; return the evidence's likelihood."""
    total = 0.0
    for n in range(SIZE):
        filt[n] = 0.0
    for n in range(shift, SIZE):
        filt[n - shift] = before[n] * like[n]
        total += filt[n - shift]
    for n in range(SIZE):
        filt[n] /= total
        after[n] = 0.0
    for a in range(SIZE):
        stay = 0.0
        for n in range(a, SIZE):
            stay += filt[n] * thin[n, a]
        stay /= norm[a]
        for j in range(SIZE - a):
            after[a + j] += stay * weight[j]
    return total


@_compiled
def run(  # noqa: C901, PLR0912, PLR0915 - one pass over all arrays
    first: int, last: int, sites: Floats, reports: Floats, noise: Floats, turnover: float,
    displaced: float, spread: float, site_channels: Floats, noise_channels: Floats,
    season: Floats, detection: Floats, start: Floats, near: Floats, report_start: Ints,
    report_week: Ints, report_channel: Ints, report_n: Ints, look_start: Ints,
    look_week: Ints, look_visits: Floats, look_found: Ints, backward: bool,  # noqa: FBT001
    final: Floats, log_likelihood: Floats, score: Floats, score_change: Floats,
    look_sites: Floats, report_share: Floats,
) -> None:  # fmt: skip
    """Filter and, if asked, smooth the cells from ``first`` to ``last``."""
    n_weeks = season.shape[0]
    thin = np.zeros((SIZE, SIZE))
    for n in range(SIZE):
        choose = 1.0
        for a in range(n, -1, -1):
            thin[n, a] = choose * (1.0 - turnover) ** a * turnover ** (n - a)
            choose = choose * a / (n - a + 1.0)
    before = np.zeros((n_weeks + 1, SIZE))
    filt = np.zeros((n_weeks, SIZE))
    like = np.zeros((n_weeks, SIZE))
    shift = np.zeros(n_weeks, np.int64)
    total = np.zeros(n_weeks)
    silent = np.zeros(SIZE)
    usual, usual_norm, usual_mean = np.zeros(SIZE), np.zeros(SIZE), np.zeros(SIZE)
    weight, norm, mean = np.zeros(SIZE), np.zeros(SIZE), np.zeros(SIZE)
    beta, new_beta, gamma = np.zeros(SIZE), np.zeros(SIZE), np.zeros(SIZE)
    keep, keep_moment = np.zeros(SIZE), np.zeros(SIZE)
    for c in range(first, last):
        lam, rho, eps = sites[c], reports[c], noise[c]
        change = lam * turnover
        _births(lam, weight, norm, mean)
        start_mean = mean[0]
        if start.shape[0] > 0:
            for n in range(SIZE):
                before[0, n] = start[c, n]
        else:
            for n in range(SIZE):
                before[0, n] = weight[n] / norm[0]
        _births(change, usual, usual_norm, usual_mean)
        level = -1.0
        r, v = report_start[c], look_start[c]
        r_end, v_end = report_start[c + 1], look_start[c + 1]
        log_l = 0.0
        for t in range(n_weeks):
            if season[t] != level:
                level = season[t]
                _no_reports(rho, eps, level, spread, silent)
            for n in range(SIZE):
                like[t, n] = silent[n]
            heard = 0
            if level > 0.0:
                while r < r_end and report_week[r] == t:
                    k, j = report_n[r], report_channel[r]
                    for n in range(SIZE):
                        rate = n * rho * site_channels[j] + eps * noise_channels[j]
                        like[t, n] *= (level * rate) ** k
                    heard += k
                    r += 1
                for i in range(heard):
                    log_l += math.log1p(spread * i)
                if heard > 0 and spread > 0.0:
                    for n in range(SIZE):
                        like[t, n] /= (1.0 + spread * level * (n * rho + eps)) ** heard
            else:
                while r < r_end and report_week[r] == t:
                    r += 1
            taken = 0
            while v < v_end and look_week[v] == t:
                miss = (1.0 - detection[v]) ** look_visits[v]
                found = look_found[v]
                for n in range(SIZE):
                    left = n - taken - found
                    if left < 0:
                        like[t, n] = 0.0
                        continue
                    value = miss**left
                    for i in range(found):
                        value *= (1.0 - miss) * (n - taken - i) / (i + 1.0)
                    like[t, n] *= value
                taken += found
                v += 1
            shift[t] = taken
            if near[c, t + 1] > 0.0:
                _births(change + displaced * near[c, t + 1], weight, norm, mean)
                total[t] = _forward_week(
                    before[t], like[t], taken, thin, weight, norm, filt[t], before[t + 1]
                )
            else:
                total[t] = _forward_week(
                    before[t], like[t], taken, thin, usual, usual_norm, filt[t], before[t + 1]
                )
            log_l += math.log(total[t])
        log_likelihood[c] = log_l
        for n in range(SIZE):
            final[c, n] = before[n_weeks, n]
        if not backward:
            continue

        s_lam, s_rho, s_eps, s_turn, s_disp = 0.0, 0.0, 0.0, 0.0, 0.0
        for n in range(SIZE):
            beta[n] = 1.0
        for t in range(n_weeks - 1, -1, -1):
            rate = change
            if near[c, t + 1] > 0.0:
                rate = change + displaced * near[c, t + 1]
                _births(rate, weight, norm, mean)
            else:
                for n in range(SIZE):
                    weight[n], norm[n], mean[n] = usual[n], usual_norm[n], usual_mean[n]
            for a in range(SIZE):
                value, moment = 0.0, 0.0
                for j in range(SIZE - a):
                    part = weight[j] * beta[a + j]
                    value += part
                    moment += j * part
                keep[a] = value / norm[a]
                keep_moment[a] = moment / norm[a]
            born, stood, closed_norm = 0.0, 0.0, 0.0
            for a in range(SIZE):
                stay = 0.0
                for n in range(a, SIZE):
                    stay += filt[t, n] * thin[n, a]
                born += stay * (keep_moment[a] - mean[a] * keep[a])
                stood += a * stay * keep[a]
            for n in range(SIZE):
                value = 0.0
                for a in range(n + 1):
                    value += thin[n, a] * keep[a]
                new_beta[n] = value
                closed_norm += n * filt[t, n] * value
            s_lam += born * change / rate
            s_turn += born * change * (1.0 - turnover) / rate
            s_turn += closed_norm - stood - turnover * closed_norm
            s_disp += born * (displaced * near[c, t + 1]) * (1.0 - displaced) / rate
            for n in range(SIZE):
                left = n - shift[t]
                beta[n] = like[t, n] * new_beta[left] / total[t] if left >= 0 else 0.0
                gamma[n] = before[t, n] * beta[n]
            expected = 0.0
            for n in range(SIZE):
                expected += n * gamma[n]
            level = season[t]
            heard = 0
            if level > 0.0:
                while r > report_start[c] and report_week[r - 1] == t:
                    r -= 1
                    k, j = report_n[r], report_channel[r]
                    share = 0.0
                    for n in range(1, SIZE):
                        signal = n * rho * site_channels[j]
                        share += gamma[n] * signal / (signal + eps * noise_channels[j])
                    report_share[r] = share
                    s_rho += k * share
                    s_eps += k * (1.0 - share)
                    heard += k
                if spread > 0.0:
                    for n in range(SIZE):
                        weigh = gamma[n] * level * (1.0 + spread * heard)
                        weigh /= 1.0 + spread * level * (n * rho + eps)
                        s_rho -= weigh * n * rho
                        s_eps -= weigh * eps
                else:
                    s_rho -= level * expected * rho
                    s_eps -= level * eps
            else:
                while r > report_start[c] and report_week[r - 1] == t:
                    r -= 1
                    report_share[r] = 0.0
            left = shift[t]
            while v > look_start[c] and look_week[v - 1] == t:
                v -= 1
                left -= look_found[v]
                look_sites[v] = expected - left
        if start.shape[0] == 0:
            for n in range(SIZE):
                s_lam += n * gamma[n]
            s_lam -= start_mean
        score[c, 0], score[c, 1], score[c, 2] = s_lam, s_rho, s_eps
        score_change[c, 0], score_change[c, 1] = s_turn, s_disp
