"""Public files that no built-in mapping is for, each with a mapping of at most ten lines."""

from datetime import datetime

import pandas as pd

from layouts import Case, month, of_book, of_csv, plain, sheet, text

CODES = ["E10000012", "E06000033", "E06000034"]


# Delayed transfers of care, a monthly workbook: titles, two rows of header, a total, footnotes.
def dtoc(random):
    yield ["Delayed Transfers of Care by local authority"]
    yield []
    yield [None, "Period:", "February 2017"]
    yield [None, "Source:", "Unify2 monthly return"]
    yield []
    yield [None, None, None, "Delayed days", None, None, None]
    yield ["LA code", "ONS Geography", "Name", "NHS", "Social Care", "Both", "Total"]
    yield ["-", "-", "England", 99_999, 99_999, 99_999, 299_997]
    for number, code in enumerate(CODES):
        parts = [random.randint(0, 2_000) for _ in range(3)]
        yield [620 + number, code, "A council", *parts, sum(parts)]
    yield []
    yield ["Notes:"]
    yield ["1. Days of patients aged 18 and over.", None, None, 1]


DTOC = """
name = "dtoc-workbook"
period = { above = true, grain = "month" }
area = { column = "ONS Geography", blank = ["-"] }
file = { until_blank = true }
except = { Name = "England" }
[[series]]
id = "dtoc-delayed-days"
value = "Total"
"""


def read_dtoc(path):
    frame = sheet(path, "LA", 6)
    frame = frame[frame["ONS Geography"].isin(CODES)]
    return plain(frame, lambda r: r["ONS Geography"], lambda _: month("February 2017"), dtoc_delayed_days="Total")


# Community waits: a workbook a month, bands of weeks, suppressed and provisional numbers.
def community(random):
    yield ["Community health services waiting lists"]
    yield ["Period: June 2026"]
    yield ["Published 13 August 2026; figures marked * are provisional"]
    yield []
    yield ["Region", "Org Code", "Org Name", "Service", "0-1 weeks", "1-2 weeks", "52+ weeks", "Total waiting"]
    for code in ("RAJ", "RDE", "RQW"):
        for service in ("(A) Musculoskeletal", "(A) Podiatry"):
            waits = [random.randint(0, 900) for _ in range(3)]
            total = {"RDE": "<5", "RQW": f"{sum(waits)}*"}.get(code, sum(waits))
            yield ["EAST", code, "A provider", service, *waits, total]
        yield ["EAST", code, "A provider", "All services", 1, 1, 1, 9_999]


COMMUNITY = """
name = "community-waits"
period = { above = true, grain = "month" }
area = { column = "Org Code" }
except = { Service = "All services" }
[[series]]
id = "community-waiting"
value = "Total waiting"
breakdown = { service = { column = "Service", labels = "words" } }
"""


def read_community(path):
    frame = sheet(path, "Provider", 4)
    for _, row in frame[frame["Service"] != "All services"].iterrows():
        service = "a-" + row["Service"].split(") ")[1].lower()
        yield "community-waiting", service, row["Org Code"], month("June 2026"), row["Total waiting"], None


# Public Health Scotland's weekly emergency activity: the last day of the week, one row a hospital.
def weekly(random):
    yield ["WeekEndingDate", "Country", "HBT", "TreatmentLocation", "DepartmentType", "NumberOfAttendancesEpisode", "NumberWithin4HoursEpisode", "NumberOver4HoursEpisode"]
    for week in ("20150222", "20150301", "20150308"):
        for location in ("A111H", "A210H"):
            parts = [random.randint(100, 900), random.randint(0, 99)]
            yield [week, "S92000003", "S08000015", location, "Type 1", sum(parts), *parts]


WEEKLY = """
name = "phs-weekly-ae"
sum = true
period = { column = "WeekEndingDate", grain = "week", names = "last-day" }
area = { column = "HBT" }
[[series]]
id = "phs-ae-within-4h"
value = "NumberWithin4HoursEpisode"
denominator = "NumberOfAttendancesEpisode"
"""


def read_weekly(path):
    frame = pd.read_csv(path)
    columns = ["NumberWithin4HoursEpisode", "NumberOfAttendancesEpisode"]
    sums = frame.groupby(["WeekEndingDate", "HBT"], as_index=False)[columns].sum()
    start = lambda r: pd.to_datetime(str(r["WeekEndingDate"])) - pd.Timedelta(days=6)
    return plain(sums, lambda r: r["HBT"], start, phs_ae_within_4h=tuple(columns))


# Beds in Scotland by quarter: sites, boards and the country in one column, specialties beside their total.
def beds(random):
    yield ["Quarter", "QuarterQF", "HB", "HBQF", "Location", "LocationQF", "SpecialtyName", "AllStaffedBeds", "TotalOccupiedBeds"]
    for quarter in ("2017Q4", "2018Q1"):
        for location in ("A111H", "S08000015", "S92000003"):
            for specialty in ("All Acute", "All Specialties", "Cardiology"):
                beds = random.randint(100, 900)
                yield [quarter, "", "S08000015", "", location, "d", specialty, beds, random.randint(0, beds)]


BEDS = """
name = "phs-beds"
period = { column = "Quarter", grain = "quarter" }
area = { column = "Location" }
where = { SpecialtyName = "All Specialties", Location = "S08*" }
[[series]]
id = "phs-beds-occupied"
value = "TotalOccupiedBeds"
denominator = "AllStaffedBeds"
"""


def quarter(text):
    return pd.Period(text, freq="Q").start_time


def read_beds(path):
    frame = text(path)
    frame = frame[(frame["SpecialtyName"] == "All Specialties") & frame["Location"].str.startswith("S08")]
    columns = ("TotalOccupiedBeds", "AllStaffedBeds")
    return plain(frame, lambda r: r["Location"], lambda r: quarter(r["Quarter"]), phs_beds_occupied=columns)


# Completed waits in Scotland: the last day of the quarter, written together.
def waits(random):
    yield ["QuarterEnding", "HBT", "SpecialtyName", "NumberSeen", "WaitedUpTo12Weeks"]
    for date in ("20130630", "20130930", "20131231"):
        for specialty in ("Z9", "Cardiology"):
            seen = random.randint(500, 9_000)
            yield [date, "S08000015", specialty, seen, random.randint(0, seen)]


WAITS = """
name = "phs-waits"
period = { column = "QuarterEnding", grain = "quarter", names = "last-day" }
area = { column = "HBT" }
where = { SpecialtyName = "Z9" }
[[series]]
id = "phs-waited-12-weeks"
value = "WaitedUpTo12Weeks"
denominator = "NumberSeen"
"""


def read_waits(path):
    frame = text(path)
    start = lambda r: quarter(pd.to_datetime(r["QuarterEnding"]))
    columns = ("WaitedUpTo12Weeks", "NumberSeen")
    return plain(frame[frame["SpecialtyName"] == "Z9"], lambda r: r["HBT"], start, phs_waited_12_weeks=columns)


# Care at home in Scotland: a quarter, and what is measured in a column of its own; Windows-1252 and semicolons.
def care(random):
    yield ["Quarter", "Council code", "Council", "Measure", "Value"]
    for quarter in ("Q1 2018", "Q2 2018", "Q3 2018"):
        yield [quarter, "S12000028", "Comhairle – S\u00ecorrachd", "Clients", random.randint(100, 999)]
        yield [quarter, "S12000028", "Comhairle – S\u00ecorrachd", "Hours", f"{random.randint(1_000, 9_999):,}"]


CARE = """
name = "care-at-home"
period = { column = "Quarter", grain = "quarter" }
area = { column = "Council code" }
[[series]]
id = "care-at-home-hours"
value = "Value"
where = { Measure = "Hours" }
"""


def read_care(path):
    frame = pd.read_csv(path, sep=";", encoding="cp1252", dtype=str)
    frame = frame[frame["Measure"] == "Hours"]
    # As the mappings' manual says: Q2 without a financial year is April to June.
    start = lambda r: quarter("2018" + r["Quarter"][:2])
    return plain(frame, lambda r: r["Council code"], start, care_at_home_hours="Value")


# A figure of a report as a sheet: months down, notes below.
def figure(random):
    yield ["Figure 1: share of discharges with a delay"]
    yield ["Month", "National", "With a delay (%)"]
    for n in range(12):
        yield [datetime(2025, n + 1, 1), round(random.uniform(1, 3), 2), f"{random.uniform(10, 15):.1f}%"]
    yield []
    for n in range(5):
        yield [f"Note {n + 1}. A sentence that explains the figure."]


FIGURE = """
name = "figure-1"
file = { sheet = "Figure 1", until_blank = true }
period = { column = "Month", grain = "month" }
area = { fixed = "E92000001" }
[[series]]
id = "drd-share-delayed"
value = "With a delay (%)"
percent = true
"""


def read_figure(path):
    frame = sheet(path, "Figure 1", 1).head(12)
    return plain(frame, lambda _: "E92000001", lambda r: r["Month"], drd_share_delayed="With a delay (%)")


# Fingertips: several levels and sexes in one file, financial years, sortable periods beside them.
def fingertips(random):
    yield ["Indicator ID", "Parent Code", "Area Code", "Area Name", "Area Type", "Sex", "Age", "Time period", "Value", "Count", "Value note", "Time period Sortable"]
    for year in ("2015/16", "2016/17"):
        for kind, code in (("England", "E92000001"), ("County & UA", "E10000012"), ("County & UA", "E06000033")):
            for sex in ("Persons", "Male"):
                value = "*" if (code, year) == ("E06000033", "2016/17") else round(random.uniform(1, 90), 3)
                yield [90_000, "E92000001", code, "A name", kind, sex, "65+ yrs", year, value, "", "", year[:4] + "0000"]


FINGERTIPS = """
name = "fingertips"
period = { column = "Time period", grain = "year" }
area = { column = "Area Code" }
where = { Sex = "Persons" }
[[series]]
id = "reablement-at-home"
value = "Value"
"""


def read_fingertips(path):
    frame = text(path)
    start = lambda r: datetime(int(r["Time period"][:4]), 4, 1)
    return plain(frame[frame["Sex"] == "Persons"], lambda r: r["Area Code"], start, reablement_at_home="Value")


# The discharge ready date as a long text file: the month stands in the file's name alone.
def drd_long(random):
    yield ["Data Type", "Org Code", "Org Name", "Region", "ICB", "Measure", "Value"]
    for kind, code in (("National", "E92000001"), ("Provider", "RAJ"), ("UTLA", "E10000012"), ("UTLA", "E06000034")):
        for measure in ("Discharges", "Bed days lost"):
            value = "-" if code == "E06000034" else f"{random.randint(100, 9_999):,}"
            yield [kind, code, "A name", "EAST", "QH8", measure, value]


DRD_LONG = """
name = "drd-long"
period = { file_name = true, grain = "month" }
area = { column = "Org Code" }
where = { "Data Type" = "UTLA", Measure = "Bed days lost" }
[[series]]
id = "drd-bed-days"
value = "Value"
"""


def read_drd_long(path):
    frame = text(path, sep="\t", encoding="utf-16")
    frame = frame[(frame["Data Type"] == "UTLA") & (frame["Measure"] == "Bed days lost")]
    return plain(frame, lambda r: r["Org Code"], lambda _: month("July 2026"), drd_bed_days="Value")


# Beds of Northern Ireland: one row a hospital and programme of care, at the quarter's last day.
def ni_beds(random):
    yield ["Quarter Ending", "HSC Trust", "Hospital", "Programme of Care", "Average Available Beds", "Average Occupied Beds"]
    for date in ("30/06/2024", "30/09/2024"):
        for hospital in ("Mater", "RVH"):
            for programme in ("Acute Services", "Elderly Care"):
                beds = random.randint(100, 400)
                yield [date, "Belfast", hospital, programme, beds, random.randint(0, beds)]


NI_BEDS = """
name = "ni-beds"
sum = true
period = { column = "Quarter Ending", grain = "quarter", names = "last-day" }
area = { column = "HSC Trust", values = { Belfast = "ni-belfast" } }
[[series]]
id = "ni-beds-occupied"
value = "Average Occupied Beds"
denominator = "Average Available Beds"
"""


def read_ni_beds(path):
    frame = pd.read_csv(path)
    columns = ["Average Occupied Beds", "Average Available Beds"]
    sums = frame.groupby("Quarter Ending", as_index=False)[columns].sum()
    start = lambda r: quarter(pd.to_datetime(r["Quarter Ending"], dayfirst=True))
    return plain(sums, lambda _: "ni-belfast", start, ni_beds_occupied=tuple(columns))


# Beds of Wales: all specialties beside their parts, months as abbreviations.
def wales_beds(random):
    yield ["lhb22_code", "date", "specialty", "average_daily_available", "average_daily_occupied"]
    for name in ("Jan-21", "Feb-21", "Mar-21"):
        for specialty in ("all_specialties", "cardiology"):
            beds = random.randint(200, 900)
            yield ["W11000023", name, specialty, f"{beds}.5", f"{random.randint(0, beds)}.25"]


WALES_BEDS = """
name = "wales-beds"
period = { column = "date", grain = "month" }
area = { column = "lhb22_code" }
where = { specialty = "all_specialties" }
[[series]]
id = "wales-beds-occupied"
value = "average_daily_occupied"
denominator = "average_daily_available"
"""


def read_wales_beds(path):
    frame = text(path)
    frame = frame[frame["specialty"] == "all_specialties"]
    start = lambda r: pd.to_datetime(r["date"], format="%b-%y")
    columns = ("average_daily_occupied", "average_daily_available")
    return plain(frame, lambda r: r["lhb22_code"], start, wales_beds_occupied=columns)


# The situation report as a time series of England: a day a row, below titles.
def series(random):
    yield ["Acute discharge situation report: time series"]
    yield ["Daily series, England"]
    yield []
    yield [None, "Patients", None]
    yield ["Date", "No longer meet the criteria to reside", "Discharged"]
    for day in range(1, 29):
        yield [datetime(2026, 2, day), "-" if day == 9 else random.randint(9_000, 13_000), random.randint(2_000, 9_000)]
    yield ["Source: NHS England"]


SERIES = """
name = "sitrep-series"
file = { sheet = "Daily Series" }
period = { column = "Date", grain = "day" }
area = { fixed = "E92000001" }
except = { Date = "Source*" }
[[series]]
id = "sitrep-nctr"
value = "No longer meet the criteria to reside"
"""


def read_series(path):
    frame = sheet(path, "Daily Series", 4).head(28)
    column = "No longer meet the criteria to reside"
    return plain(frame, lambda _: "E92000001", lambda r: r["Date"], sitrep_nctr=column)


# Months as columns: general and acute beds of a trust, with the financial year's months across.
MONTHS = ["April 2025", "May 2025", "June 2025", "July 2025"]


def across(random):
    yield ["KH03: average daily occupied beds"]
    yield []
    yield ["Org Code", "Org Name", *MONTHS]
    for code in ("RAJ", "RDE"):
        yield [code, "A trust", *[random.randint(500, 1_600) for _ in MONTHS]]


ACROSS = """
name = "beds-across"
wide = { titles = "month", cells = "beds", columns = "others" }
period = { column = "month", grain = "month" }
area = { column = "Org Code" }
except = { "Org Name" = "Total" }
[[series]]
id = "beds-occupied"
value = "beds"
"""


def read_across(path):
    frame = sheet(path, "Beds", 2).melt(["Org Code", "Org Name"], var_name="month")
    return plain(frame, lambda r: r["Org Code"], lambda r: month(r["month"]), beds_occupied="value")


def with_ten_lines():
    scotland, council = ["S08000015"], ["S12000028"]
    book = lambda title, rows, *merged: of_book((title, rows, merged))
    western = of_csv(care, "cp1252", delimiter=";")
    unicode = of_csv(drd_long, "utf-16", delimiter="\t")
    return [
        Case("dtoc-workbook", "LA-February-2017.xlsx", DTOC, book("LA", dtoc, "A1:G1", "D6:G6"), read_dtoc),
        Case("community-waits", "community-june-2026.xlsx", COMMUNITY, book("Provider", community, "A1:H1"), read_community),
        Case("phs-weekly-ae", "weekly_ae_activity.csv", WEEKLY, of_csv(weekly), read_weekly, scotland),
        Case("phs-beds", "beds_by_board.csv", BEDS, of_csv(beds), read_beds, scotland),
        Case("phs-waits", "completed_waits.csv", WAITS, of_csv(waits), read_waits, scotland),
        Case("care-at-home", "care-at-home.csv", CARE, western, read_care, council),
        Case("figure-1", "delays.xlsx", FIGURE, book("Figure 1", figure, "A1:C1"), read_figure),
        Case("fingertips", "indicators.csv", FINGERTIPS, of_csv(fingertips), read_fingertips),
        Case("drd-long", "DRD-July-2026.csv", DRD_LONG, unicode, read_drd_long),
        Case("ni-beds", "ni-beds.csv", NI_BEDS, of_csv(ni_beds), read_ni_beds, ["ni-belfast"]),
        Case("wales-beds", "wales-beds.csv", WALES_BEDS, of_csv(wales_beds), read_wales_beds, ["W11000023"]),
        Case("sitrep-series", "time-series.xlsx", SERIES, book("Daily Series", series, "A1:C1", "B4:C4"), read_series),
        Case("beds-across", "KH03.xlsx", ACROSS, book("Beds", across, "A1:F1"), read_across),
    ]
