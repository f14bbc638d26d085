"""Public files as they are published: writes them with made-up numbers, reads them with pandas, and holds what the
program made of them against that.

usage: published.py write FOLDER      the files, and cases.json, which says how each is imported
       published.py compare FOLDER    the archives FOLDER/NAME.ndjson of what was imported, against pandas's reading
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from openpyxl import Workbook

import layouts

MISSING = {"-", "–", "..", ":", "[x]", "[z]", "n/a", "NULL", "#N/A", "low"}
SUPPRESSED = {"*", "c", "[c]", "<5"}


def amount(cell):
    """A cell as pandas gives it: its number, and the mark of one that is not there or may change."""
    if isinstance(cell, (int, float, np.integer, np.floating)):
        return (None, None) if pd.isna(cell) else (float(cell), None)
    text = str(cell).strip()
    if text == "":
        return None, None
    if text in MISSING:
        return None, "missing"
    if text in SUPPRESSED:
        return None, "suppressed"
    mark = None
    for end, of in (("[p]", "provisional"), ("*", "provisional"), ("r", None)):
        if text.endswith(end):
            text, mark = text[: -len(end)].strip(), of
            break
    if text.endswith("%"):
        return float(text[:-1]) / 100, mark
    return float(text.replace(",", "")), mark


def as_read(folder, case):
    """What pandas reads: (series, breakdown, area, first day) -> (value, denominator, mark)."""
    expected = {}
    for series, breakdown, area, start, cell, denominator in case.read(folder / case.file):
        value, mark = amount(cell)
        if value is None and mark is None:
            continue  # nothing was reported
        below, below_mark = amount(denominator) if denominator is not None else (None, None)
        if value is None or (denominator is not None and below is None):
            value, below, mark = None, None, mark or below_mark
        key = (series, breakdown, area, str(pd.Timestamp(start).date()))
        assert key not in expected, f"pandas reads {key} twice"
        expected[key] = (value, below, mark)
    return expected


def as_imported(archive):
    imported = {}
    for line in archive.read_text().splitlines():
        data = json.loads(line)["payload"]["data"]
        breakdown = ",".join(sorted(data.get("breakdown", {}).values()))
        number = lambda name: None if data.get(name) is None else float(data[name])
        key = (data["series"], breakdown, data["area"], data["period_start"])
        imported[key] = (number("value"), number("denominator"), data.get("mark"))
    return imported


def same(one, other):
    if one is None or other is None or one[2] != other[2]:
        return False
    pairs = zip(one[:2], other[:2])
    return all((a is None) == (b is None) and (a is None or abs(a - b) < 1e-6 * max(1, abs(a))) for a, b in pairs)


command, folder = sys.argv[1], Path(sys.argv[2])
cases = layouts.cases()
if command == "write":
    listed = []
    for number, case in enumerate(cases):
        case.write(folder / case.file, random.Random(number), Workbook)
        mapping = case.mapping
        if "\n" in mapping:
            mapping = f"{case.name}.toml"
            (folder / mapping).write_text(case.mapping)
        areas = "".join(f'[[area]]\nid = "{a}"\ntitle = "{a}"\nkind = "other"\n' for a in case.areas)
        (folder / f"{case.name}-areas.toml").write_text(areas)
        lines = len([line for line in case.mapping.splitlines() if line.strip()])
        listed.append({"name": case.name, "file": case.file, "mapping": mapping, "lines": lines})
    (folder / "cases.json").write_text(json.dumps(listed))
else:
    for case in cases:
        expected, imported = as_read(folder, case), as_imported(folder / f"{case.name}.ndjson")
        wrong = [key for key in expected.keys() | imported.keys() if not same(expected.get(key), imported.get(key))]
        print(case.name, len(expected), len(wrong))
        for key in sorted(wrong)[:5]:
            print(case.name, key, "pandas:", expected.get(key), "imported:", imported.get(key), file=sys.stderr)
