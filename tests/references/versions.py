"""
The obvious twin of ``data/store/versions.py``: replay time, row by row.

For one record and one date, ask of each row of the file in turn what it would
have told by then.
"""

KNOWN_ON_ONLY = ("status_without_date", "load")


def known_content(rows, *, as_of, known_on):
    """
    Return what was known of one record before ``as_of``, or None.

    Each row is ``{"event": t, "base": text, "closed_on": t or None, "closing": text
    or None, "load": text or None}``; the result is ``(base, closing, load)``.
    """
    if not rows:
        return None
    ranked = sorted(rows, key=lambda row: (_last_date(row), row["event"], str(row)))
    news = []
    for number, row in enumerate(ranked):
        is_last = number == len(ranked) - 1
        for when in _times(row, known_on):
            if number > 0 and when < _last_date(row):
                continue
            news.append((when, number, _told(row, when, known_on, is_last=is_last)))
    heard = [item for item in news if item[0] < as_of]
    return max(heard, key=lambda item: (item[0], item[1]))[2] if heard else None


def _last_date(row):
    closed = row["closed_on"]
    return row["event"] if closed is None else max(row["event"], closed)


def _closing_time(row, known_on):
    closed = row["closed_on"]
    return max(row["event"], known_on if closed is None else closed)


def _times(row, known_on):
    return {row["event"], _closing_time(row, known_on), max(row["event"], known_on)}


def _told(row, when, known_on, *, is_last):
    dated = row["closed_on"] is not None
    closing = (
        row["closing"] if when >= _closing_time(row, known_on) and (dated or is_last) else None
    )
    load = row["load"] if when >= max(row["event"], known_on) and is_last else None
    return (row["base"], closing, load)
