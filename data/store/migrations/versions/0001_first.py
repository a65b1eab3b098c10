"""The first schema: records with versions, scores, plans, jobs, imports, audit."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None

_TYPES: dict[str, type[TypeEngine]] = {
    "t": Text,
    "i": Integer,
    "b": BigInteger,
    "f": Float,
    "x": LargeBinary,
}

# Table -> "column:type" with ! where a value must be there, * in the primary key.
# Written out here, not taken from data/schema.py: a released step never changes.

_TABLES = {
    "audit": (
        "seq:i* at:b! actor:t! action:t! object_id:t reason:t detail:t! previous_hash:t! "
        "entry_hash:t!"
    ),
    "complainants": (
        "complaint_id:t* key_id:t! name_sealed:x phone_sealed:x phone_index:x digest:x!"
    ),
    "imports": (
        "import_id:i* imported_at:b! actor:t! file_name:t! file_hash:t! kind:t! datum:t! "
        "n_rows:i! n_taken:i! n_updated:i! n_unchanged:i! n_refused:i!"
    ),
    "jobs": (
        "job_id:t* idempotency_key:t! kind:t! params:t! district_code:t actor:t! status:t! "
        "progress:f! message:t value:f bound:f result:t stop_mode:t created_at:b! started_at:b "
        "finished_at:b worker:t lease_until:b n_attempts:i!"
    ),
    "meta": ("name:t* value:b!"),
    "plans": (
        "plan_id:t* revision:i* week_start:t! district_code:t status:t! created_at:b! "
        "saved_at:b! saved_by:t! prize:i! upper_bound:i! n_planned:i! n_left_out:i! document:t!"
    ),
    "score_runs": ("run_id:t* as_of:b! created_at:b! method:t! params:t! summary:t! actor:t!"),
    "absences": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "officer_id:t! from_on:t! to_on:t reason:t"
    ),
    "areas": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "area_code:t! name:t level:t parent_code:t urban_rural_code:t population:f shape:x"
    ),
    "campaigns": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "campaign_id:t! name:t from_on:t to_on:t ordered_by:t facility_kinds:t area_codes:t "
        "target_share:f"
    ),
    "cases": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "case_id:t! opened_on:t closed_on:t topic:t facility_id:t site_text:t area_code:t lon:f "
        "lat:f source:t complaint_id:t person_id:t fine_yuan:f confiscated_yuan:f "
        "den_destroyed:i transferred_to:t"
    ),
    "cell_scores": (
        "run_id:t* cell_id:t* lon:f! lat:f! district_code:t area_code:t area_name:t "
        "urban_rural_code:t class_source:t score:f! mean:f lo:f hi:f p_hidden:f p_lo:f p_hi:f "
        "knowledge:f last_visit_on:t n_visits_year:i n_open_leads:i n_facilities:i population:f "
        "reasons:t"
    ),
    "complaints": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "complaint_id:t! received_at:b channel:t topic:t facility_id:t site_text:t area_code:t "
        "lon:f lat:f location_precision:t summary:t due_on:t status:t handed_to:t closed_on:t "
        "outcome:t case_id:t"
    ),
    "facilities": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "facility_id:t! name:t kind:t licence_no:t licence_scope:t licence_expiry:t opened_on:t "
        "closed_on:t address:t area_code:t lon:f lat:f risk_grade:t opening_hours:t"
    ),
    "facility_scores": (
        "run_id:t* facility_id:t* cell_id:t district_code:t area_code:t name:t kind:t lon:f "
        "lat:f p:f lo:f hi:f severity:f score:f! last_visit_on:t n_visits:i n_found:i reasons:t"
    ),
    "inspections": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "inspection_id:t! started_at:b kind:t facility_id:t lon:f lat:f area_code:t "
        "officer_ids:t n_officers:i minutes:f result:t topics:t case_id:t departments:t arm:t "
        "inclusion_prob:f ground:t item_code:t government_level:t campaign_id:t"
    ),
    "officers": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! officer_id:t! "
        "name:t district_code:t base_lon:f base_lat:f certificate_no:t certificate_expiry:t "
        "skills:t"
    ),
    "persons": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "person_id:t! name:t kind:t trade:t filed_on:t usual_area_codes:t"
    ),
    "population": (
        "version_id:i* row_id:t! known_from:b! known_to:b import_id:i content_hash:x! "
        "district_code:t lon:f lat:f population:f"
    ),
    "recusals": (
        "version_id:i* known_from:b! known_to:b import_id:i content_hash:x! district_code:t "
        "officer_id:t! facility_id:t! reason:t"
    ),
    "refusals": ("refusal_id:i* import_id:i! row:i! column:t value:t reason:t!"),
    "roads": (
        "version_id:i* row_id:t! known_from:b! known_to:b import_id:i content_hash:x! "
        "district_code:t highway:t oneway:t maxspeed:t shape:x"
    ),
}
_REFERENCES = {
    ("absences", "import_id"): "imports.import_id",
    ("areas", "import_id"): "imports.import_id",
    ("campaigns", "import_id"): "imports.import_id",
    ("cases", "import_id"): "imports.import_id",
    ("cell_scores", "run_id"): "score_runs.run_id",
    ("complaints", "import_id"): "imports.import_id",
    ("facilities", "import_id"): "imports.import_id",
    ("facility_scores", "run_id"): "score_runs.run_id",
    ("inspections", "import_id"): "imports.import_id",
    ("officers", "import_id"): "imports.import_id",
    ("persons", "import_id"): "imports.import_id",
    ("population", "import_id"): "imports.import_id",
    ("recusals", "import_id"): "imports.import_id",
    ("refusals", "import_id"): "imports.import_id",
    ("roads", "import_id"): "imports.import_id",
}
_UNIQUE = {
    "jobs": (None, ("idempotency_key",)),
    "absences": ("uq_absences_version", ("officer_id", "from_on", "known_from")),
    "areas": ("uq_areas_version", ("area_code", "known_from")),
    "campaigns": ("uq_campaigns_version", ("campaign_id", "known_from")),
    "cases": ("uq_cases_version", ("case_id", "known_from")),
    "complaints": ("uq_complaints_version", ("complaint_id", "known_from")),
    "facilities": ("uq_facilities_version", ("facility_id", "known_from")),
    "inspections": ("uq_inspections_version", ("inspection_id", "known_from")),
    "officers": ("uq_officers_version", ("officer_id", "known_from")),
    "persons": ("uq_persons_version", ("person_id", "known_from")),
    "population": ("uq_population_version", ("row_id", "known_from")),
    "recusals": ("uq_recusals_version", ("officer_id", "facility_id", "known_from")),
    "roads": ("uq_roads_version", ("row_id", "known_from")),
}
_INDEXES = (
    ("ix_complainants_phone_index", "complainants", "phone_index"),
    ("ix_imports_file_hash", "imports", "file_hash"),
    ("ix_jobs_status", "jobs", "status"),
    ("ix_plans_week_start", "plans", "week_start"),
    ("ix_score_runs_as_of", "score_runs", "as_of"),
    ("ix_campaigns_from_on", "campaigns", "from_on"),
    ("ix_cases_opened_on", "cases", "opened_on"),
    ("ix_complaints_received_at", "complaints", "received_at"),
    ("ix_facilities_opened_on", "facilities", "opened_on"),
    ("ix_inspections_started_at", "inspections", "started_at"),
    ("ix_persons_filed_on", "persons", "filed_on"),
    ("ix_refusals_import_id", "refusals", "import_id"),
)

_AUDIT_GUARDS = """
CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
"""


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.create_table(table, *_columns(table, columns), *_constraints(table, columns))
    for name, table, column in _INDEXES:
        op.create_index(name, table, [column])
    if op.get_context().dialect.name == "sqlite":  # a server's guards: step 0008
        for verb in ("UPDATE", "DELETE"):
            op.execute(_AUDIT_GUARDS.format(verb=verb))


def _columns(table: str, columns: str) -> list[Column]:
    made = []
    for column in columns.split():
        name, _, type_ = column.partition(":")
        target = _REFERENCES.get((table, name))
        keys = [] if target is None else [ForeignKey(target)]
        made.append(Column(name, _TYPES[type_[0]], *keys, nullable=len(type_) == 1))
    return made


def _constraints(table: str, columns: str) -> list[PrimaryKeyConstraint | UniqueConstraint]:
    made: list[PrimaryKeyConstraint | UniqueConstraint] = [
        PrimaryKeyConstraint(*(c.partition(":")[0] for c in columns.split() if c.endswith("*")))
    ]
    if table in _UNIQUE:
        name, unique = _UNIQUE[table]
        made.append(UniqueConstraint(*unique, name=name))
    return made
