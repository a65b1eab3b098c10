"""Headers in three tongues, and the kind of a file."""

import pytest

from data import schema
from data.importers import headers
from errors import BadFileError


def test_english_chinese_and_other_names_are_one_column():
    """An office's own header must not need a profile where we know it."""
    for given in ("received_at", "Received At", "登记时间", "受理时间", " 登记 时间 "):
        assert headers.match(schema.COMPLAINTS, [given]).columns == {"received_at": 0}


def test_the_exact_name_beats_an_alias_and_the_rest_is_reported():
    """'编号' is an alias of the lead's number; with the exact header there it is left over."""
    found = headers.match(schema.COMPLAINTS, ["编号", "线索编号", "备注", ""])
    assert found.columns == {"complaint_id": 1}
    assert found.ignored == ("编号", "备注")


def test_full_width_signs_and_a_datum_remark_do_not_hide_a_header():
    """经度（GCJ-02） is a longitude, 罚款（元） a fine."""
    found = headers.match(schema.CASES, ["经度（GCJ-02）", "纬度(gcj02)", "罚款（元）"])
    assert found.columns == {"lon": 0, "lat": 1, "fine_yuan": 2}


@pytest.mark.parametrize(
    ("given", "datum"),
    [
        (["经度（GCJ-02）", "name"], "gcj02"),
        (["百度经度"], "bd09"),
        (["lon_wgs84"], "wgs84"),
        (["经度（国家2000）"], "cgcs2000"),
        (["经度"], None),
        (["gcj_note"], None),
    ],
)
def test_a_header_may_name_its_datum(given, datum):
    """Believed before any guess."""
    assert headers.stated_datum(given) == datum


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("facilities_2025.csv", "facilities"),
        ("机构名单.xlsx", "facilities"),
        ("执法人员.csv", "officers"),
        ("人员备案.csv", "persons"),
        ("somewhere.osm.pbf", "roads"),
        ("list.csv", None),
    ],
)
def test_the_file_name_may_say_the_kind(name, kind):
    """As offices name their files."""
    assert headers.kind_of_name(name) == kind


def test_headers_say_the_kind_where_the_name_does_not():
    """The kind that explains most headers, if it is one."""
    given = ["case_id", "opened_on", "topic", "person_id", "fine_yuan"]
    assert headers.kind_of_headers(given, has_shapes=False, file="x.csv") == "cases"


@pytest.mark.parametrize("given", [["a", "b"], ["officer_id", "facility_id", "person_id", "name"]])
def test_no_kind_or_two_equally_likely_ones_are_an_error(given):
    """A guess could fill the wrong table."""
    with pytest.raises(BadFileError, match="--kind"):
        headers.kind_of_headers(given, has_shapes=False, file="x.csv")


def test_every_kind_has_its_place_in_the_order_of_loading():
    """Areas and roads first: the datum of the others is judged by them."""
    assert sorted(headers.ORDER) == sorted(schema.KINDS)
    assert headers.ORDER[:3] == ("areas", "roads", "facilities")
