"""What reaches the bureau: leads with their channels, delays, repeats, errors and silences."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from data.synthetic.hidden import Site
from data.synthetic.institutions import MEDICAL, Institutions
from data.synthetic.lattice import Floats
from data.synthetic.places import Places
from data.synthetic.scales import N_WEEKS, random_for

PUBLIC = ("hotline_12345", "phone", "web", "letter", "visit")
"""Channels of leads from the public (docs/demo-city.md)."""
_CHANNEL_SHARES = (0.46, 0.24, 0.17, 0.06, 0.07)
_OTHERS_JOB = {
    "insurance_fraud": "市医疗保障局",
    "overcharging": "市市场监督管理局",
    "kickback": "市纪委监委",
    "scalping": "市公安局",
    "queue_jumping": "被投诉医疗机构",
    "service": "被投诉医疗机构",
    "over_treatment": "市医疗保障局",
}
_NOISE = {
    "unlicensed_practice": 0.22,
    "service": 0.16,
    "hygiene": 0.12,
    "overcharging": 0.1,
    "over_treatment": 0.07,
    "illegal_cosmetic": 0.07,
    "non_health_staff": 0.06,
    "medical_waste": 0.05,
    "insurance_fraud": 0.04,
    "queue_jumping": 0.04,
    "expired_drugs": 0.03,
    "kickback": 0.02,
    "scalping": 0.02,
}
_WORDS = {
    "den": "反映出租屋内有人无证行医，给人输液打针",
    "dental_den": "反映有人在家里拔牙镶牙，没有招牌",
    "shop_clinic": "反映店内给顾客扎针开药，疑似无证诊疗",
    "itinerant": "反映赶集日有流动人员摆摊看病卖药",
    "unlicensed_practice": "反映该处疑似无证行医",
    "out_of_scope": "反映诊所超出登记科目开展诊疗",
    "non_health_staff": "反映由无资质人员为病人打针",
    "medical_waste": "反映医疗废物与生活垃圾混放",
    "illegal_cosmetic": "反映美容院开展注射类医疗美容",
    "expired_drugs": "反映诊所使用过期药品",
    "hygiene": "反映机构卫生状况差",
    "queue_jumping": "反映门诊插队现象",
    "scalping": "反映有人倒卖号源",
    "over_treatment": "反映过度检查",
    "overcharging": "反映收费不合理",
    "kickback": "反映医务人员收受回扣",
    "insurance_fraud": "反映虚开项目套取医保基金",
    "service": "反映工作人员态度不好",
    "other": "反映其他问题",
}
_SLACK_WEEKS = 9
_TYPOS = (
    ("诊所", "珍所"),
    ("行医", "形医"),
    ("输液", "输夜"),
    ("出租屋", "出祖屋"),
    ("美容", "美荣"),
)


@dataclass(slots=True, eq=False)
class Lead:
    """One lead on its way: about a ``site``, or a ``facility`` (-1: none) with or without fault."""

    number: int
    week: int
    received_at: datetime
    channel: str
    topic: str
    village: int
    site: Site | None = None
    facility: int = -1
    same_as: int = -1
    visit_week: int = -1
    visited_at: datetime | None = None
    outcome: str | None = None
    case: int = -1
    handed_to: str | None = None


class Reporting:
    """Who speaks up, and how it is written down."""

    def __init__(self, places: Places, institutions: Institutions, *, seed: int) -> None:
        self._rng = random_for(seed, "reporting")
        self._places, self._register = places, institutions.table
        self._faults = institutions.faults
        v = places.villages
        urban = v["urban_rural_code"].isin(("111", "112", "121")).to_numpy()
        rate = self._rng.lognormal(0.0, 0.6, len(v)) * np.where(urban, 1.5, 1.0)
        rate *= np.where(v["remote"], 0.5, 1.0)
        rate *= np.where(places.villages["fringe"], 0.85, 1.0)
        silent = self._rng.random(len(v)) < np.where(v["remote"], 0.4, 0.14)
        self.rate: Floats = np.where(silent, 0.04, 1.0) * rate
        self.is_silent = silent
        crowd = (v["residents"].to_numpy() * self.rate)[self._register["village"]]
        kind = self._register["kind"]
        weight = kind.map({"hospital_2plus": 30.0, "hospital": 5.0, "other": 0.0}).fillna(1.0)
        self._noise_weight = crowd**0.35 * weight.to_numpy()
        self.leads: list[Lead] = []

    def public(
        self, week: int, monday: datetime, count: int, sites: list[Site], *, n_scope: int = 0
    ) -> list[Lead]:
        """
        Draw this week's leads from the public: true ones, repeats and noise.

        ``n_scope`` of them, if there are as many, tell of a clinic out of its scope.
        """
        made = []
        for number in range(count):
            if number < n_scope:
                made.append(self._about_fault(week, monday, "out_of_scope"))
                continue
            roll = self._rng.random()
            recent = [
                lead for lead in self.leads[-30:] if lead.week >= week - 3 and lead.site is not None
            ]
            if roll < 0.08 and recent:
                made.append(self._again(week, monday, recent))
            elif roll < 0.58 and sites:
                made.append(self._about_site(week, monday, sites))
            elif roll < 0.76:
                made.append(self._about_fault(week, monday))
            else:
                made.append(self._noise(week, monday))
        return made

    def other(self, week: int, monday: datetime, channel: str, site: Site | None) -> Lead:
        """Take a lead from a department, a patrol or an undercover visit."""
        if site is None:
            lead = self._noise(week, monday)
            lead.topic = "unlicensed_practice"
        else:
            lead = self._new(week, monday, "unlicensed_practice", site.village)
            lead.site, lead.facility = site, site.facility
        lead.channel = channel
        lead.visit_week = max(week, lead.visit_week)
        return lead

    def _new(self, week: int, monday: datetime, topic: str, village: int) -> Lead:
        rng = self._rng
        day = int(rng.choice(7, p=[0.2, 0.17, 0.17, 0.16, 0.16, 0.08, 0.06]))
        hour = int(np.clip(rng.normal(13.5, 3.6), 6, 22))
        at = monday + timedelta(days=day, hours=hour, minutes=int(rng.integers(0, 60)))
        lead = Lead(
            number=len(self.leads),
            week=week,
            received_at=at,
            channel=str(rng.choice(PUBLIC, p=_CHANNEL_SHARES)),
            topic=topic,
            village=village,
            visit_week=week + int(rng.choice([1, 2, 3, 4], p=[0.45, 0.33, 0.15, 0.07])),
            handed_to=_OTHERS_JOB.get(topic),
        )
        # Some of the last leads lie on a desk when the history ends: they are late.
        forgotten = week >= N_WEEKS - _SLACK_WEEKS and rng.random() < 0.25
        if lead.handed_to is not None or forgotten:
            lead.visit_week = -1
        self.leads.append(lead)
        return lead

    def _about_site(self, week: int, monday: datetime, sites: list[Site]) -> Lead:
        heard = np.array([1.0 + 0.8 * min(site.n_leads, 4) for site in sites])
        rates = self.rate[[site.village for site in sites]]
        weight = heard * rates * np.array([site.appeal for site in sites])
        site = sites[int(self._rng.choice(len(sites), p=weight / weight.sum()))]
        site.n_leads += 1
        lead = self._new(week, monday, "unlicensed_practice", site.village)
        lead.site, lead.facility = site, site.facility
        return lead

    def _about_fault(self, week: int, monday: datetime, topic: str = "") -> Lead:
        topic = topic or str(
            self._rng.choice(
                [
                    "out_of_scope",
                    "illegal_cosmetic",
                    "non_health_staff",
                    "medical_waste",
                    "hygiene",
                ],
                p=[0.7, 0.12, 0.07, 0.06, 0.05],
            )
        )
        weight = self._noise_weight * self._faults[topic]
        if weight.sum() <= 0:
            return self._noise(week, monday)
        facility = int(self._rng.choice(weight.size, p=weight / weight.sum()))
        lead = self._new(week, monday, topic, int(self._register["village"][facility]))
        lead.facility = facility
        return lead

    def _again(self, week: int, monday: datetime, recent: list[Lead]) -> Lead:
        first = recent[int(self._rng.integers(len(recent)))]
        lead = self._new(week, monday, first.topic, first.village)
        lead.site, lead.facility = first.site, first.facility
        lead.same_as = first.number if first.same_as < 0 else first.same_as
        lead.visit_week = -1
        return lead

    def _noise(self, week: int, monday: datetime) -> Lead:
        topic = str(self._rng.choice(list(_NOISE), p=np.array(list(_NOISE.values()))))
        weight = self._noise_weight
        if topic == "illegal_cosmetic":
            weight = weight * (self._register["kind"] == "beauty_parlour")
        elif topic != "unlicensed_practice":
            weight = weight * self._register["kind"].isin(MEDICAL)
        facility = int(self._rng.choice(weight.size, p=weight / weight.sum()))
        lead = self._new(week, monday, topic, int(self._register["village"][facility]))
        lead.facility = facility if topic != "unlicensed_practice" else -1
        return lead


def words(lead: Lead, rng: np.random.Generator) -> str:
    """Write what was reported, now and then with a slip of the pen."""
    text = _WORDS[lead.site.kind if lead.site is not None else lead.topic]
    if lead.same_as >= 0:
        text += "（重复来件）"
    if rng.random() < 0.08:
        for right, wrong in _TYPOS:
            text = text.replace(right, wrong)
    return text


def reporting_table(reporting: Reporting, places: Places) -> pd.DataFrame:
    """Give the truth about who speaks up: a rate a village, 1 on average, and silence."""
    return pd.DataFrame(
        {
            "village_code": places.villages["code"],
            "reporting_rate": np.round(reporting.rate, 4),
            "is_silent": reporting.is_silent,
        }
    )
