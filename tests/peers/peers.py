"""Folds the events of an archive with several programs and compares their tables and times. See README.md."""

import argparse
import datetime
import json
import math
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]

DUCKDB_TRANSFERS = """
create table events as
  select distinct on (source, id) * from read_json('{events}', format = 'newline_delimited', columns = {{
    source: 'varchar', id: 'varchar', time: 'timestamp', type: 'varchar',
    data: 'struct(transfer varchar, area varchar, "date" date)'}});
create table transfers as
  select *, greatest("out" - coalesce(ready, "out"), 0) as days, date_trunc('week', "out")::date as week
  from (select data.transfer as transfer, any_value(data.area) as area, min(time)::date as first,
      max(data."date") filter (type like '%.ready.v1') as ready,
      max(time) filter (type like '%.discharged.v1')::date as "out"
    from events group by 1);
"""

DUCKDB_WAIT = """
copy (
  select area, week, count(*) as n, quantile_cont(days, 0.5) as median, quantile_disc(days, 0.9) as p90
  from transfers where "out" is not null group by 1, 2 order by 1, 2
) to '{table}' (header false);
"""

# What joinedup's measures ask as well: who waited at all, nights by week, people waiting by day, days from the first word.
DUCKDB_FOUR_MORE = """
create table nights as
  select area, unnest(generate_series(ready, "out" - 1, interval 1 day))::date as night from transfers where days > 0;
copy (select area, week, avg((days > 0)::int) from transfers where "out" is not null group by 1, 2 order by 1, 2)
  to '{table}.waited' (header false);
copy (select area, date_trunc('week', night), count(*) from nights group by 1, 2 order by 1, 2)
  to '{table}.nights' (header false);
copy (select area, night, count(*) from nights group by 1, 2 order by 1, 2) to '{table}.waiting' (header false);
copy (select area, week, quantile_cont("out" - first, 0.5), quantile_disc("out" - first, 0.9) from transfers
  where "out" is not null group by 1, 2 order by 1, 2) to '{table}.stay' (header false);
"""

POSTGRESQL = """
create unlogged table raw (event jsonb);
copy raw from '{events}' with (format csv, quote e'\\x01', delimiter e'\\x02');
create materialized view charts as
  with events as (
    select distinct on (event->>'source', event->>'id') event->'data'->>'transfer' as transfer,
      event->'data'->>'area' as area, event->>'type' as type, (event->>'time')::timestamptz at time zone 'UTC' as at,
      (event->'data'->>'date')::date as ready
    from raw),
  transfers as (
    select transfer, min(area) as area, max(ready) filter (where type like '%.ready.v1') as ready,
      max(at) filter (where type like '%.discharged.v1')::date as out
    from events group by 1)
  select area, date_trunc('week', out)::date as week, count(*) as n,
    percentile_cont(0.5) within group (order by days) as median,
    percentile_disc(0.9) within group (order by days) as p90
  from (select *, greatest(out - coalesce(ready, out), 0) as days from transfers where out is not null) as left_bed
  group by 1, 2;
copy (select * from charts order by 1, 2) to '{table}' with (format csv);
"""


def duckdb(events, table, sql=DUCKDB_TRANSFERS + DUCKDB_WAIT):
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(sql.format(events=events, table=table))


def duckdb_five(events, table):
    duckdb(events, table, DUCKDB_TRANSFERS + DUCKDB_WAIT + DUCKDB_FOUR_MORE)


def pathway(events, table):
    os.environ.setdefault("PATHWAY_THREADS", "2")
    import pathway as pw

    class Event(pw.Schema):
        source: str
        eventid: str
        time: str
        type: str
        data: pw.Json

    read = pw.io.jsonlines.read(events, schema=Event, mode="static")
    said = read.select(
        key=pw.this.source + "/" + pw.this.eventid,
        transfer=pw.unwrap(pw.this.data["transfer"].as_str()),
        area=pw.unwrap(pw.this.data["area"].as_str()),
        ready=pw.if_else(
            pw.this.type == "care.joinedup.transfer.ready.v1",
            pw.coalesce(pw.this.data.get("date", default=pw.Json("")).as_str(), ""),
            "",
        ),
        out=pw.if_else(pw.this.type == "care.joinedup.transfer.discharged.v1", pw.this.time, ""),
    )
    once = said.groupby(pw.this.key).reduce(
        transfer=pw.reducers.any(pw.this.transfer),
        area=pw.reducers.any(pw.this.area),
        ready=pw.reducers.max(pw.this.ready),
        out=pw.reducers.max(pw.this.out),
    )
    transfers = once.groupby(pw.this.transfer).reduce(
        area=pw.reducers.any(pw.this.area), ready=pw.reducers.max(pw.this.ready), out=pw.reducers.max(pw.this.out)
    )

    def week(out):
        day = datetime.date.fromisoformat(out[:10])
        return (day - datetime.timedelta(days=day.weekday())).isoformat()

    def days(ready, out):
        if not ready:
            return 0
        waited = datetime.date.fromisoformat(out[:10]) - datetime.date.fromisoformat(ready)
        return max(waited.days, 0)

    left = transfers.filter(pw.this.out != "")
    left = left.select(
        area=pw.this.area,
        week=pw.apply_with_type(week, str, pw.this.out),
        days=pw.apply_with_type(days, int, pw.this.ready, pw.this.out),
    )
    charts = left.groupby(pw.this.area, pw.this.week).reduce(
        pw.this.area, pw.this.week, n=pw.reducers.count(), days=pw.reducers.sorted_tuple(pw.this.days)
    )
    rows = []
    pw.io.subscribe(
        charts, on_change=lambda key, row, time, is_addition: rows.append((row, is_addition))
    )
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    stands = {(r["area"], r["week"]): r["days"] for r, added in rows if added}
    write(table, ((area, week, len(d), statistics.median(d), nearest(d)) for (area, week), d in stands.items()))


def nearest(days):
    return days[math.ceil(0.9 * len(days)) - 1]


def write(table, rows):
    with open(table, "w") as file:
        for area, week, n, median, p90 in sorted(rows):
            file.write(f"{area},{week},{n},{median:g},{p90}\n")


def of_cells(cells, table):
    """The table from joinedup's cells, to see that they hold the same."""
    charts = defaultdict(Counter)
    for line in cells.splitlines():
        quantity, area, _, date, tally = line.split("\t")
        if quantity != "transfer.delay_days":
            continue
        day = datetime.date.fromisoformat(date)
        week = (day - datetime.timedelta(days=day.weekday())).isoformat()
        for part in tally.split():
            value, count = part.split("x")
            charts[area, week][int(value)] += int(count)
    rows = ((area, week, sorted(c.elements())) for (area, week), c in charts.items())
    write(table, ((area, week, len(d), statistics.median(d), nearest(d)) for area, week, d in rows))


def read(table):
    rows = (line.strip().split(",") for line in open(table))
    return [(area, week[:10], int(n), float(median), int(float(p90))) for area, week, n, median, p90 in rows]


def timed(command, **options):
    """Seconds by the clock and on the processor, of the process and what it waited for."""
    before = os.times()
    begun = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True, **options)
    wall = time.monotonic() - begun
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent, done.stdout


class Server:
    """A PostgreSQL of our own, on a socket in its folder, run as a user that it accepts."""

    def __init__(self, folder):
        self.bin, self.folder = POSTGRES[0], folder / "postgres"
        self.folder.mkdir()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            for path in (folder, self.folder):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c work_mem=256MB"
        settings += " -c shared_buffers=1GB -c max_wal_size=4GB -c maintenance_work_mem=512MB"
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", settings, "start")
        self.pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def run(self, program, *arguments):
        command = [str(self.bin / program), *map(str, arguments)]
        options = {"user": self.user.pw_uid, "group": self.user.pw_gid} if self.user else {}
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder, **options)

    def sql(self, text):
        user = ["-U", "postgres"] if self.user else []
        database = ["-h", self.folder, *user, "-v", "ON_ERROR_STOP=1", "-q", "-d", "postgres", "-c", text]
        self.run("psql", *database)

    def spent(self):
        """On the processor, of the server and of every session that has ended."""
        fields = (Path("/proc") / str(self.pid) / "stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", help="from `joinedup export`")
    parser.add_argument("--joinedup", default=ROOT / "target/release/joinedup", type=Path)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--without-pathway", action="store_true", help="which takes the longest by far")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="peers-"))
    folder.chmod(0o755)
    server = None
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    try:
        events = folder / "events.ndjson"
        # `id` is a word of Pathway's own, which therefore gets a file of its own.
        for_pathway = folder / "for-pathway.ndjson"
        with open(asked.archive) as archive, open(events, "w") as file, open(for_pathway, "w") as other:
            for line in archive:
                event = json.loads(line)["payload"]
                # A bench's load goes on into next year, which no door takes.
                if max(event["time"], event["recordedtime"]) < today:
                    file.write(json.dumps(event, separators=(",", ":")) + "\n")
                    event["eventid"] = event.pop("id")
                    other.write(json.dumps(event, separators=(",", ":")) + "\n")
        log = folder / "log"
        subprocess.run([asked.joinedup, "import", "--data", log, events], check=True, capture_output=True)
        if POSTGRES:
            server = Server(folder)
        else:
            print("PostgreSQL is not installed and is left out")

        def joinedup():
            wall, spent, cells = timed([asked.joinedup, "export", "--cells", "--data", log])
            of_cells(cells, folder / "joinedup.csv")
            return wall, spent

        def peer(name, events=events):
            command = [sys.executable, __file__, "--one", name, events, folder / f"{name}.csv"]
            return timed(command)[:2]

        def postgresql():
            server.sql("drop table if exists raw cascade")
            before, begun = server.spent(), time.monotonic()
            server.sql(POSTGRESQL.format(events=events, table=folder / "postgres" / "table.csv"))
            wall = time.monotonic() - begun
            # A session's time is its server's once it has ended.
            time.sleep(0.5)
            shutil.copy(folder / "postgres" / "table.csv", folder / "PostgreSQL.csv")
            return wall, server.spent() - before

        ways = {"joinedup": joinedup, "DuckDB": lambda: peer("DuckDB"), "DuckDB-five": lambda: peer("DuckDB-five")}
        if not asked.without_pathway:
            ways["Pathway"] = lambda: peer("Pathway", for_pathway)
        if server:
            ways["PostgreSQL"] = postgresql
        times = defaultdict(list)
        for _ in range(asked.rounds):
            for name, way in ways.items():
                times[name].append(way())
        tables = {name: read(folder / f"{name}.csv") for name in ways}
        for name, table in tables.items():
            if table != tables["joinedup"]:
                odd = next(pair for pair in zip(table, tables["joinedup"]) if pair[0] != pair[1])
                sys.exit(f"{name} has another table than joinedup ({len(table)} rows): {odd}")
        print(f"{len(tables['joinedup'])} rows, the same of all; medians of {asked.rounds} rounds")
        ours = statistics.median(wall for wall, _ in times["joinedup"])
        for name, measured in times.items():
            wall, spent = (statistics.median(column) for column in zip(*measured))
            print(f"{name:<12} {wall:6.2f} s  {spent:6.2f} s on the processor  {wall / ours:5.2f} x joinedup's time")
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        {"DuckDB": duckdb, "DuckDB-five": duckdb_five, "Pathway": pathway}[sys.argv[2]](*sys.argv[3:5])
    else:
        main()
