"""The tables of counties, townships and villages: codes, names, class, residents, ways."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from data.synthetic import names
from data.synthetic.built_up import BuiltUp
from data.synthetic.lattice import Bools, Floats, Ints, Lattice
from data.synthetic.lines import Ground
from data.synthetic.roads import NO_ROAD, RoadNetwork
from data.synthetic.scales import random_for
from data.synthetic.settlements import Settlements

CITY_CODE = "990100"
"""No province of China has the number 99: nothing here can be taken for a real place."""
_MIN_PER_KM = np.array([0.9, 1.1, 1.3, 1.8, 2.4, 2.4, 4.0, 6.0])
_FRINGE = ("112", "122")
_MARKETS = ("逢一、四、七日", "逢二、五、八日", "逢三、六、九日")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    The units of the city as tables, in the order of ``Settlements``.

    ``villages`` has code, name, township, district (numbers), urban_rural_code,
    residents, lon, lat, cell, seat_minutes (to the county seat by road), market
    (0 to 2: which days of the month, -1: no market), fringe and remote flags.
    """

    districts: pd.DataFrame
    townships: pd.DataFrame
    villages: pd.DataFrame
    cells_by_village: Ints
    weights: Floats
    starts: Ints

    def cells_in(self, village: Ints, rng: np.random.Generator) -> Ints:
        """Draw one cell in each village, likelier where more people live."""
        low, high = self.starts[village], self.starts[np.asarray(village) + 1]
        base = np.where(low > 0, self.weights[low - 1], 0.0)
        at = base + rng.random(len(low)) * (self.weights[high - 1] - base)
        return self.cells_by_village[np.clip(np.searchsorted(self.weights, at), low, high - 1)]


def make_places(
    settlements: Settlements,
    lattice: Lattice,
    network: RoadNetwork,
    built_up: BuiltUp,
    ground: Ground,
    *,
    village_of: Ints,
    codes: list[str],
    small: Bools,
    seed: int,
) -> Places:
    """Number and name everything; ``village_of`` is the tidied map of villages."""
    rng = random_for(seed, "places")
    n_villages = settlements.village_seats.size
    inside = np.flatnonzero(village_of >= 0)
    order = inside[np.argsort(village_of[inside], kind="stable")]
    people = built_up.residents.ravel()
    residents: Floats = np.bincount(
        village_of[inside], weights=people[inside], minlength=n_villages
    ).astype(float)
    districts = _districts(settlements, ground)
    townships = _townships(settlements, districts, small, ground, rng)
    villages = _villages(settlements, townships, codes, residents, ground, rng)
    villages["seat_minutes"] = _minutes(settlements, lattice, network, villages)
    villages["fringe"] = villages["urban_rural_code"].isin(_FRINGE)
    far = villages["seat_minutes"] >= villages["seat_minutes"].quantile(0.85)
    villages["remote"] = far & (villages["urban_rural_code"] == "220")
    return Places(
        districts=districts,
        townships=townships,
        villages=villages,
        cells_by_village=order,
        weights=np.cumsum(people[order] + 1e-3),
        starts=np.searchsorted(village_of[order], np.arange(n_villages + 1)),
    )


def _districts(settlements: Settlements, ground: Ground) -> pd.DataFrame:
    n = settlements.district_seats.size
    lon, lat = ground.place(settlements.district_seats)
    codes = [f"9901{2 + i if i < 2 else 19 + i:02d}" for i in range(n)]
    return pd.DataFrame(
        {"code": codes, "name": list(names.DISTRICT_NAMES[:n]), "lon": lon, "lat": lat}
    )


def _townships(
    settlements: Settlements,
    districts: pd.DataFrame,
    small: Bools,
    ground: Ground,
    rng: np.random.Generator,
) -> pd.DataFrame:
    n = settlements.township_seats.size
    lon, lat = ground.place(settlements.township_seats)
    plain = names.township_names(n, rng)
    # The three set names belong to towns, not to streets.
    plain = plain[3:] + plain[:3] if n > 3 else plain
    district = settlements.township_district
    suffix = np.where(settlements.is_street, "街道", np.where(small, "乡", "镇"))
    first = np.where(settlements.is_street, 1, np.where(small, 200, 100))
    codes: list[str] = []
    used: dict[tuple[int, int], int] = {}
    for number in range(n):
        key = (int(district[number]), int(first[number]))
        used[key] = used.get(key, -1) + 1
        codes.append(f"{districts['code'][key[0]]}{key[1] + used[key]:03d}")
    return pd.DataFrame(
        {
            "code": codes,
            "name": [a + b for a, b in zip(plain, suffix.tolist(), strict=True)],
            "district": district,
            "is_street": settlements.is_street,
            "village": settlements.township_village,
            "market": rng.integers(0, len(_MARKETS), n),
            "lon": lon,
            "lat": lat,
        }
    )


def _villages(
    settlements: Settlements,
    townships: pd.DataFrame,
    codes: list[str],
    residents: Floats,
    ground: Ground,
    rng: np.random.Generator,
) -> pd.DataFrame:
    township = settlements.village_township
    lon, lat = ground.place(settlements.village_seats)
    urban = np.isin(codes, ("111", "121"))
    numbers: dict[int, int] = {}
    full_codes, full_names = [], []
    pool = {
        int(t): names.village_names(int((township == t).sum()), rng) for t in np.unique(township)
    }
    for number in range(township.size):
        t = int(township[number])
        numbers[t] = numbers.get(t, -1) + 1
        base = 1 if urban[number] else 200
        full_codes.append(f"{townships['code'][t]}{base + numbers[t]:03d}")
        suffix = "社区" if urban[number] else "村"
        if codes[number] == "123":
            suffix = names.SPECIAL_AREA_SUFFIXES[number % len(names.SPECIAL_AREA_SUFFIXES)]
        full_names.append(pool[t][numbers[t]] + suffix)
    market = np.full(township.size, -1)
    market[townships["village"]] = townships["market"]
    return pd.DataFrame(
        {
            "code": full_codes,
            "name": full_names,
            "township": township,
            "district": townships["district"].to_numpy()[township],
            "urban_rural_code": codes,
            "residents": residents,
            "lon": lon,
            "lat": lat,
            "cell": settlements.village_seats,
            "market": market,
        }
    )


def _minutes(
    settlements: Settlements, lattice: Lattice, network: RoadNetwork, villages: pd.DataFrame
) -> Floats:
    """Measure the way to the own county seat by road, minutes."""
    edges = np.flatnonzero(network.rank != NO_ROAD)
    minutes = lattice.length_m[edges] / 1_000.0 * _MIN_PER_KM[network.rank[edges]]
    n = lattice.cells.size
    graph = csr_matrix((minutes, (lattice.u[edges], lattice.v[edges])), shape=(n, n))
    seats = lattice.node_of[settlements.district_seats]
    away = dijkstra(graph, directed=False, indices=seats)
    made: Floats = away[villages["district"], lattice.node_of[settlements.village_seats]]
    return made


def market_text(market: int) -> str:
    """Say on which days of the month a market is held."""
    return _MARKETS[market]


def is_market_day(market: int, day_of_month: int) -> bool:
    """Say whether a market is held on a day of the month."""
    return day_of_month % 10 in (market + 1, market + 4, market + 7)
