"""From text to values: everything a clerk types, and nothing guessed."""

import pyarrow as pa
import pytest

from data import schema
from data.importers import values


def read(type_, *texts, date_format=None, **more):
    """Return the values read, ``None`` where refused."""
    column = schema.Column(name="x", type=type_, zh="", meaning="", **more)
    cleaned = values.clean(pa.chunked_array([pa.array(texts, pa.large_string())]))
    parsed = values.parse(column, cleaned, date_format=date_format)
    return [
        "refused" if bad else value
        for value, bad in zip(parsed.series.tolist(), parsed.bad, strict=True)
    ]


def shown_dates(*texts, **more):
    return [v if v == "refused" else v.strftime("%F") for v in read("date", *texts, **more)]


def test_dates_in_every_form_offices_use():
    """ISO, slashes, Chinese, compact, spreadsheet serials, full-width digits."""
    forms = ["2025-06-03", "2025/6/3", "2025.6.3", "2025年6月3日", "20250603", "45811"]
    forms += ["２０２５年６月３日", "2025-06-03 14:05", "2025-06-03T14:05:09", " 2025-6-3 "]
    assert set(shown_dates(*forms)) == {"2025-06-03"}


@pytest.mark.parametrize(
    "text", ["06/03/2025", "2025-02-30", "2025-13-01", "next week", "0001-01-01", "3.6.2025", "123"]
)
def test_what_is_no_clear_date_is_refused(text):
    """American and European orders look alike; neither is guessed."""
    assert shown_dates(text) == ["refused"]


def test_american_dates_need_a_profile_that_says_so():
    """Then they are read, beside the usual forms."""
    found = shown_dates("06/03/2025", "2025-06-04", "13/01/2025", date_format="%m/%d/%Y")
    assert found == ["2025-06-03", "2025-06-04", "refused"]


def test_instants_without_zone_are_those_of_shanghai():
    """With a zone they are converted."""
    texts = ["2025-06-03 14:05", "2025-06-03T06:05:00Z", "2025-06-03 08:05+02:00", "45811.5"]
    found = [v.strftime("%F %T") for v in read("instant", *texts)]
    assert found == ["2025-06-03 14:05:00"] * 3 + ["2025-06-03 12:00:00"]
    (chinese,) = read("instant", "2025年6月3日14时05分")
    assert chinese.strftime("%H:%M") == "14:05"


def test_numbers():
    """Full-width digits and thousands are numbers, words and infinities are not."""
    texts = ["1.5", "１２.5", "1,234.5", "-3", "−3", "1e3", "1,23", "x", "inf", "nan", "1_0"]
    assert read("real", *texts) == [1.5, 12.5, 1234.5, -3, -3, 1000, *["refused"] * 5]
    assert read("integer", "3", "3.0", "3.5") == [3, 3, "refused"]
    assert read("real", "-1", "0", "9", lo=0, hi=5) == ["refused", 0, "refused"]


def test_flags():
    """As people write yes and no."""
    assert read("flag", "1", "0", "是", "否", "Yes", "no", "1.0", "maybe") == [
        *(1, 0, 1, 0, 1, 0, 1),
        "refused",
    ]


def test_codes_are_accepted_as_code_and_in_both_languages():
    """The file of one office and the export of ours read alike."""
    texts = ["private_clinic", "个体诊所", "Private Clinic", "个 体 诊 所", "药房"]
    found = read("text", *texts, vocabulary="facility_kind")
    assert found == ["private_clinic"] * 4 + ["refused"]


def test_lists_keep_their_order_and_lose_doubles():
    """Semicolons of both widths, and the Chinese list comma."""
    assert read("list", "O1;O2；O1、O3", ";")[0] == "O1;O2;O3"
    topics = read("list", "无证行医;hygiene", "hygiene;丢失", vocabulary="topic")
    assert topics == ["unlicensed_practice;hygiene", "refused"]


def test_text_is_kept_as_it_is_but_for_spaces_and_control_signs():
    """NA is a name, 0012 an id; a number that lost its digits is no id at all."""
    assert read("text", " 0012 ", "NA", "a\x00b\x07", "\x1a123") == ["0012", "NA", "ab", "refused"]


def test_empty_cells_are_missing_and_not_refused():
    """Missing is decided by whether the column is required."""
    column = schema.Column(name="x", type="date", zh="", meaning="")
    texts = values.clean(pa.chunked_array([pa.array(["", "  ", None], pa.large_string())]))
    parsed = values.parse(column, texts)
    assert parsed.series.isna().all()
    assert not parsed.bad.any()


def test_refused_values_are_cut_and_identities_masked():
    """A report may travel further than the file it tells of."""
    phone = schema.COMPLAINTS.by_name["complainant_phone"]
    assert values.shown(phone, "13800001234") == "***"
    assert values.shown(None, "x" * 500) == "x" * 80
    assert values.shown(None, None) is None
