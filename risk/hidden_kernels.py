"""
The compiled recursions behind ``hidden_filter``, all in one file.

The number of sites is kept as a Poisson number of mean ``mu`` plus an independent
number of at most 8 with chances ``p`` (the sites somebody told us of). Silence, empty
looks, closures and openings keep this form, so that a week without news costs a few
products; only reports and finds touch ``p``. Between two of them what happened to ``p``
is one substitution ``z -> A + B z`` in its generating function.

Going back, ``b`` holds the derivative of the log likelihood by ``p``, and each letter
with ``_bar`` the derivative by that letter. numba notices a change only in the file of
the function it loads, so whatever is built into a function stands beside it.
``NUMBA_DISABLE_JIT=1`` runs the same as plain Python.
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
"""Values of the number somebody told us of, 0 to 8."""

_NEWS, _TICKETS, _FOUND = 0, 1, 2
_LEAST_UNSEEN = 1e-9

MOST_TICKETS = 16
"""Most tickets of a cell, week and channel."""

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
def _substituted(p: Floats, deg: int, a: float, b: float, out: Floats) -> float:
    """Fill the chances after the substitution a + b z; return their sum."""
    total, power = 0.0, 1.0
    for i in range(SIZE):
        out[i] = 0.0
    if a == 0.0:
        for i in range(deg + 1):
            out[i] = p[i] * power
            power *= b
    else:
        # Horner: out = (a + b z) * out + p[n], from the highest power down
        out[0] = p[deg]
        for n in range(deg - 1, -1, -1):
            for i in range(deg - n, 0, -1):
                out[i] = a * out[i] + b * out[i - 1]
            out[0] = a * out[0] + p[n]
    for i in range(deg + 1):
        total += out[i]
    return total


@_compiled
def _one_ticket(p: Floats, mu: float, site: float, noise: float, out: Floats) -> None:
    """Multiply by the rate of tickets, ``n * site + noise``."""
    top = SIZE - 1
    out[0] = noise * p[0]
    for j in range(1, SIZE):
        out[j] = (noise + j * site) * p[j] + site * mu * p[j - 1]
    out[top] += site * mu * p[top]


@_compiled
def _burst_weights(k: int, spread: float, out: Floats) -> None:
    """Fill the weights of 1 to k matters behind k tickets, each with a geometric number."""
    for m in range(1, k + 1):
        value = 1.0
        for i in range(m - 1):
            value *= (k - 1.0 - i) / (i + 1.0)
        for i in range(m + 1, k + 1):
            value *= i
        out[m] = value * (1.0 - spread) ** m * spread ** (k - m)


@_compiled
def _scaled(p: Floats) -> float:
    """Scale to the sum 1 and return the sum it was."""
    total = 0.0
    for i in range(SIZE):
        total += p[i]
    total = max(total, 1e-300)
    for i in range(SIZE):
        p[i] /= total
    return total


@_compiled
def _taken(
    p: Floats, found: int, unseen: float, mean_seen: float, choose: Floats, out: Floats
) -> None:
    """Take found sites out, of both numbers; the factor exp(-mean_seen) is left out."""
    for i in range(SIZE):
        out[i] = 0.0
    weight = 1.0
    for h in range(found + 1):
        if h > 0:
            weight *= mean_seen / h
        e = found - h
        for i in range(SIZE - e):
            out[i] += weight * choose[i + e, e] * (1.0 - unseen) ** e * unseen**i * p[i + e]


@_compiled
def run(  # noqa: C901, PLR0912, PLR0915 - one pass over all arrays
    first: int, last: int, sites: Floats, begin_share: Floats, reports: Floats, noise: Floats,
    turnover: float, displaced: float, spread: float, site_channels: Floats,
    noise_channels: Floats, season: Floats, detection: Floats, start: Floats, near: Floats,
    report_start: Ints, report_week: Ints, report_channel: Ints, report_n: Ints,
    look_start: Ints, look_week: Ints, look_visits: Floats, look_found: Ints,
    backward: bool,  # noqa: FBT001
    final: Floats, expected: Floats, log_likelihood: Floats, score: Floats,
    score_change: Floats, look_slope: Floats, look_sites: Floats, report_share: Floats,
) -> None:  # fmt: skip
    """Filter and, if asked, go back through the cells from ``first`` to ``last``."""
    n_weeks = season.shape[0]
    choose = np.zeros((SIZE, SIZE))
    for n in range(SIZE):
        choose[n, 0] = 1.0
        for i in range(1, n + 1):
            choose[n, i] = choose[n, i - 1] * (n - i + 1.0) / i
    most = 4
    for c in range(first, last):
        here = 2 * (report_start[c + 1] - report_start[c] + look_start[c + 1] - look_start[c])
        most = max(most, here + 4)
    kind, place = np.zeros(most, np.int64), np.zeros(most, np.int64)
    tape, tape_a, tape_b = np.zeros((most, SIZE)), np.zeros(most), np.zeros(most)
    tape_mu, tape_sum = np.zeros(most), np.zeros(most)
    mu_week, b_week = np.zeros(n_weeks + 1), np.zeros(n_weeks + 1)
    p, new = np.zeros(SIZE), np.zeros(SIZE)
    beta, new_beta = np.zeros(SIZE), np.zeros(SIZE)
    burst = np.zeros(MOST_TICKETS + 1)
    steps, step_beta = np.zeros((MOST_TICKETS + 2, SIZE)), np.zeros(SIZE)
    stay = 1.0 - turnover
    for c in range(first, last):
        lam, rho, eps = sites[c], reports[c], noise[c]
        mu = lam * begin_share[c]
        deg = 0
        for i in range(SIZE):
            p[i] = 0.0
        p[0] = 1.0
        if start.shape[0] > 0:
            mu = 0.0
            deg = SIZE - 1
            for i in range(SIZE):
                p[i] = start[c, i]
            _scaled(p)
        a_sub, b_sub = 0.0, 1.0
        log_l = 0.0
        n_tape = 0
        r, v = report_start[c], look_start[c]
        r_end, v_end = report_start[c + 1], look_start[c + 1]
        level, silent = -1.0, 1.0
        for t in range(n_weeks):
            mu_week[t], b_week[t] = mu, b_sub
            if season[t] != level:
                level = season[t]
                silent = math.exp(-level * rho)
            log_l -= level * eps + mu * (1.0 - silent)
            mu *= silent
            b_sub *= silent
            if r < r_end and report_week[r] == t:
                if level <= 0.0:
                    while r < r_end and report_week[r] == t:
                        r += 1
                else:
                    if deg > 0:
                        kind[n_tape], tape_a[n_tape], tape_b[n_tape] = _NEWS, a_sub, b_sub
                        for i in range(SIZE):
                            tape[n_tape, i] = p[i]
                        _substituted(p, deg, a_sub, b_sub, new)
                        for i in range(SIZE):
                            p[i] = new[i]
                        tape_sum[n_tape] = _scaled(p)
                        log_l += math.log(tape_sum[n_tape])
                        n_tape += 1
                    a_sub, b_sub = 0.0, 1.0
                    while r < r_end and report_week[r] == t:
                        k, j = report_n[r], report_channel[r]
                        kind[n_tape], place[n_tape], tape_mu[n_tape] = _TICKETS, r, mu
                        for i in range(SIZE):
                            tape[n_tape, i] = p[i]
                        site = level * rho * site_channels[j]
                        about = level * eps * noise_channels[j]
                        _burst_weights(k, spread, burst)
                        for i in range(SIZE):
                            new[i] = burst[k] * p[i]
                        for m in range(k - 1, -1, -1):
                            _one_ticket(new, mu, site, about, step_beta)
                            weight = burst[m] if m > 0 else 0.0
                            for i in range(SIZE):
                                new[i] = step_beta[i] + weight * p[i]
                        for i in range(SIZE):
                            p[i] = new[i]
                        deg = min(deg + k, SIZE - 1)
                        tape_sum[n_tape] = _scaled(p)
                        log_l += math.log(tape_sum[n_tape])
                        n_tape += 1
                        r += 1
            while v < v_end and look_week[v] == t:
                found = look_found[v]
                unseen = max((1.0 - detection[v]) ** look_visits[v], _LEAST_UNSEEN)
                if found > 0:
                    if deg > 0:
                        kind[n_tape], tape_a[n_tape], tape_b[n_tape] = _NEWS, a_sub, b_sub
                        for i in range(SIZE):
                            tape[n_tape, i] = p[i]
                        _substituted(p, deg, a_sub, b_sub, new)
                        for i in range(SIZE):
                            p[i] = new[i]
                        tape_sum[n_tape] = _scaled(p)
                        log_l += math.log(tape_sum[n_tape])
                        n_tape += 1
                    a_sub, b_sub = 0.0, 1.0
                    kind[n_tape], place[n_tape], tape_mu[n_tape] = _FOUND, v, mu
                    for i in range(SIZE):
                        tape[n_tape, i] = p[i]
                    _taken(p, found, unseen, mu * (1.0 - unseen), choose, new)
                    for i in range(SIZE):
                        p[i] = new[i]
                    tape_sum[n_tape] = _scaled(p)
                    log_l += math.log(tape_sum[n_tape])
                    n_tape += 1
                else:
                    b_sub *= unseen
                log_l -= mu * (1.0 - unseen)
                mu *= unseen
                v += 1
            a_sub += b_sub * turnover
            b_sub *= stay
            mu = mu * stay + lam * turnover + displaced * near[c, t + 1]
        mu_week[n_weeks], b_week[n_weeks] = mu, b_sub
        total = _substituted(p, deg, a_sub, b_sub, new)
        log_l += math.log(max(total, 1e-300))
        log_likelihood[c] = log_l
        weight, mean_told = math.exp(-mu), 0.0
        for i in range(SIZE):
            final[c, i] = 0.0
            new[i] /= total
            mean_told += i * new[i]
        expected[c] = mu + mean_told
        upto = 0.0
        for h in range(SIZE):
            if h > 0:
                weight *= mu / h
            upto += weight
            for i in range(SIZE):
                if i + h < SIZE:
                    final[c, i + h] += weight * new[i]
        whole = 0.0
        for i in range(SIZE - 1):
            whole += final[c, i]
        final[c, SIZE - 1] = max(1.0 - whole, 0.0)
        if not backward:
            continue

        lam_bar, m_bar, k_bar, s_rho, s_eps = 0.0, 0.0, 0.0, 0.0, 0.0
        mu_bar, a_bar, b_bar = 0.0, 0.0, 0.0
        for i in range(SIZE):
            beta[i] = 1.0 / total
        # the substitution up to the end, like any other
        for n in range(SIZE):
            value = 0.0
            for i in range(n + 1):
                value += choose[n, i] * b_sub**i * a_sub ** (n - i) * beta[i]
            new_beta[n] = value
            if n > 0 and p[n] > 0.0:
                low, high = 0.0, 0.0
                for i in range(n):
                    power = choose[n - 1, i] * b_sub**i * a_sub ** (n - 1 - i)
                    low += power * beta[i]
                    high += power * beta[i + 1]
                a_bar += p[n] * n * low
                b_bar += p[n] * n * high
        for i in range(SIZE):
            beta[i] = new_beta[i]
        level, silent = -1.0, 1.0
        for t in range(n_weeks - 1, -1, -1):
            if season[t] != level:
                level = season[t]
                silent = math.exp(-level * rho)
            # values after reports and looks, from those at the start of the week
            news = v > look_start[c] and look_week[v - 1] == t
            news = news or (r > report_start[c] and report_week[r - 1] == t)
            mu, b_sub = mu_week[t] * silent, b_week[t] * silent
            if news:
                if r > report_start[c] and report_week[r - 1] == t and level > 0.0:
                    b_sub = 1.0
                q = v
                while q > look_start[c] and look_week[q - 1] == t:
                    q -= 1
                while q < v:
                    unseen = max((1.0 - detection[q]) ** look_visits[q], _LEAST_UNSEEN)
                    mu *= unseen
                    b_sub = 1.0 if look_found[q] > 0 else b_sub * unseen
                    q += 1
            lam_bar += mu_bar * turnover
            m_bar += mu_bar * (lam - mu) + (a_bar - b_bar) * b_sub
            k_bar += mu_bar * near[c, t + 1]
            b_bar = b_bar * stay + a_bar * turnover
            mu_bar *= stay
            while v > look_start[c] and look_week[v - 1] == t:
                v -= 1
                found = look_found[v]
                unseen = max((1.0 - detection[v]) ** look_visits[v], _LEAST_UNSEEN)
                mu /= unseen
                unseen_bar = mu_bar * mu
                mu_bar = mu_bar * unseen - (1.0 - unseen)
                unseen_bar += mu
                if found == 0:
                    b_sub /= unseen
                    unseen_bar += b_bar * b_sub
                    b_bar *= unseen
                else:
                    n_tape -= 1
                    x, mu = tape_mu[n_tape] * (1.0 - unseen), tape_mu[n_tape]
                    for i in range(SIZE):
                        beta[i] /= tape_sum[n_tape]
                        new_beta[i] = 0.0
                    x_bar = 0.0
                    weight, weight_slope = 1.0, 0.0
                    for h in range(found + 1):
                        if h > 0:
                            weight_slope = weight
                            weight *= x / h
                        e = found - h
                        for i in range(SIZE - e):
                            power = choose[i + e, e] * (1.0 - unseen) ** e * unseen**i
                            told = tape[n_tape, i + e]
                            new_beta[i + e] += weight * power * beta[i]
                            x_bar += weight_slope * power * told * beta[i]
                            if told > 0.0:
                                power = 0.0
                                if e > 0:
                                    power -= e * (1.0 - unseen) ** (e - 1) * unseen**i
                                if i > 0:
                                    power += i * (1.0 - unseen) ** e * unseen ** (i - 1)
                                unseen_bar += weight * choose[i + e, e] * power * told * beta[i]
                    for i in range(SIZE):
                        beta[i] = new_beta[i]
                    unseen_bar -= x_bar * mu
                    mu_bar += x_bar * (1.0 - unseen)
                    a_bar, b_bar, b_sub = 0.0, 0.0, 1.0
                    if n_tape > 0 and kind[n_tape - 1] == _NEWS:
                        n_tape -= 1
                        a_bar, b_bar = _back(
                            tape[n_tape], tape_a[n_tape], tape_b[n_tape], tape_sum[n_tape],
                            choose, beta, new_beta,
                        )  # fmt: skip
                        b_sub = tape_b[n_tape]
                visits = look_visits[v]
                look_slope[v] = -visits * detection[v] * unseen * unseen_bar
                gain = visits * unseen * detection[v] / max(1.0 - unseen, 1e-12)
                lost = found * gain - look_slope[v]
                look_sites[v] = found + lost / (visits * detection[v])
            if r > report_start[c] and report_week[r - 1] == t:
                if level <= 0.0:
                    while r > report_start[c] and report_week[r - 1] == t:
                        r -= 1
                        report_share[r] = 0.0
                else:
                    while r > report_start[c] and report_week[r - 1] == t:
                        r -= 1
                        n_tape -= 1
                        k, j = report_n[r], report_channel[r]
                        mu = tape_mu[n_tape]
                        site = level * rho * site_channels[j]
                        about = level * eps * noise_channels[j]
                        _burst_weights(k, spread, burst)
                        for i in range(SIZE):
                            steps[k, i] = burst[k] * tape[n_tape, i]
                            beta[i] /= tape_sum[n_tape]
                            new_beta[i] = 0.0
                        for m in range(k - 1, 0, -1):
                            _one_ticket(steps[m + 1], mu, site, about, steps[m])
                            for i in range(SIZE):
                                steps[m, i] += burst[m] * tape[n_tape, i]
                        site_bar, noise_bar = 0.0, 0.0
                        top = SIZE - 1
                        for m in range(1, k + 1):
                            for i in range(SIZE):
                                above = beta[min(i + 1, top)]
                                site_bar += steps[m, i] * (i * beta[i] + mu * above)
                                noise_bar += steps[m, i] * beta[i]
                                mu_bar += site * steps[m, i] * above
                                step_beta[i] = (about + i * site) * beta[i] + site * mu * above
                            for i in range(SIZE):
                                beta[i] = step_beta[i]
                                new_beta[i] += burst[m] * beta[i]
                        for i in range(SIZE):
                            beta[i] = new_beta[i]
                        s_rho += site * site_bar
                        s_eps += about * noise_bar
                        matters = site * site_bar + about * noise_bar
                        report_share[r] = site * site_bar / max(matters, 1e-300)
                    a_bar, b_bar = 0.0, 0.0
                    if n_tape > 0 and kind[n_tape - 1] == _NEWS:
                        n_tape -= 1
                        a_bar, b_bar = _back(
                            tape[n_tape], tape_a[n_tape], tape_b[n_tape], tape_sum[n_tape],
                            choose, beta, new_beta,
                        )  # fmt: skip
            silent_bar = mu_week[t] * (1.0 + mu_bar) + b_bar * b_week[t]
            s_rho -= silent_bar * level * rho * silent
            s_eps -= level * eps
            mu_bar = mu_bar * silent - (1.0 - silent)
            b_bar *= silent
        if start.shape[0] == 0:
            lam_bar += mu_bar * begin_share[c]
        score[c, 0], score[c, 1], score[c, 2] = lam * lam_bar, s_rho, s_eps
        score_change[c, 0] = m_bar * turnover * stay
        score_change[c, 1] = k_bar * displaced * (1.0 - displaced)


@_compiled
def _back(
    p: Floats, a: float, b: float, total: float, choose: Floats, beta: Floats, out: Floats
) -> tuple[float, float]:
    """Go back over a substitution: change ``beta``, return derivatives by a and b."""
    a_bar, b_bar = 0.0, 0.0
    for i in range(SIZE):
        beta[i] /= total
    for n in range(SIZE):
        value = 0.0
        for i in range(n + 1):
            value += choose[n, i] * b**i * a ** (n - i) * beta[i]
        out[n] = value
        if n > 0 and p[n] > 0.0:
            low, high = 0.0, 0.0
            for i in range(n):
                power = choose[n - 1, i] * b**i * a ** (n - 1 - i)
                low += power * beta[i]
                high += power * beta[i + 1]
            a_bar += p[n] * n * low
            b_bar += p[n] * n * high
    for i in range(SIZE):
        beta[i] = out[i]
    return a_bar, b_bar
