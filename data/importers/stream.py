"""Write rows of text as an Arrow stream, in batches; used in the child process only."""

import json
import sys
from collections.abc import Iterable, Sequence

import pyarrow as pa

from data.importers.problems import ProblemError

MAX_ROWS = 2_000_000
MAX_COLUMNS = 400
BATCH_ROWS = 20_000

Row = tuple[int, Sequence[str | None]]


def send(
    headers: Sequence[str],
    rows: Iterable[Row],
    *,
    shapes: bool = False,
    sheet: str | None = None,
    notes: Sequence[str] = (),
) -> None:
    """
    Send rows as ``(file row number, cells)``.

    Cells beyond the headers are counted in ``surplus``, missing ones are empty.
    With ``shapes`` the last cell of each row is WKB.
    """
    if len(headers) > MAX_COLUMNS:
        raise ProblemError("too_wide", limit=MAX_COLUMNS)
    fields = [pa.field("row", pa.int64()), pa.field("surplus", pa.int32())]
    fields += [pa.field(f"c{i}", pa.large_string()) for i in range(len(headers))]
    if shapes:
        fields.append(pa.field("shape", pa.large_binary()))
    about = {"headers": list(headers), "sheet": sheet, "notes": list(notes)}
    schema = pa.schema(fields, metadata={"about": json.dumps(about)})
    n_rows = 0
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
        for batch in _batches(rows):
            n_rows += len(batch)
            if n_rows > MAX_ROWS:
                raise ProblemError("too_long", limit=MAX_ROWS)
            stream.write_batch(_record_batch(batch, schema, width=len(headers) + shapes))
        if not n_rows:
            raise ProblemError("no_rows")
    sys.stdout.buffer.flush()


def _batches(rows: Iterable[Row]) -> Iterable[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _record_batch(batch: list[Row], schema: pa.Schema, *, width: int) -> pa.RecordBatch:
    numbers = [number for number, _ in batch]
    surplus = [sum(bool(cell) for cell in cells[width:]) for _, cells in batch]
    even = [
        cells[:width] if len(cells) >= width else [*cells, *[None] * (width - len(cells))]
        for _, cells in batch
    ]
    columns = [
        pa.array(values, field.type)
        for values, field in zip(zip(*even, strict=True), list(schema)[2:], strict=True)
    ]
    head = [pa.array(numbers, pa.int64()), pa.array(surplus, pa.int32())]
    return pa.record_batch([*head, *columns], schema=schema)
