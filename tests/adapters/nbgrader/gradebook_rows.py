"""All that a gradebook holds, without the keys that are drawn anew in each."""

from __future__ import annotations

from typing import Any

from nbgrader.api import Base
from sqlalchemy import MetaData, Table, create_engine, inspect, select

NATURAL = {"student", "course"}
"""Tables whose id is a name that means something."""

Rows = dict[str, list[tuple[tuple[str, Any], ...]]]


def rows_of(url: str) -> Rows:
    """Return every column of every row of every table; in place of a drawn key its row."""
    engine = create_engine(url)
    tables = [
        Base.metadata.tables.get(name, Table(name, MetaData(), autoload_with=engine))
        for name in inspect(engine).get_table_names()
    ]
    with engine.connect() as connection:
        raw = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in tables
        }
    engine.dispose()
    by_id = {(name, row["id"]): row for name, rows in raw.items() for row in rows if "id" in row}

    def told(table: Table, row: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
        found = []
        for column in table.columns:
            value = row[column.name]
            for foreign in column.foreign_keys:
                target = foreign.column.table
                if value is not None and target.name not in NATURAL:
                    value = told(target, by_id[target.name, value])
            if column.name != "id" or column.foreign_keys or table.name in NATURAL:
                found.append((column.name, value))
        return tuple(found)

    return {
        table.name: sorted((told(table, row) for row in raw[table.name]), key=repr)
        for table in tables
    }
