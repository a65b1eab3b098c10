"""
Tables of signals: what a run noticed, stake-outs asked for, random visits drawn and not made.

A run is of one moment. Its alerts are found twice, over the whole city and within
each district from that district's leads alone, so that nobody reads in an alert what
other districts know. ``exploration_draws`` keeps the list that was drawn from.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, Table, Text

from data.store.tables import metadata

signal_runs = Table(
    "signal_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Index("ix_signal_runs_as_of", "as_of"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    # Empty: found over the whole city, for those who may read all districts.
    Column("district_code", Text),
    Column("kind", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("topic", Text),
    Column("area_code", Text),
    Column("area_name", Text),
    Column("lon", Float),
    Column("lat", Float),
    Column("radius_m", Float),
    Column("from_on", Text, nullable=False),
    Column("to_on", Text, nullable=False),
    Column("n_leads", Integer, nullable=False),
    Column("expected", Float),
    Column("score", Float, nullable=False),
    Column("p_value", Float),
    # Numbers of the leads, reasons per link, likely places, as JSON.
    Column("document", Text, nullable=False),
    Index("ix_alerts_run_id", "run_id"),
)

stakeout_wishes = Table(
    "stakeout_wishes",
    metadata,
    Column("wish_id", Text, primary_key=True),
    Column("alert_id", Text, nullable=False),
    Column("week_start", Text, nullable=False),
    Column("district_code", Text),
    Column("area_code", Text),
    Column("place_name", Text, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("day", Integer, nullable=False),
    Column("from_s", Integer, nullable=False),
    Column("to_s", Integer, nullable=False),
    Column("chance", Float, nullable=False),
    Column("topic", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("withdrawn_by", Text),
    Index("ix_stakeout_wishes_week_start", "week_start"),
)

exploration_draws = Table(
    "exploration_draws",
    metadata,
    Column("draw_id", Text, primary_key=True),
    Column("week_start", Text, nullable=False),
    Column("district_code", Text, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("score_run_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("n_drawn", Integer, nullable=False),
    Column("n_frame", Integer, nullable=False),
    Column("params", Text, nullable=False),
    # The list that was drawn from, packed, and its hash.
    Column("frame_hash", Text, nullable=False),
    Column("frame", LargeBinary, nullable=False),
    Index("ix_exploration_draws_week_start", "week_start"),
)

exploration_visits = Table(
    "exploration_visits",
    metadata,
    Column("draw_id", Text, primary_key=True),
    Column("cell_id", Text, primary_key=True),
    Column("week_start", Text, nullable=False),
    Column("district_code", Text, nullable=False),
    Column("area_code", Text),
    Column("area_name", Text),
    Column("stratum", Text, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("inclusion_prob", Float, nullable=False),
    # Chance of a find when the cell was drawn, as the scores said then.
    Column("predicted", Float),
    # Why no visit was made; empty: made, or still to be made.
    Column("missed_at", BigInteger),
    Column("missed_by", Text),
    Column("missed_reason", Text),
    Index("ix_exploration_visits_week_start", "week_start"),
)
