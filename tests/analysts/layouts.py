"""The layouts of public files: titles, merged cells, moved headers, totals beside their parts, footnotes and marks stand
where the publishers put them, and every number is made up."""

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Callable

import pandas as pd


@dataclass
class Case:
    name: str
    file: str
    # A built-in name, or the text of a mapping.
    mapping: str
    write: Callable
    read: Callable
    # Places that the program's own register lacks.
    areas: list = field(default_factory=list)


def of_csv(rows, encoding="utf-8", **how):
    """Writes rows as a text file."""

    def write(path, random, _):
        with open(path, "w", newline="", encoding=encoding) as file:
            csv.writer(file, **how).writerows(rows(random))

    return write


def of_book(*sheets):
    """Writes sheets of (title, rows, merged ranges) as a workbook; None is an empty cell."""

    def write(path, random, workbook):
        book = workbook()
        book.remove(book.active)
        for title, rows, merged in sheets:
            sheet = book.create_sheet(title)
            for row in rows(random):
                sheet.append(row)
            for cells in merged:
                sheet.merge_cells(cells)
        book.save(path)

    return write


def text(path, **how):
    return pd.read_csv(path, dtype=str, keep_default_na=False, **how)


def sheet(path, name, header, **how):
    return pd.read_excel(path, sheet_name=name, header=header, keep_default_na=False, na_values=[], **how)


def month(name):
    return pd.to_datetime(name, format="%B %Y")


def plain(frame, area, start, **series):
    """One amount a row and series: columns by series, or (column, denominator)."""
    for _, row in frame.iterrows():
        for name, column in series.items():
            column, below = column if isinstance(column, tuple) else (column, None)
            name = name.replace("_", "-")
            yield name, "", area(row), start(row), row[column], row[below] if below else None


AE = ["A&E attendances Type 1", "A&E attendances Type 2", "A&E attendances Other A&E Department"]
OVER = ["Attendances over 4hrs Type 1", "Attendances over 4hrs Type 2", "Attendances over 4hrs Other Department"]
ADMITTED = [
    "Emergency admissions via A&E - Type 1",
    "Emergency admissions via A&E - Type 2",
    "Emergency admissions via A&E - Other A&E department",
    "Other emergency admissions",
]


def ae(random):
    yield ["Period", "Org Code", "Parent Org", "Org name", *AE, "A&E attendances Booked Appointments Type 1", *OVER, *ADMITTED]
    for code in ("RAJ", "RDE", "RQW"):
        attended = [random.randint(10_000, 20_000), random.randint(0, 99), random.randint(500, 5_000)]
        over = [random.randint(0, n) for n in attended]
        admitted = [random.randint(0, 900) for _ in ADMITTED]
        numbers = [f"{n:,}" for n in attended + [7] + over + admitted]
        if code == "RQW":
            numbers[2] = "-"
        yield ["MSitAE-DECEMBER-2025", code, "NHS ENGLAND EAST OF ENGLAND ", f"TRUST {code}", *numbers]
    yield ["TOTAL", "TOTAL", "TOTAL ", "TOTAL", *["99,999"] * 11]


def read_ae(path):
    frame = text(path)
    frame = frame[~frame["Period"].str.startswith("TOTAL")]

    def total(row, columns):
        cells = [row[c] for c in columns]
        return "-" if "-" in cells else sum(float(c.replace(",", "")) for c in cells)

    for _, row in frame.iterrows():
        start = month("December 2025")
        all_of, over = total(row, AE), total(row, OVER)
        yield "ae-attendances", "", row["Org Code"], start, all_of, None
        yield "ae-over-4h", "", row["Org Code"], start, over, None
        within = "-" if all_of == "-" else all_of - over
        yield "ae-within-4h", "", row["Org Code"], start, within, all_of
        yield "ae-emergency-admissions", "", row["Org Code"], start, total(row, ADMITTED), None


def drd(above):
    """The sheet of councils, whose header stands in another row from edition to edition."""

    def rows(random):
        yield ["Discharge ready date: discharges by council"]
        yield []
        yield [None, "Period:", datetime(2024, 9, 1)]
        yield [None, "Published:", datetime(2024, 11, 14)]
        for _ in range(above - 5):
            yield []
        yield ["Summary type", "Code", "Name", *[None] * 5, "Coverage", *[f"c{n}" for n in range(9, 47)]]
        kinds = ["England", "UTLA Aggregate", "UTLA", "UTLA Aggregate", "UTLA Aggregate", "UTLA Aggregate"]
        codes = ["E92000001", "E10000012", "E10000012", "E08000038", "E06000034", "NULL"]
        for kind, code in zip(kinds, codes):
            all_of = random.randint(100, 2_000)
            lost = "-" if code == "E06000034" else random.randint(0, 900)
            counts = [random.randint(0, all_of) for _ in range(7)]
            yield [kind, code, "A council", *["-"] * 5, 0.97, "-", all_of, lost, None, 0.8, 0.2, None, *counts, *[None] * 23, 1.4, 6.2]
        yield []
        yield ["Notes", "1. Councils whose trusts give acceptable data."]

    return rows


def read_drd(above):
    def read(path):
        frame = sheet(path, "UTLA (Acceptable data)", above - 1)
        frame = frame[(frame.iloc[:, 0] == "UTLA Aggregate") & (frame.iloc[:, 1] != "NULL")]
        moved = {"E08000038": "E08000016", "E08000039": "E08000019"}
        for _, row in frame.iterrows():
            code = moved.get(row.iloc[1], row.iloc[1])
            at = (code, datetime(2024, 9, 1))
            yield "drd-discharges", "", *at, row.iloc[10], None
            yield "drd-delayed", "", *at, row.iloc[10] - row.iloc[16], row.iloc[10]
            yield "drd-bed-days", "", *at, row.iloc[11], None

    return read


def drd_case(name, above):
    cover = ("Cover", lambda _: [["Discharge Ready Date"], ["Published:", "14 November 2024"]], [])
    book = of_book(cover, ("UTLA (Acceptable data)", drd(above), ["A1:I1"]))
    return Case(name, f"{name}.xlsx", "nhs-drd-councils", book, read_drd(above))


NCTR = "Number of patients who no longer meet the criteria to reside"
OUT = "Number of patients discharged"


def sitrep_long(random):
    yield ["Period", "Level", "Region", "ICB", "Org Code", "Org Name", "Metric", "Metric Type", "Metric Group", "Value"]
    for day in range(1, 8):
        for level, code in (("National", "-"), ("Region", "Y61"), ("Provider", "RAJ"), ("Provider", "RDE"), ("Provider", "RQW")):
            for metric in (NCTR, OUT, "Number of beds"):
                value = {("RDE", 3): "*", ("RDE", 4): "-", ("RQW", 5): "[x]", ("RQW", 6): "[z]", ("RAJ", 2): ":"}.get((code, day))
                value = value or str(random.randint(0, 700))
                yield [f"{day:02}/04/2026", level, "EAST", "QH8", code, "A name", metric, "Daily metric", "NCTR", value]
                yield [f"{day:02}/04/2026", level, "EAST", "QH8", code, "A name", metric, "Monthly average", "NCTR", "400"]


def read_sitrep_long(path):
    frame = text(path)
    frame = frame[(frame["Level"] == "Provider") & (frame["Metric Type"] == "Daily metric")]
    for _, row in frame.iterrows():
        series = {NCTR: "sitrep-nctr", OUT: "sitrep-discharged"}.get(row["Metric"])
        if series:
            yield series, "", row["Org Code"], pd.to_datetime(row["Period"], dayfirst=True), row["Value"], None


SPLIT = ["Number of patients discharged by 17:00", "Number of patients discharged between 17:01 and 23:59"]
REMAIN = "Number of patients remaining in hospital who no longer meet the criteria to reside"
DAYS = [datetime(2024, 8, 1) + timedelta(days=n) for n in range(5)]


def table_2(split):
    columns = [NCTR, *SPLIT, REMAIN] if split else [NCTR, OUT, REMAIN]

    def rows(random):
        numbers = lambda: [random.randint(0, 600) for _ in range(len(columns) * len(DAYS))]
        dates = [cell for day in DAYS for cell in (day, *[None] * (len(columns) - 1))]
        yield [None, "Table 2: Number of patients, by day"]
        yield [None, "Contents"]
        yield [None, None, None, None, *dates]
        yield [None, None, None, None, *columns * len(DAYS)]
        yield [None, None, None, "ENGLAND (Type 1 Trusts)", *numbers()]
        yield []
        yield [None, "Region", "ICB Code", "ICB Name"]
        yield [None, "EAST OF ENGLAND", "QH8", "A board", *numbers()]
        yield []
        yield [None, "Region", "Org Code", "Org Name"]
        for code in ("RAJ", "RDE", "RQW"):
            cells = numbers()
            if code == "RDE":
                cells[: len(columns)] = ["-"] * len(columns)
            yield [None, "EAST OF ENGLAND", code, "A trust", *cells]
        yield []
        yield [None, "Note: one trust reported no data for one day."]

    return rows


def read_table_2(split):
    width = 4 if split else 3

    def read(path):
        frame = pd.read_excel(path, sheet_name="Table 2", header=None, keep_default_na=False)
        first = frame.index[frame[2] == "Org Code"][0] + 1
        for at in range(first, len(frame)):
            row = frame.loc[at]
            if not row[2]:
                break
            for number, day in enumerate(DAYS):
                cells = row[4 + number * width : 4 + (number + 1) * width].tolist()
                out = cells[1] if not split else "-" if "-" in cells else cells[1] + cells[2]
                yield "sitrep-nctr", "", row[2], day, cells[0], None
                yield "sitrep-discharged", "", row[2], day, out, None

    return read


def table_2_case(split):
    name = "nhs-sitrep-table-2-split" if split else "nhs-sitrep-table-2"
    cover = ("Cover Sheet", lambda _: [[], [None, "Period:", datetime(2024, 8, 1), "-", datetime(2024, 8, 31)]], [])
    book = of_book(cover, ("Table 2", table_2(split), ["B1:F1"]))
    return Case(name, f"{name}.xlsx", "auto", book, read_table_2(split))


def virtual_wards(random):
    yield []
    yield [None, "Title:", "Virtual ward capacity and occupancy"]
    yield [None, "Period:", "February 2024"]
    yield [None, "Published:", "14 March 2024"]
    for _ in range(11):
        yield []
    yield [None, "Region", "Region Code", "ICB code", "Name", "Virtual Ward Capacity", "Patients in a Virtual Ward\n1", "Occupancy %\n2"]
    yield [None, "ENGLAND*", "-", "-", "ENGLAND*", 11_000, 8_000, "73%"]
    for code in ("QH8", "QJG", "QM7", "QGH"):
        places = random.randint(150, 200)
        yield [None, "A REGION", "Y61", code, "A board", places, "-" if code == "QJG" else random.randint(100, 190), "100%*"]
    yield []
    yield [None, "1", "As at the last Thursday of the month."]


def read_virtual_wards(path):
    frame = sheet(path, "ICB level data", 15)
    own = {"QH8": "E54000026", "QJG": "E54000023", "QM7": "E54000025", "QGH": "QGH"}
    frame = frame[frame["ICB code"].isin(own)]
    columns = ("Patients in a Virtual Ward\n1", "Virtual Ward Capacity")
    return plain(frame, lambda r: own[r["ICB code"]], lambda _: month("February 2024"), virtual_ward_patients=columns)


REASONS = ["Health and Social Care Reasons", "Patient and Family Related Reasons", "Code 9 AWI", "Code 9 Non-AWI"]


def phs(area, codes):
    def rows(random):
        yield ["MonthOfDelay", area, f"{area}QF", "AgeGroup", "AgeGroupQF", "ReasonForDelay", "ReasonForDelayQF", "NumberOfDelayedBedDays", "AverageDailyNumberOfDelayedBeds"]
        for month in ("201607", "201608"):
            for code in codes:
                for age in ("18plus", "18-74", "75plus"):
                    parts = [random.randint(0, 900) for _ in REASONS]
                    for reason, days in (("All Delay Reasons", sum(parts)), *zip(REASONS, parts)):
                        yield [month, code, "", age, "d" if age == "18plus" else "", reason, "", days, round(days / 31, 1)]

    return rows


def words(text):
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def read_phs(area):
    def read(path):
        frame = text(path)
        for _, row in frame[frame["AgeGroup"] == "18plus"].iterrows():
            reason = "" if row["ReasonForDelay"].startswith("All") else words(row["ReasonForDelay"])
            start = pd.to_datetime(row["MonthOfDelay"], format="%Y%m")
            yield "phs-delayed-bed-days", reason, row[area], start, row["NumberOfDelayedBedDays"], None

    return read


WELSH = ["Awaiting equipment", "Awaiting package of care", "Awaiting social worker allocation"]


def wales(random):
    yield ["lhb22_code", "lhb22_name", "date", "delay_reason", "delay_count"]
    for month in ("2023-08-01", "2023-09-01"):
        for code in ("W11000023", "W11000024"):
            for reason in WELSH:
                yield [code, "A board", month, reason, random.randint(0, 40)]


def read_wales(path):
    for _, row in text(path).iterrows():
        yield "wales-delays", words(row["delay_reason"]), row["lhb22_code"], row["date"], row["delay_count"], None


def ni(random):
    yield ["Date", "Trust", "Dept", "Type", "Under 4 Hours", "Between 4 - 12 Hours", "Over 12 Hours", "Total", "Percent Under 4 Hours (%)"]
    for date in ("30/11/2024", "31/12/2024"):
        for trust, departments in (("Belfast", ["Mater", "RVH", "RBHSC"]), ("Western", ["Altnagelvin", "SWAH"])):
            for department in departments:
                parts = [random.randint(500, 3_000) for _ in range(3)]
                yield [date, trust, department, "Type 1", *[f"{n:,}" for n in parts], f"{sum(parts):,}", round(100 * parts[0] / sum(parts), 1)]


def read_ni(path):
    frame = text(path, thousands=",")
    for column in ("Under 4 Hours", "Total"):
        frame[column] = frame[column].str.replace(",", "").astype(int)
    frame["month"] = pd.to_datetime(frame["Date"], dayfirst=True).dt.to_period("M").dt.start_time
    sums = frame.groupby(["Trust", "month"], as_index=False)[["Under 4 Hours", "Total"]].sum()
    area = lambda row: f"ni-{row['Trust'].lower()}"
    return plain(sums, area, lambda r: r["month"], ae_attendances="Total", ae_within_4h=("Under 4 Hours", "Total"))


LATE = "Delayed Transfers of Care (As of Midnight)"
IRISH = {"Beaumont Hospital": "ie-beaumont", "UH Kerry": "ie-uh-kerry", "St. James's Hospital": "ie-st-jamess"}


def hse(random):
    yield ["Date", "Hospital", "ED Trolleys", "Ward Trolleys", "Total", "Surge Capacity in Use (Full report @14:00)", LATE, "No of Total Waiting >24hrs", "No of >75+yrs Waiting >24hrs", "Region"]
    for day in range(1, 15):
        date = f"{day:02}/01/2024"
        for hospital in IRISH:
            late = "" if (hospital, day) == ("UH Kerry", 4) else random.randint(0, 60)
            yield [date, hospital, random.randint(0, 30), "", random.randint(0, 40), 10, late, "", "", "HSE"]
        yield [date, "HSE South West Total", 90, 9, 99, "", 200, 7, 2, ""]
        yield [date, "National Total", 300, 30, 330, "", 600, 17, 3, ""]


def read_hse(path):
    frame = text(path)
    frame = frame[frame["Hospital"].isin(IRISH)]
    at = lambda row: pd.to_datetime(row["Date"], dayfirst=True)
    return plain(frame, lambda r: IRISH[r["Hospital"]], at, hse_delayed_transfers=LATE, hse_trolleys="Total")


def cases():
    from ten_lines import with_ten_lines

    boards = ["S08000015", "S08000016"]
    wards = of_book(("Notes", lambda _: [["Notes"]], []), ("ICB level data", virtual_wards, ["C2:F2"]))
    shipped = [
        Case("nhs-ae", "December-2025-CSV-ab12.csv", "auto", of_csv(ae), read_ae),
        drd_case("nhs-drd-councils-header-13", 13),
        drd_case("nhs-drd-councils-header-16", 16),
        Case("nhs-sitrep-long", "sitrep-april-2026.csv", "auto", of_csv(sitrep_long), read_sitrep_long),
        table_2_case(False),
        table_2_case(True),
        Case("nhs-virtual-wards", "2024_02_Monthly_Virtual_Ward.xlsx", "auto", wards, read_virtual_wards, ["QGH"]),
        Case("phs-delayed-discharges", "health-board.csv", "auto", of_csv(phs("HBT", boards)), read_phs("HBT"), boards),
        Case("phs-delayed-discharges-council", "council-area.csv", "auto", of_csv(phs("CA", ["S12000028"])), read_phs("CA"), ["S12000028"]),
        Case("wales-delay-reasons", "wales.csv", "auto", of_csv(wales), read_wales, ["W11000023", "W11000024"]),
        Case("ni-ae", "ni-waiting-times.csv", "auto", of_csv(ni), read_ni, ["ni-belfast", "ni-western"]),
        Case("hse-delayed-transfers", "uec_data_2024p1.csv", "auto", of_csv(hse), read_hse, list(IRISH.values())),
    ]
    return shipped + with_ten_lines()
