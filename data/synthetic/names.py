"""Made-up names: common characters put together at random, no county or city that exists."""

import numpy as np

CITY_NAME = "云岭市"
DISTRICT_NAMES = (
    "云浦区",
    "汀南区",
    "禾溪县",
    "望川县",
    "青沅县",
    "霁山县",
    "槐岭县",
    "栖云县",
)
"""Two urban districts first, then the counties."""
FRINGE_COUNTY = "禾溪县"
"""The county in which most cases lie in the urban-rural fringe."""
SPECIAL_AREA_SUFFIXES = ("工业园", "林场", "农场", "开发区")

_FIRST = "东西南北上下青白黄柳松梅桐沙石云大小长新双九三古平安永丰清金银兰竹枫荷"
_SECOND = "桥渡塘湾坪冲岭江溪口滩坝田洲浦垄林泉陂圩岗墟"
_SURNAMES = "陈李黄张刘王吴周何罗郭邓谢曾胡朱冯萧彭欧曹潘梁杨唐邱廖温钟叶"
_LAND = "屋坪坑湾岭冲田塘坳背洞坝垄岗寨"
_GIVEN = "明华强伟芳丽敏静军杰涛燕霞平波辉鹏娟红云峰松梅清林海山春秋安宁康健文武博诚"
_SHOP = "康宁济仁和安泰百草益寿春杏林德善同惠民佳美雅丽颜素馨悦容姿芷若瑞祥福顺"


def _pairs(first: str, second: str, count: int, rng: np.random.Generator) -> list[str]:
    """Draw different pairs of characters."""
    every = [a + b for a in first for b in second if a != b]
    if count > len(every):
        every += [a + b + c for a in first for b in first for c in second if len({a, b, c}) == 3]
    return [every[i] for i in rng.permutation(len(every))[:count].tolist()]


def township_names(count: int, rng: np.random.Generator) -> list[str]:
    """Draw names of townships without their suffix; the first three are set."""
    drawn = [n for n in _pairs(_FIRST, _SECOND, count + 3, rng) if n not in _SET_TOWNS]
    return [*_SET_TOWNS, *drawn][:count]


_SET_TOWNS = ("东桥", "沙渡", "柳塘")


def village_names(count: int, rng: np.random.Generator) -> list[str]:
    """Draw names of villages without their suffix, different within one call."""
    pool = _pairs(_SURNAMES, _LAND, count, rng)
    family = [name[0] + "家" + name[1] for name in _pairs(_SURNAMES, _LAND, count, rng)]
    plain = _pairs(_FIRST, _SECOND + _LAND, count, rng)
    mixed = [(pool, family, plain)[i % 3][i] for i in range(count)]
    seen: set[str] = set()
    names = []
    for name in mixed:
        unique = name
        while unique in seen:
            unique = "上下新老"[len(seen) % 4] + unique
        seen.add(unique)
        names.append(unique)
    return names


def person_names(count: int, rng: np.random.Generator) -> list[str]:
    """Draw made-up names of officers and owners; they may repeat."""
    surnames = rng.choice(list(_SURNAMES), count)
    first = rng.choice(list(_GIVEN), count)
    second = rng.choice(["", *_GIVEN], count)
    return [a + b + c for a, b, c in zip(surnames, first, second, strict=True)]


def shop_names(count: int, rng: np.random.Generator) -> list[str]:
    """Draw names of businesses, two characters each; they may repeat."""
    drawn = rng.choice(list(_SHOP), (count, 2))
    return [a + b for a, b in drawn.tolist()]
