"""Fitted models, finds expected of a search, replays of past weeks, signals and random visits."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keep fits, replays and signals; add severity and finds of a search to cells."""
    _signals()
    op.create_table(
        "hidden_fits",
        Column("fit_id", Text, nullable=False),
        Column("fitted_as_of", BigInteger, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("setting_hash", Text, nullable=False),
        Column("data_hash", Text, nullable=False),
        Column("n_cells", Integer, nullable=False),
        Column("document", LargeBinary, nullable=False),
        PrimaryKeyConstraint("fit_id"),
    )
    op.create_index("ix_hidden_fits_fitted_as_of", "hidden_fits", ["fitted_as_of"])
    op.add_column("cell_scores", Column("site_severity", Float))
    op.add_column("cell_scores", Column("sweep_finds", Float))
    op.create_table(
        "backtest_runs",
        Column("run_id", Text, nullable=False),
        Column("from_on", Text, nullable=False),
        Column("to_on", Text, nullable=False),
        Column("every_weeks", Integer, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("method", Text, nullable=False),
        Column("districts", Text),
        Column("summary", Text, nullable=False),
        PrimaryKeyConstraint("run_id"),
    )
    op.create_index("ix_backtest_runs_created_at", "backtest_runs", ["created_at"])
    op.create_table(
        "backtest_values",
        Column("run_id", Text, nullable=False),
        Column("row_no", Integer, nullable=False),
        Column("origin_on", Text),
        Column("target", Text, nullable=False),
        Column("stratum", Text, nullable=False),
        Column("method", Text, nullable=False),
        Column("measure", Text, nullable=False),
        Column("at", Float),
        Column("value", Float),
        Column("lo", Float),
        Column("hi", Float),
        Column("n", Float),
        PrimaryKeyConstraint("run_id", "row_no"),
    )


def _signals() -> None:
    op.create_table(
        "signal_runs",
        Column("run_id", Text, nullable=False),
        Column("as_of", BigInteger, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("params", Text, nullable=False),
        Column("summary", Text, nullable=False),
        PrimaryKeyConstraint("run_id"),
    )
    op.create_index("ix_signal_runs_as_of", "signal_runs", ["as_of"])
    op.create_table(
        "alerts",
        Column("alert_id", Text, nullable=False),
        Column("run_id", Text, nullable=False),
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
        Column("document", Text, nullable=False),
        PrimaryKeyConstraint("alert_id"),
    )
    op.create_index("ix_alerts_run_id", "alerts", ["run_id"])
    op.create_table(
        "stakeout_wishes",
        Column("wish_id", Text, nullable=False),
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
        PrimaryKeyConstraint("wish_id"),
    )
    op.create_index("ix_stakeout_wishes_week_start", "stakeout_wishes", ["week_start"])
    op.create_table(
        "exploration_draws",
        Column("draw_id", Text, nullable=False),
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
        Column("frame_hash", Text, nullable=False),
        Column("frame", LargeBinary, nullable=False),
        PrimaryKeyConstraint("draw_id"),
    )
    op.create_index("ix_exploration_draws_week_start", "exploration_draws", ["week_start"])
    op.create_table(
        "exploration_visits",
        Column("draw_id", Text, nullable=False),
        Column("cell_id", Text, nullable=False),
        Column("week_start", Text, nullable=False),
        Column("district_code", Text, nullable=False),
        Column("area_code", Text),
        Column("area_name", Text),
        Column("stratum", Text, nullable=False),
        Column("lon", Float, nullable=False),
        Column("lat", Float, nullable=False),
        Column("inclusion_prob", Float, nullable=False),
        Column("predicted", Float),
        Column("missed_at", BigInteger),
        Column("missed_by", Text),
        Column("missed_reason", Text),
        PrimaryKeyConstraint("draw_id", "cell_id"),
    )
    op.create_index("ix_exploration_visits_week_start", "exploration_visits", ["week_start"])
