#!/usr/bin/env bash
# What the two metrics paths cost: series, bytes and time of a scrape, for three sizes of county.
#
#   cargo build --release -p joinedup && tests/cost.sh
#
# A server of its own on loopback for each size, 13 months of simulated events, the middle one of five scrapes. The
# second size has twelve localities, as Essex has districts, and every built-in measure (more than 70); the third has
# 40 more localities of four neighbourhoods each.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${TESTED_BINARY:-$root/target/release/joinedup}
port=${PORT:-18099}
url=http://127.0.0.1:$port
folder=$(mktemp -d)
server=
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    server=
}
trap 'stop; rm -rf "$folder"' EXIT

# areas LOCALITIES NEIGHBOURHOODS: a register with so many localities more, each of so many neighbourhoods.
areas() {
    local locality neighbourhood
    for locality in $(seq "$1"); do
        printf '[[area]]\nid = "havenshire-x%s"\ntitle = "Locality %s"\nkind = "locality"\nparents = ["havenshire"]\npopulation_18 = 60000\npopulation_65 = 16000\n' "$locality" "$locality"
        for neighbourhood in $(seq "$2"); do
            printf '[[area]]\nid = "hv-x%s-%s"\ntitle = "Neighbourhood %s.%s"\nkind = "neighbourhood"\nparents = ["havenshire-x%s"]\npopulation_18 = 15000\npopulation_65 = 4000\n' \
                "$locality" "$neighbourhood" "$locality" "$neighbourhood" "$locality"
        done
    done
}

# poke: one event more, and folded.
pokes=0
poke() {
    pokes=$((pokes + 1))
    curl -sf -o "$folder/posted" -H 'content-type: application/cloudevents+json' "$url/api/v1/events" -d '{"specversion": "1.0",
        "type": "care.joinedup.transfer.ready.v1", "source": "/poke", "id": "'"$pokes"-$$-$RANDOM'", "time": "2026-09-01T09:00:00Z",
        "data": {"transfer": "poke-'"$pokes"'", "area": "hv-west-1", "date": "2026-09-01"}}'
    sleep 1
}

# scrape PATH: series, bytes and milliseconds.
scrape() {
    local n
    for n in 1 2 3 4 5; do
        # An unmoved view is told again as it was; an event makes the text anew.
        poke
        curl -s -o "$folder/text" -w '%{time_total}\n' "$url$1"
    done | sort -n | sed -n 3p >"$folder/time"
    printf '%s series, %s bytes, %s ms' "$(grep -vc '^#' "$folder/text")" "$(wc -c <"$folder/text")" \
        "$(awk '{ printf "%.0f", $1 * 1000 }' "$folder/time")"
}

# size NAME LOCALITIES NEIGHBOURHOODS SCALE
size() {
    local name=$1 head
    areas "$2" "$3" >"$folder/areas.toml"
    rm -rf "$folder/data"
    "$binary" serve --listen "127.0.0.1:$port" --data "$folder/data" --areas "$folder/areas.toml" >"$folder/log" 2>&1 &
    server=$!
    until curl -sf "$url/readyz" >"$folder/ready"; do sleep 0.2; done
    "$binary" simulate --areas "$folder/areas.toml" --url "$url" --months 13 --scale "$4" 2>"$folder/said"
    until curl -sf -o "$folder/text" "$url/metrics" &&
        grep -q '^joinedup_projector_pending_events{[^}]*} 0$' "$folder/text"; do sleep 0.5; done
    head=$(sed -n 's/^joinedup_log_head_position //p' "$folder/text")
    printf '%s (%s events)\n  /metrics             %s\n' "$name" "$head" "$(scrape /metrics)"
    printf '  /metrics/run-charts  %s\n' "$(scrape /metrics/run-charts)"
    printf '  left out above the ceiling: %s; resident: %s MiB\n' \
        "$(sed -n 's/^joinedup_run_chart_truncated_series //p' "$folder/text")" \
        "$(($(ps -o rss= -p "$server") / 1024))"
    stop
}

size "The county of the demo" 0 0 1
size "Twelve localities, all measures" 8 0 2
size "200 areas more" 40 4 4
