"""The files of the made-up city as files: same bytes, fixed names, truth apart."""

from datetime import date

import pytest

from data.synthetic.city import STEPS, make_city

EXPECTED = {
    "专项行动.xlsx",
    "人口.csv",
    "人员.csv",
    "区划.gpkg",
    "回避.csv",
    "执法人员.xlsx",
    "机构-医疗机构.csv",
    "机构-美容养生药店.csv",
    "案件.xlsx",
    "检查.csv",
    "线索.xlsx",
    "请假.csv",
    "道路.gpkg",
}


def test_the_same_seed_gives_the_same_bytes(county, tmp_path):
    """A back-test that can't be repeated proves nothing."""
    make_city(tmp_path, seed=7, scale="county")
    first = {p.relative_to(county.folder): p.read_bytes() for p in county.folder.rglob("*.*")}
    second = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*.*")}
    assert len(first) > len(EXPECTED)
    assert first.keys() == second.keys()
    assert [str(name) for name in first if first[name] != second[name]] == []


def test_another_seed_gives_another_place(county, tmp_path):
    """Results on one city could be luck; a second must differ in its ground."""
    make_city(tmp_path, seed=8, scale="county")
    assert (county.folder / "区划.gpkg").read_bytes() != (tmp_path / "区划.gpkg").read_bytes()


def test_every_kind_of_file_is_there_and_the_truth_lies_apart(county):
    """An import of the folder must meet every kind and never the truth."""
    assert set(county.summary.files) == EXPECTED
    assert {p.name for p in county.folder.iterdir() if p.is_dir()} == {"truth"}
    assert not list(county.folder.glob("*.parquet"))


def test_departments_write_in_their_own_ways(county):
    """The importer is only tested by what bureaus really send."""
    medical = (county.folder / "机构-医疗机构.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        medical.decode("utf-8")
    assert medical.decode("gb18030").startswith("机构编号,机构名称,机构类别")
    shops = (county.folder / "机构-美容养生药店.csv").read_bytes().decode("gb18030")
    assert "经度（GCJ-02）" in shops.splitlines()[0]
    assert (county.folder / "检查.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_leads_stand_under_a_title_row_with_chinese_words_and_dates(county):
    """Title rows and dates such as 2025年6月3日 break naive readers."""
    import openpyxl

    sheet = openpyxl.load_workbook(county.folder / "线索.xlsx").active
    title, header, first = (
        [cell.value for cell in row] for row in sheet.iter_rows(min_row=1, max_row=3)
    )
    assert title[0].startswith("云岭市")
    assert title[1:] == [None] * (len(title) - 1)
    row = dict(zip(header, first, strict=True))
    assert "年" in row["登记时间"]
    assert row["渠道"] in {"12345", "电话", "网络平台", "信函", "来访", "移交", "协管报告", "暗访"}


def test_complainants_are_visibly_placeholders(county):
    """Nobody may take a made-up complainant for a person."""
    import openpyxl

    sheet = openpyxl.load_workbook(county.folder / "线索.xlsx").active
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    header = list(rows[0])
    names = {row[header.index("举报人")] for row in rows[1:]} - {None}
    phones = {row[header.index("联系电话")] for row in rows[1:]} - {None}
    assert names
    assert all(name.startswith("举报人") for name in names)
    assert phones == {"00000000000"}


def test_progress_names_each_step_once_and_in_order(tmp_path):
    """A bar that jumps back or stays silent looks like a hang."""
    told = []
    make_city(
        tmp_path, seed=1, scale="county", progress=lambda share, step: told.append((share, step))
    )
    assert [step for _, step in told] == list(STEPS)
    assert [share for share, _ in told] == sorted(share for share, _ in told)


@pytest.mark.parametrize("wrong", [{"scale": "province"}, {"end": date(2026, 11, 23)}])
def test_an_unknown_scale_and_a_history_that_ends_on_a_monday_are_refused(wrong, tmp_path):
    """Weeks are counted from Mondays: half a week at the end would shift all of them."""
    with pytest.raises(ValueError, match="end a Sunday"):
        make_city(tmp_path, seed=1, **{"scale": "county", **wrong})
