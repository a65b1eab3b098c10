"""
What can be wrong with a whole file: one code and one sentence each.

The child process that reads a file names only the code and plain values; the
sentence is added by the parent, so that nothing a file contains can pose as a
sentence of ours.
"""

from collections.abc import Mapping

from errors import BadFileError, MissingColumnsError

SENTENCES: Mapping[str, str] = {
    "unreadable": "{file} 不是可读的 {kind} 文件，未导入任何内容",
    "cut_off": "{file} 不完整：在第 {row} 行中断，未导入任何内容",
    "empty": "{file} 是空文件，未导入任何内容",
    "no_rows": "{file} 只有表头，没有数据行，未导入任何内容",
    "encoding": "{file} 的文字编码不是 UTF-8、UTF-16 或 GB18030，未导入任何内容",
    "mixed": "{file} 混用了 UTF-8 和 GB18030 两种编码，请统一编码后重试，未导入任何内容",
    "encrypted": "{file} 有打开密码，请先去掉密码再导入",
    "xlsb": "{file} 是二进制工作簿（XLSB），请另存为 XLSX 再导入",
    "many_sheets": "{file} 的工作表超过上限 {limit} 个，未导入任何内容",
    "view": "{file} 的图层是视图而不是表，请另存为普通图层再导入",
    "quotes": "{file} 第 {row} 行的引号不成对，未导入任何内容",
    "too_wide": "{file} 的列数超过上限 {limit}，未导入任何内容",
    "too_long": "{file} 的行数超过上限 {limit}，请分开导入",
    "too_big": "{file} 展开后过大（上限 {limit} MB），未导入任何内容",
    "too_costly": "{file} 占用的内存或时间超过上限，未导入任何内容",
    "bad_names": "{file} 压缩包内的文件名不合规，未导入任何内容",
    "no_layer": "{file} 中没有可读的图层，未导入任何内容",
    "many_layers": "{file} 中有 {n} 个图层，请只保留一个",
    "count": "{file} 的图形与属性行数不一致，文件可能已损坏，未导入任何内容",
    "crs": "{file} 的坐标系无法识别，应为经纬度或国家 2000 坐标，未导入任何内容",
    "format": "{file} 的格式不支持；"
    "请用 CSV、XLSX、XLS、GeoJSON、GeoPackage、Shapefile 压缩包或 OSM.PBF",
    "missing": "找不到文件 {file}",
    "kind": "无法判断 {file} 是哪类数据，请用 --kind 指明",
    "columns": "{file} 缺少必需的列：{columns}",
}


class ProblemError(Exception):
    """A file can't be read; raised inside the child process only."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def to_error(code: str, **values: object) -> BadFileError:
    """Return the error for a code; an unknown code counts as an unreadable file."""
    if code == "columns":
        return MissingColumnsError(SENTENCES[code], **values)
    template = SENTENCES.get(code, SENTENCES["unreadable"])
    known = {name: values.get(name, "?") for name in ("file", "kind", "row", "limit", "n")}
    return BadFileError(
        template, **{name: value for name, value in known.items() if f"{{{name}}}" in template}
    )
