"""
Every kind of record the product keeps: columns, types, units, meaning, labels.

This table is the only place where columns are named. From it come the store's
tables (``data/store/tables.py``), the headers an import accepts
(``data/importers/``), the labels on screen and ``docs/data-dictionary.md``.

Types: ``text``, ``integer``, ``real``, ``flag`` (0 or 1), ``date`` (ISO text in
the store, ``datetime64`` in a frame), ``instant`` (whole seconds since 1970 UTC
in the store, zone-aware ``datetime64`` in a frame), ``list`` (``;``-joined
text) and ``shape`` (WKB, lon and lat in WGS-84).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("Asia/Shanghai")
"""Zone of every time that a file gives without one."""

ALWAYS_KNOWN = -9_000_000_000
"""``known_from`` of a record whose beginning nobody wrote down: the year 1684."""

# fmt: off
FACILITY_KINDS = {
    "hospital_2plus": ("二级及以上医院", "hospital (level 2+)"),
    "hospital": ("医院", "hospital"),
    "township_health_centre": ("乡镇卫生院", "township health centre"),
    "community_health_centre": ("社区卫生服务中心（站）", "community health centre"),
    "private_clinic": ("个体诊所", "private clinic"),
    "village_clinic": ("村卫生室", "village clinic"),
    "dental_clinic": ("口腔诊所", "dental clinic"),
    "beauty_parlour": ("生活美容场所", "beauty parlour"),
    "wellness_shop": ("养生保健场所", "wellness shop"),
    "pharmacy": ("药店", "pharmacy"),
    "restaurant": ("餐饮单位", "restaurant"),
    "other": ("其他", "other"),
}
TOPICS = {
    "unlicensed_practice": ("无证行医", "unlicensed practice"),
    "out_of_scope": ("超范围诊疗", "out of scope"),
    "non_health_staff": ("非卫技人员", "non-health staff"),
    "medical_waste": ("医疗废物", "medical waste"),
    "illegal_cosmetic": ("非法医美", "illegal cosmetic"),
    "expired_drugs": ("过期药械", "expired drugs or devices"),
    "hygiene": ("环境卫生", "hygiene"),
    "queue_jumping": ("加塞插队", "queue jumping"),
    "scalping": ("倒号", "scalping"),
    "over_treatment": ("过度诊疗", "over-treatment"),
    "overcharging": ("乱收费", "overcharging"),
    "kickback": ("收受回扣", "kickback"),
    "insurance_fraud": ("欺诈骗保", "insurance fraud"),
    "service": ("服务态度", "service"),
    "other": ("其他", "other"),
}
CHANNELS = {
    "hotline_12345": ("12345", "12345 hotline"),
    "phone": ("电话", "phone"),
    "web": ("网络平台", "web"),
    "letter": ("信函", "letter"),
    "visit": ("来访", "in person"),
    "undercover": ("暗访", "undercover"),
    "handover": ("移交", "hand-over"),
    "patrol_report": ("协管报告", "patrol report"),
}
INSPECTION_KINDS = {
    "routine": ("例行", "routine"),
    "random_draw": ("抽查", "random draw"),
    "complaint": ("线索", "lead"),
    "reinspection": ("复查", "re-check"),
    "special": ("专项", "campaign"),
    "joint": ("联合", "joint"),
    "undercover": ("暗访", "undercover"),
    "sweep": ("排查", "sweep"),
    "stakeout": ("蹲守", "stake-out"),
    "notice_audit": ("公示检查", "notice audit"),
    "desk_check": ("书面检查", "desk check"),
    "registration_check": ("备案核查", "registration check"),
}
RESULTS = {
    "pass": ("合格", "pass"),
    "violation": ("发现违法", "violation"),
    "closed_door": ("闭门", "door locked"),
    "moved": ("已搬迁", "moved"),
    "refused": ("拒绝检查", "refused"),
}
COMPLAINT_STATUS = {
    "new": ("待研判", "to triage"),
    "triaged": ("已研判", "triaged"),
    "assigned": ("办理中", "in hand"),
    "handed_over": ("已转办", "handed over"),
    "transferred": ("已移送", "transferred"),
    "returned": ("已退回", "returned"),
    "closed": ("已办结", "closed"),
}
OUTCOMES = {
    "substantiated": ("查实", "substantiated"),
    "unsubstantiated": ("未查实", "unsubstantiated"),
    "not_found": ("未找到", "not found"),
    "no_jurisdiction": ("不属本局", "not ours"),
}
PRECISIONS = {
    "exact": ("门址", "exact"),
    "village": ("村", "village"),
    "township": ("乡镇", "township"),
}
GRADES = {"A": ("A", "A"), "B": ("B", "B"), "C": ("C", "C"), "D": ("D", "D")}
CASE_SOURCES = {
    "complaint": ("线索", "lead"),
    "inspection": ("检查", "inspection"),
    "undercover": ("暗访", "undercover"),
    "handover": ("移交", "hand-over"),
}
ARMS = {"targeted": ("定向", "targeted"), "random": ("随机", "random")}
GOVERNMENT_LEVELS = {
    "county": ("县级", "county"),
    "city": ("市级", "city"),
    "province": ("省级", "province"),
}
PERSON_KINDS = {
    "itinerant": ("外来行医人员", "itinerant practitioner"),
    "resident": ("本地人员", "resident"),
    "owner": ("负责人", "owner"),
}
CASE_STAGES = {
    "filed": ("立案", "filed"),
    "investigating": ("调查", "investigating"),
    "notice": ("处罚告知", "notice given"),
    "decided": ("处罚决定", "decided"),
    "enforced": ("执行", "enforced"),
    "transferred": ("移送", "transferred"),
    "closed": ("结案", "closed"),
}
ABSENCE_REASONS = {
    "duty": ("值班", "duty"),
    "annual": ("年休假", "annual leave"),
    "sick": ("病假", "sick leave"),
    "personal": ("事假", "personal leave"),
    "training": ("培训", "training"),
    "secondment": ("借调", "secondment"),
    "other": ("其他", "other"),
}
RECUSAL_REASONS = {
    "relative": ("亲属任职", "relative works there"),
    "interest": ("持有股份", "holds shares"),
    "former_employee": ("曾任职于该机构", "worked there before"),
    "complaint": ("被该机构投诉或诉讼", "complaint or suit by the facility"),
    "other": ("其他", "other"),
}
"""Reasons that forms offer; files may give any words of their own."""
SKILLS = {
    "dental": ("口腔", "dental"),
    "tcm": ("中医", "Chinese medicine"),
    "gynaecology": ("妇科", "gynaecology"),
    "cosmetic": ("医疗美容", "cosmetic medicine"),
    "waste": ("医疗废物", "medical waste"),
}
AREA_LEVELS = {
    "city": ("市", "city"),
    "district": ("区县", "district"),
    "township": ("乡镇街道", "township"),
    "village": ("村居", "village"),
}
URBAN_RURAL_CODES = {
    "111": ("主城区", "main urban"),
    "112": ("城乡结合区", "urban-rural fringe"),
    "121": ("镇中心区", "town centre"),
    "122": ("镇乡结合区", "town fringe"),
    "123": ("特殊区域", "special area"),
    "210": ("乡中心区", "township centre"),
    "220": ("村庄", "village"),
}
FRINGE_CODES = frozenset({"112", "122"})
CLASS_SOURCES = {
    "bureau": ("统计部门", "statistics bureau"),
    "computed": ("推算", "computed"),
    "corrected": ("人工更正", "corrected by hand"),
}

LABELS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "facility_kind": FACILITY_KINDS,
    "topic": TOPICS,
    "channel": CHANNELS,
    "inspection_kind": INSPECTION_KINDS,
    "result": RESULTS,
    "status": COMPLAINT_STATUS,
    "outcome": OUTCOMES,
    "location_precision": PRECISIONS,
    "risk_grade": GRADES,
    "case_source": CASE_SOURCES,
    "arm": ARMS,
    "government_level": GOVERNMENT_LEVELS,
    "person_kind": PERSON_KINDS,
    "area_level": AREA_LEVELS,
    "stage": CASE_STAGES,
    "absence_reason": ABSENCE_REASONS,
    "recusal_reason": RECUSAL_REASONS,
    "skills": SKILLS,
    "urban_rural_code": URBAN_RURAL_CODES,
    "class_source": CLASS_SOURCES,
}
"""Vocabulary name → code → (Chinese, English). Imports accept any of the three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column of a kind of record.

    ``late`` names the column whose date says when this one was learnt: before
    that date a reader sees nothing in it. ``late="load"`` means nobody wrote the
    date down, so it counts as learnt when the file was loaded.
    """

    name: str
    type: str
    zh: str
    meaning: str
    required: bool = False
    vocabulary: str | None = None
    lo: float | None = None
    hi: float | None = None
    late: str | None = None
    identity: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    One kind of source record (one kind of file, docs/formats.md).

    ``event`` is the column whose date says when the record itself became known;
    ``None`` means it is taken as always known. ``key`` identifies a record over
    all its versions; a kind without natural key gets ``row_id``.
    """

    name: str
    zh: str
    en: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    event: str | None = None
    place: bool = False
    by_name: Mapping[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        """Index the columns by name."""
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})


def _col(name: str, type_: str, zh: str, meaning: str, **more: object) -> Column:
    return Column(name=name, type=type_, zh=zh, meaning=meaning, **more)  # type: ignore[arg-type]


_LON = _col("lon", "real", "经度", "longitude, degrees, WGS-84", lo=-180, hi=180, aliases=("longitude", "lng"))
_LAT = _col("lat", "real", "纬度", "latitude, degrees, WGS-84", lo=-90, hi=90, aliases=("latitude",))
_AREA = _col("area_code", "text", "区划代码", "code of the smallest known area", aliases=("行政区划代码", "所属区划"))
_PRECISION = _col("location_precision", "text", "位置精度", "how precise the point is; empty: as the file gave it", vocabulary="location_precision")
_FACILITY_ID = _col("facility_id", "text", "机构编号", "facility the record is about", aliases=("机构ID",))

FACILITIES = Kind(
    name="facilities", zh="机构", en="facilities", key=("facility_id",), event="opened_on", place=True,
    columns=(
        _col("facility_id", "text", "机构编号", "identifier of the facility", required=True, aliases=("机构ID", "编号")),
        _col("name", "text", "机构名称", "name on the licence", required=True, aliases=("名称", "单位名称")),
        _col("kind", "text", "机构类别", "kind of facility", required=True, vocabulary="facility_kind", aliases=("类别", "机构类型")),
        _col("licence_no", "text", "许可证号", "number of the practice licence", aliases=("执业许可证号",)),
        _col("licence_scope", "list", "诊疗科目", "departments the licence covers", late="load"),
        _col("licence_expiry", "date", "许可有效期", "last day of the licence", late="load", aliases=("有效期至",)),
        _col("opened_on", "date", "开业日期", "first day of business", aliases=("成立日期",)),
        _col("closed_on", "date", "注销日期", "last day of business", late="closed_on", aliases=("停业日期",)),
        _col("address", "text", "地址", "street address", aliases=("机构地址", "详细地址")),
        _AREA, _LON, _LAT, _PRECISION,
        _col("risk_grade", "text", "风险等级", "grade of the bureau's own rating, A best", vocabulary="risk_grade", late="load", aliases=("分级",)),
        _col("opening_hours", "text", "营业时间", "hours of business"),
    ),
)
COMPLAINTS = Kind(
    name="complaints", zh="线索", en="leads", key=("complaint_id",), event="received_at", place=True,
    columns=(
        _col("complaint_id", "text", "线索编号", "identifier of the lead", required=True, aliases=("编号", "工单编号", "受理编号")),
        _col("received_at", "instant", "登记时间", "when it reached the bureau", required=True, aliases=("受理时间", "来电时间", "接收时间")),
        _col("channel", "text", "渠道", "way it came in", required=True, vocabulary="channel", aliases=("来源", "来源渠道")),
        _col("topic", "text", "类别", "what it is about", required=True, vocabulary="topic", aliases=("问题类别", "事项")),
        _FACILITY_ID,
        _col("site_text", "text", "地点", "place in words", aliases=("事发地点", "地点描述")),
        _AREA, _LON, _LAT, _PRECISION,
        _col("summary", "text", "摘要", "what was reported", aliases=("内容摘要", "诉求内容")),
        _col("complainant_name", "text", "举报人", "kept apart, encrypted", identity=True, aliases=("举报人姓名", "来电人")),
        _col("complainant_phone", "text", "联系电话", "kept apart, encrypted", identity=True, aliases=("举报人电话", "来电号码")),
        _col("due_on", "date", "办结时限", "day the answer is due", aliases=("时限",)),
        _col("status", "text", "状态", "where the lead stands", vocabulary="status", late="closed_on"),
        _col("handed_to", "text", "转办单位", "department it was given to", late="closed_on"),
        _col("closed_on", "date", "办结日期", "day it was closed", late="closed_on", aliases=("办结时间",)),
        _col("outcome", "text", "办理结果", "what was found", vocabulary="outcome", late="closed_on"),
        _col("case_id", "text", "案件编号", "case it led to", late="closed_on"),
    ),
)
CASES = Kind(
    name="cases", zh="案件", en="cases", key=("case_id",), event="opened_on", place=True,
    columns=(
        _col("case_id", "text", "案件编号", "identifier of the case", required=True, aliases=("案号", "立案编号")),
        _col("opened_on", "date", "立案日期", "day the case was filed", required=True),
        _col("closed_on", "date", "结案日期", "day the case was closed", late="closed_on", aliases=("办结日期",)),
        _col("topic", "text", "案由", "kind of violation", required=True, vocabulary="topic", aliases=("类别",)),
        _FACILITY_ID,
        _col("site_text", "text", "地点", "place in words", aliases=("案发地点",)),
        _AREA, _LON, _LAT, _PRECISION,
        _col("source", "text", "案件来源", "where the case came from", vocabulary="case_source"),
        _col("complaint_id", "text", "线索编号", "lead that led to it"),
        _col("person_id", "text", "人员编号", "person concerned", late="closed_on"),
        _col("fine_yuan", "real", "罚款（元）", "fine, yuan", lo=0, late="closed_on", aliases=("罚款", "罚款金额")),
        _col("decided_on", "date", "处罚决定日期", "day the penalty was decided; fines count from it", late="closed_on", aliases=("决定日期",)),
        _col("confiscated_yuan", "real", "没收违法所得（元）", "confiscated, yuan", lo=0, late="closed_on", aliases=("没收违法所得",)),
        _col("den_destroyed", "flag", "捣毁窝点", "1 if a den was destroyed", late="closed_on"),
        _col("transferred_to", "text", "移送单位", "department it was transferred to", late="closed_on"),
    ),
)
INSPECTIONS = Kind(
    name="inspections", zh="检查", en="inspections", key=("inspection_id",), event="started_at", place=True,
    columns=(
        _col("inspection_id", "text", "检查编号", "identifier of the inspection", required=True, aliases=("编号",)),
        _col("started_at", "instant", "检查时间", "when it began", required=True, aliases=("检查日期", "开始时间")),
        _col("kind", "text", "检查类型", "kind of inspection", required=True, vocabulary="inspection_kind", aliases=("类型",)),
        _FACILITY_ID, _LON, _LAT, _AREA, _PRECISION,
        _col("officer_ids", "list", "执法人员", "officers who went", aliases=("检查人员",)),
        _col("n_officers", "integer", "出动人数", "number of officers", lo=0, aliases=("人数",)),
        _col("minutes", "real", "用时（分钟）", "minutes on site", lo=0, aliases=("用时",)),
        _col("result", "text", "检查结果", "what was found", required=True, vocabulary="result", aliases=("结果",)),
        _col("topics", "list", "违法类别", "violations found", vocabulary="topic"),
        _col("case_id", "text", "案件编号", "case it led to", late="load"),
        _col("departments", "list", "联合部门", "departments that took part"),
        _col("arm", "text", "抽样方式", "targeted or random", vocabulary="arm"),
        _col("inclusion_prob", "real", "入样概率", "chance that the draw picked it, 0 to 1", lo=0, hi=1),
        _col("ground", "text", "检查事由", "legal ground, coded"),
        _col("item_code", "text", "事项编码", "code of the inspection item"),
        _col("government_level", "text", "检查层级", "level of government", vocabulary="government_level"),
        _col("campaign_id", "text", "专项编号", "campaign it belongs to"),
    ),
)
PERSONS = Kind(
    name="persons", zh="人员", en="persons", key=("person_id",), event="filed_on",
    columns=(
        _col("person_id", "text", "人员编号", "identifier of the person", required=True),
        _col("name", "text", "姓名", "name"),
        _col("kind", "text", "人员类别", "kind of person", vocabulary="person_kind"),
        _col("trade", "text", "行业", "trade practised"),
        _col("filed_on", "date", "备案日期", "day of registration; empty: not registered", aliases=("备案登记",)),
        _col("usual_area_codes", "list", "常驻区划", "areas the person usually works in"),
    ),
)
CAMPAIGNS = Kind(
    name="campaigns", zh="专项行动", en="campaigns", key=("campaign_id",), event="from_on",
    columns=(
        _col("campaign_id", "text", "专项编号", "identifier of the campaign", required=True),
        _col("name", "text", "专项名称", "name", required=True, aliases=("名称",)),
        _col("from_on", "date", "开始日期", "first day", required=True),
        _col("to_on", "date", "结束日期", "last day", required=True),
        _col("ordered_by", "text", "部署层级", "level that ordered it", vocabulary="government_level"),
        _col("facility_kinds", "list", "机构类别", "kinds of facility covered", vocabulary="facility_kind"),
        _col("area_codes", "list", "区划代码", "areas covered"),
        _col("target_share", "real", "目标比例", "share to be covered, 0 to 1", lo=0, hi=1),
    ),
)
OFFICERS = Kind(
    name="officers", zh="执法人员", en="officers", key=("officer_id",),
    columns=(
        _col("officer_id", "text", "人员编号", "identifier of the officer", required=True, aliases=("执法人员编号",)),
        _col("name", "text", "姓名", "name", required=True),
        _col("district_code", "text", "所属区县", "district of service", required=True, aliases=("区县代码",)),
        _col("base_lon", "real", "驻地经度", "longitude of the base, degrees", required=True, lo=-180, hi=180),
        _col("base_lat", "real", "驻地纬度", "latitude of the base, degrees", required=True, lo=-90, hi=90),
        _col("certificate_no", "text", "执法证号", "number of the certificate", aliases=("证件号",)),
        _col("certificate_level", "text", "执法证级别", "level of government that issued the certificate", vocabulary="government_level"),
        _col("certificate_expiry", "date", "执法证有效期", "last valid day", aliases=("有效期至",)),
        _col("skills", "list", "专长", "skills"),
    ),
)
ABSENCES = Kind(
    name="absences", zh="请假", en="absences", key=("officer_id", "from_on"),
    columns=(
        _col("officer_id", "text", "人员编号", "officer", required=True, aliases=("执法人员编号",)),
        _col("from_on", "date", "开始日期", "first day away", required=True),
        _col("to_on", "date", "结束日期", "last day away", required=True),
        _col("reason", "text", "事由", "why"),
    ),
)
RECUSALS = Kind(
    name="recusals", zh="回避", en="recusals", key=("officer_id", "facility_id"),
    columns=(
        _col("officer_id", "text", "人员编号", "officer", required=True, aliases=("执法人员编号",)),
        _col("facility_id", "text", "机构编号", "facility", required=True),
        _col("reason", "text", "事由", "why"),
    ),
)
AREAS = Kind(
    name="areas", zh="区划", en="areas", key=("area_code",),
    columns=(
        _col("area_code", "text", "区划代码", "code of the area", required=True, aliases=("代码",)),
        _col("name", "text", "名称", "name", required=True, aliases=("区划名称",)),
        _col("level", "text", "级别", "level of the area", required=True, vocabulary="area_level", aliases=("层级",)),
        _col("parent_code", "text", "上级代码", "area it lies in"),
        _col("former_names", "list", "曾用名", "names it had before, and names of places merged into it", aliases=("旧名", "别名", "原名")),
        _col("urban_rural_code", "text", "城乡分类代码", "class of the statistics bureau", vocabulary="urban_rural_code", aliases=("城乡划分代码", "城乡分类")),
        _col("class_source", "text", "分类来源", "who gave the class; empty: the bureau's file", vocabulary="class_source"),
        _col("class_year", "integer", "分类年份", "year of the list the class comes from", lo=1990, hi=2200, aliases=("城乡代码年份",)),
        _col("class_reason", "text", "分类依据", "why the class was corrected"),
        _col("population", "real", "常住人口", "residents", lo=0, aliases=("人口",)),
        _col("shape", "shape", "边界", "boundary", required=True),
    ),
)
ROADS = Kind(
    name="roads", zh="道路", en="roads", key=("row_id",),
    columns=(
        _col("highway", "text", "道路等级", "OpenStreetMap class of the road", required=True, aliases=("fclass", "等级")),
        _col("oneway", "text", "单行", "yes, no or -1"),
        _col("maxspeed", "text", "限速", "speed limit, km/h", aliases=("限速（公里/小时）",)),
        _col("shape", "shape", "线形", "line of the road", required=True),
    ),
)
POPULATION = Kind(
    name="population", zh="人口", en="population", key=("row_id",),
    columns=(
        _col("lon", "real", "经度", "longitude, degrees, WGS-84", required=True, lo=-180, hi=180),
        _col("lat", "real", "纬度", "latitude, degrees, WGS-84", required=True, lo=-90, hi=90),
        _col("population", "real", "人口", "residents at the point", required=True, lo=0),
    ),
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        FACILITIES, COMPLAINTS, CASES, INSPECTIONS, PERSONS, CAMPAIGNS,
        OFFICERS, ABSENCES, RECUSALS, AREAS, ROADS, POPULATION,
    )
}
