"""Made-up weeks of reports with practitioners who move about, whose tracks are known."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SAYINGS = (
    "反映出租屋内有人无证行医，给人输液打针", "反映有人在家里拔牙镶牙，没有招牌",
    "反映该处疑似无证行医", "反映小诊所没有许可证，晚上给人看病", "反映养生馆内给人针灸拔罐",
    "反映赶集日有流动人员摆摊看病卖药", "反映理发店里有人打美容针", "反映有人上门给老人打吊瓶",
    "反映药店里给顾客扎针", "反映村里有人自称祖传秘方治病",
)  # fmt: skip
MOVERS = (
    "{v}口有人开面包车{c}，给老人{t}，收钱后就走", "{v}集市上一辆{c}面包车停着，车上{t}",
    "反映{v}有外地人开{c}面包车{t}", "{v}小学旁边{c}面包车里有人{t}，没有证件",
)  # fmt: skip
COLOURS = ("白色", "银灰色", "蓝色", "红色")
TRADES = ("拔牙镶牙", "卖膏药", "打针输液", "配镜治眼")
NOW_S = 1_790_000_000
DAY_S = 86_400


def world(
    seed: int, *, n_noise: int = 250, n_movers: int = 2, n_reports: int = 5, days: int = 120,
    side_km: float = 60.0,
) -> tuple[pd.DataFrame, list[frozenset[str]]]:  # fmt: skip
    """Return reports of some weeks and the numbers of those that belong to each mover."""
    rng = np.random.default_rng(seed)
    n_villages = 150
    xy = rng.uniform(0, side_km, (n_villages, 2))
    weight = rng.dirichlet(np.full(n_villages, 0.8))
    rows: list[tuple[int, float, str]] = []
    truth = []
    for _ in range(n_noise):
        v = int(rng.choice(n_villages, p=weight))
        saying = SAYINGS[int(rng.integers(len(SAYINGS)))]
        rows.append((v, rng.uniform(0, days), f"村{v}{saying}"))
    for m in range(n_movers):
        v = int(rng.integers(n_villages))
        day = days - rng.uniform(20, 30)
        own = []
        for _ in range(n_reports):
            own.append(len(rows))
            words = MOVERS[int(rng.integers(len(MOVERS)))].format(
                v=f"村{v}", c=COLOURS[m % 4], t=TRADES[m % 4]
            )
            rows.append((v, min(day, days - 0.1), words))
            day += rng.uniform(2, 6)
            far = np.hypot(*(xy - xy[v]).T)
            near = np.flatnonzero((far > 2) & (far < 15))
            v = int(rng.choice(near)) if len(near) else int(np.argsort(far)[1])
        truth.append(frozenset(f"L{n:05d}" for n in own))
    return frame(rows, xy, days), truth


def frame(rows: list[tuple[int, float, str]], xy: NDArray[np.float64], days: int) -> pd.DataFrame:
    """Return reports as the product reads them."""
    v = np.array([row[0] for row in rows], dtype=int)
    return pd.DataFrame(
        {
            "complaint_id": [f"L{n:05d}" for n in range(len(rows))],
            "received_at": [int(NOW_S - (days - row[1]) * DAY_S) for row in rows],
            "topic": "unlicensed_practice",
            "facility_id": None,
            "area_code": [f"990101{n:06d}" for n in v],
            "lon": 112.5 + xy[v, 0] / 102.0,
            "lat": 23.5 + xy[v, 1] / 111.2,
            "words": [row[2] for row in rows],
        }
    )
