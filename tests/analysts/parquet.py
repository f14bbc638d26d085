"""Reads a Parquet file with DuckDB and holds every value against the same table in the form that is always there.

usage: parquet.py points|cells|facts FILE.parquet OTHER     (OTHER: CSV, lines of cells, or an archive)
"""

import csv
import json
import sys
from datetime import date, datetime

import duckdb

kind, parquet, other = sys.argv[1:]
table = duckdb.sql(f"select * from read_parquet('{parquet}')")
types = dict(zip(table.columns, map(str, table.types)))
remarks = {
    bytes(key).decode(): bytes(value).decode()
    for key, value in duckdb.sql(f"select key, value from parquet_kv_metadata('{parquet}')").fetchall()
}
for name in ("joinedup.audience", "joinedup.as_of"):
    assert remarks.get(name), f"the file does not say {name}"


def rows(sql):
    found = duckdb.sql(sql)
    return [dict(zip(found.columns, row)) for row in found.fetchall()]


def points():
    assert types["period_start"] == types["period_end"] == "DATE", types
    assert types["value"] == "DOUBLE" and types["n"] == "BIGINT", types
    read = rows(f"select * from read_parquet('{parquet}')")
    with open(other, newline="") as file:
        expected = list(csv.DictReader(file))
    assert len(read) == len(expected) and list(read[0]) == list(expected[0])
    for row, line in zip(read, expected):
        for name, value in row.items():
            cell = line[name]
            if value is None:
                same = cell == ""
            elif isinstance(value, date):
                same = cell == value.isoformat()
            elif isinstance(value, str):
                same = cell == value
            else:
                same = float(cell) == value
            assert same, (name, value, cell)
    print(" ".join(sorted({row["state"] for row in read})))


def cells():
    assert types["date"] == "DATE" and types["value"] == "BIGINT", types
    lines = {}
    for row in rows(f"select * from read_parquet('{parquet}')"):
        at = f"@{row['site']}" if row["site"] else ""
        key = f"{row['quantity']}\t{row['home']}{at}\t{row['breakdown']}\t{row['date']}"
        if row["holds"] == "sums":
            lines[key] = f"{row['value']} {row['denominator']} {row['n']}"
        else:
            value = 2**31 - 1 if row["holds"] == "open" else row["value"]
            lines.setdefault(key, []).append(f"{value}x{row['n']}")
    written = {f"{k}\t{v if isinstance(v, str) else ' '.join(v)}" for k, v in lines.items()}
    with open(other) as file:
        expected = set(file.read().splitlines())
    assert written == expected, sorted(written ^ expected)[:6]
    print(len(written))


def facts():
    assert types["time"] == types["recordedtime"] == "TIMESTAMP WITH TIME ZONE", types
    read = rows(
        f"select * exclude (time, recordedtime), epoch_ms(time) as time, epoch_ms(recordedtime) as recordedtime, "
        f"data->>'$.area' as area_of_data from read_parquet('{parquet}')"
    )
    with open(other) as file:
        archive = [json.loads(line) for line in file]
    assert len(read) == len(archive)
    for row, line in zip(read, archive):
        event = line["payload"]
        assert row["position"] == line["position"]
        for name in ("type", "source", "id"):
            assert row[name] == event[name], name
        for name in ("time", "recordedtime"):
            assert row[name] == round(datetime.fromisoformat(event[name]).timestamp() * 1000), name
        assert row["area"] == event["data"]["area"] == row["area_of_data"]
        assert json.loads(row["data"]) == event["data"]
    print(len(read))


{"points": points, "cells": cells, "facts": facts}[kind]()
