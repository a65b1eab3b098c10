"""
Addresses as people write them: made regular, and taken apart where a name is misspelt.

Nothing here knows places; ``geo/gazetteer.py`` does. A text is brought to one form
first: half-width, without spaces, separators as commas, English words for kinds of
area as their Chinese ones.
"""

import re
import unicodedata
from dataclasses import dataclass

SUFFIXES = {
    "district": ("县", "区", "市"),
    "township": ("街道", "镇", "乡", "街", "办事处", "公社"),
    "village": ("社区", "村", "大队", "屯"),
}
"""Words that end the name of an area, per level; the first ones are today's."""

_ENGLISH = (
    (r"sub-?district", "街道"),
    (r"township", "乡"),
    (r"town", "镇"),
    (r"village", "村"),
    (r"(?:residential )?community", "社区"),
    (r"county", "县"),
    (r"district", "区"),
    (r"city", "市"),
)
_ENGLISH_NOISE = re.compile(
    r"\b(?:room|rm|unit|building|bldg|floor|no)\b\.?\s*\d+\w*", re.IGNORECASE
)
_COMMITTEES = re.compile(r"(?:村|居)?(?:村|居)民委员会|(?<=村)委会?|社区居委会?|居委会?")
_SEPARATORS = re.compile(r"[\s,，.。;；:：、·/／\\|()（）\[\]【】{}<>《》“”\"'‘’_~—–-]+")
_NUMBER = re.compile(r"(\d+)(号|$)")
_FOREIGN_CITY = re.compile(r"(?:^|,|省)([^\d,省市县区]{2,4}?)市(?!场|里|内|民|监|政|容)")
_AWAY = frozenset("路街巷道弄")

_LOOKALIKES = (
    "湾弯万 渡度杜 岗冈刚港 坑抗吭 溪西希禾和 圩于墟虚 岭玲令零领 桥侨乔 坪评平萍苹 松送宋 "
    "洲州周舟 坳凹奥垇 浦甫铺普 寨赛塞 垄拢龙陇笼隆 青清情晴 塘糖唐堂 沅源元园袁 林淋临霖 "
    "黄皇王 银引垠 江姜将 泉全权 梅枚煤没 田天甜 洞动冻栋 屋乌物 背北贝 坝霸巴把 冲充虫 "
    "桐铜同童 柳刘留 陂皮坡婆 沙砂纱 石实时十 白百柏 云运芸 兰蓝栏 荷河何合 竹竺祝 枫风丰峰 "
    "金今津 双霜 廖料 萧肖箫 邓登 曾增 谢榭 彭朋 潘番 罗萝 欧区鸥 邱丘秋 钟中忠 温文 叶页 "
    "吴伍武 朱诸珠 陈程成 张章 胡湖 郭国 安按 永勇咏 新心辛 东冬 南男 上尚 下夏 大达 小晓 "
    "古谷 长常昌 三山 九久 口扣 栖西凄 霁济际 槐怀 望旺 汀丁厅 川穿"
)
"""Characters of place names that sound or look alike and are mistaken for each other."""
_ALIKE = tuple(_LOOKALIKES.split())


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that reads like the name of an area: stem, suffix, where."""

    stem: str
    suffix: str
    start: int
    end: int


def regular(text: str) -> str:
    """Return the text half-width, without spaces, with commas for whatever separates."""
    made = unicodedata.normalize("NFKC", text)
    if re.search(r"[A-Za-z]{3}", made):
        made = _ENGLISH_NOISE.sub(",", made)
        for word, suffix in _ENGLISH:
            made = re.sub(rf"\s*\b{word}\b", suffix, made, flags=re.IGNORECASE)
    made = _SEPARATORS.sub(",", made).strip(",")
    made = re.sub(r"(?<=\d),(?=号)", "", made)
    return re.sub(r"(?<=[村镇乡区道县市]),(?=\d)", "", made)


def plain(text: str) -> str:
    """Return the regular form with committees as their villages, for looking names up."""
    made = _COMMITTEES.sub(_without_committee, regular(text))
    return re.sub(r"村村|社区社区", lambda match: match.group()[: len(match.group()) // 2], made)


def _without_committee(match: re.Match[str]) -> str:
    before = match.string[: match.start()]
    if before.endswith(("村", "社区")):
        return ""
    return "村" if match.group().startswith("村") else "社区"


def stem_of(name: str, level: str) -> str:
    """Return a name without the word for its kind; the name itself where that leaves one sign."""
    for suffix in sorted(SUFFIXES.get(level, ()), key=len, reverse=True):
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return name


def pieces(text: str, level: str) -> list[Piece]:
    """Return stretches of two to four signs before a suffix of the level."""
    found = []
    words = "|".join(SUFFIXES[level][:3] if level == "township" else SUFFIXES[level][:2])
    for match in re.finditer(words, text):
        for length in (2, 3, 4):
            start = match.start() - length
            if start >= 0 and "," not in text[start : match.start()]:
                stem = text[start : match.start()]
                found.append(Piece(stem, match.group(), start, match.end()))
    return found


def slip(written: str, name: str) -> float:
    """
    Return how well a misspelling explains ``written`` for ``name``: 0 to 1.

    One mistaken sign that sounds or looks alike is likely, in a name of three signs
    or more any one mistaken, left-out or doubled sign may be; a name of two signs
    with another sign is rather another place.
    """
    if written == name:
        return 1.0
    if len(written) == len(name):
        differing = [(a, b) for a, b in zip(written, name, strict=True) if a != b]
        if len(differing) == 1:
            if _are_alike(*differing[0]):
                return 0.8
            return 0.5 if len(name) >= 3 else 0.2
        swapped = len(differing) == 2 and differing[0] == differing[1][::-1]
        return 0.6 if swapped and len(name) >= 3 else 0.0
    shorter, longer = sorted((written, name), key=len)
    if len(longer) - len(shorter) == 1 and len(shorter) >= 2:
        dropped = any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
        return 0.5 if dropped else 0.0
    return 0.0


def _are_alike(one: str, other: str) -> bool:
    return any(one in group and other in group for group in _ALIKE)


def foreign_city(text: str, own: frozenset[str]) -> bool:
    """Return whether the text names a city that is not one of ours (names without 市)."""
    return any(match.group(1) not in own for match in _FOREIGN_CITY.finditer(text))


def is_street(text: str, end: int) -> bool:
    """Return whether what ends at ``end`` is the first part of a street's name."""
    after = text[end : end + 2]
    return after[:1] in _AWAY and after != "街道" and bool(after)


def house_number(text: str) -> str | None:
    """Return the number of the door with all that stands before it, if the text ends in one."""
    match = _NUMBER.search(text)
    return None if match is None else text[: match.end(1)]
