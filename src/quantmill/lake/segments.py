"""The bars of a minute as a Parquet file that is soon rolled up: uncompressed, and made by the calling thread alone.

Polars makes a file with all threads of the machine. For five hundred rows it takes longer to wake them, and to be woken
by them where others compute too, than to write the rows.
"""

# pyright: basic
# PyArrow ships no complete types.

from collections.abc import Mapping

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["segment_bytes"]


def segment_bytes(frame: pl.DataFrame, metadata: Mapping[str, str]) -> memoryview:
    """A frame as a Parquet file with one row group and the metadata in its footer."""
    # Column by column: a frame as a whole is converted by all threads too.
    arrays = [column.to_arrow(compat_level=pl.CompatLevel.oldest()) for column in frame.get_columns()]
    table = pa.Table.from_arrays(arrays, names=frame.columns, metadata=dict(metadata))
    sink = pa.BufferOutputStream()
    # Readers open a segment whole: what lets them skip parts of a file would only be more to write.
    pq.write_table(
        table,
        sink,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        row_group_size=max(frame.height, 1),
    )
    return memoryview(sink.getvalue())
