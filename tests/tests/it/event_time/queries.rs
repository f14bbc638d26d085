//! Queries of the subset, put together by dice that always fall the same way.

/// A question for both.
pub struct Query {
    /// `query` or `query_range`.
    pub call: &'static str,
    /// The query as it is asked here.
    pub ours: String,
    /// The query for Prometheus 2, whose ranges are closed on the left: a millisecond shorter.
    pub theirs: String,
    /// The times that it is asked of.
    pub times: Vec<(&'static str, String)>,
    /// Which of equal values is taken is open, so only values are compared.
    pub any_of_equals: bool,
}

const ALL: &str = "measure=~\"tr-(delayed-share|delay-days-median|home-share|delayed-nights)\"";
const NAMES: [&str; 9] = [
    "joinedup_run_chart_ratio",
    "joinedup_run_chart_ratio",
    "joinedup_run_chart_seconds",
    "joinedup_run_chart_bed_nights",
    "joinedup_run_chart_provisional_ratio",
    "joinedup_run_chart_median_ratio",
    "joinedup_run_chart_goal_ratio",
    "joinedup_run_chart_denominator",
    "joinedup_run_chart_period_state",
];
const AREAS: [&str; 8] = [
    "",
    "",
    ",area=\"havenshire\"",
    ",area=~\"havenshire-(north|west)\"",
    ",area!~\"hv-.*-\\\\d\"",
    ",area!=\"havenshire\"",
    ",area=~\"hv-n.+\"",
    ",area=\"havenshire-north\"",
];
const PERIODS: [&str; 4] = ["", "", ",period=\"week\"", ",period!=\"week\""];
/// Monday, 5 January 2026, 00:00 in London.
const MONDAY: u64 = 1_767_571_200;
const WEEK: u64 = 604_800;

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn selector(&mut self) -> String {
        let name = self.of(&NAMES);
        let state = if name.ends_with("_state") {
            self.of(&[",state=\"final\"", ",state!=\"final\"", ""])
        } else {
            ""
        };
        let (area, period) = (self.of(&AREAS), self.of(&PERIODS));
        match self.below(12) {
            0 => format!("{{__name__=\"{name}\",{ALL}{area}}}"),
            1 => format!("{{__name__=~\"joinedup_run_chart_(median_)?ratio\",{ALL}{area}}}"),
            _ => format!("{name}{{{ALL}{area}{period}{state}}}"),
        }
    }

    fn times(&mut self) -> String {
        match self.below(14) {
            0 => " offset 1w".into(),
            1 => " offset 30d".into(),
            2 => " offset -2w".into(),
            3 => format!(" @ {}", MONDAY + self.below(20) as u64 * WEEK),
            4 => " @ end()".into(),
            5 => " @ start() offset 3d".into(),
            _ => String::new(),
        }
    }

    /// A range, marked so that it can be written for both.
    fn range(&mut self) -> String {
        let weeks = [1, 2, 4, 8, 26][self.below(5)];
        format!("[<{}>]", weeks * WEEK)
    }

    fn grouping(&mut self) -> &'static str {
        self.of(&[
            "",
            " by (area)",
            " by (measure, period)",
            " by (__name__)",
            " without (area)",
            " without (measure, state)",
            " by ()",
        ])
    }

    fn scalar(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 => "2".into(),
            1 => "0.5".into(),
            2 => "-3".into(),
            3 => "time() / 1e9".into(),
            4 => format!("scalar({})", self.vector(depth - 1)),
            5 => format!(
                "({} {} {})",
                self.scalar(depth - 1),
                self.operator(),
                self.scalar(depth - 1)
            ),
            _ => format!(
                "({} >= bool {})",
                self.scalar(depth - 1),
                self.scalar(depth - 1)
            ),
        }
    }

    fn operator(&mut self) -> &'static str {
        self.of(&["+", "-", "*", "/", "%", "^"])
    }

    fn comparison(&mut self) -> &'static str {
        self.of(&[
            "==", "!=", ">", "<", ">=", "<=", "> bool", "<= bool", "== bool",
        ])
    }

    fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(4) {
                0 => {
                    let function = self.of(&[
                        "avg", "min", "max", "sum", "count", "stddev", "stdvar", "last", "present",
                    ]);
                    format!(
                        "{function}_over_time({}{}{})",
                        self.selector(),
                        self.range(),
                        self.times()
                    )
                }
                _ => format!("{}{}", self.selector(), self.times()),
            };
        }
        let depth = depth - 1;
        match self.below(22) {
            0..=3 => {
                let aggregator = self.of(&[
                    "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar",
                ]);
                format!("{aggregator}{} ({})", self.grouping(), self.vector(depth))
            }
            4 => format!(
                "quantile{} ({}, {})",
                self.grouping(),
                self.of(&["0.5", "0.9", "0", "1.5"]),
                self.vector(depth)
            ),
            5 => format!(
                "count_values{} (\"value\", round({}))",
                self.grouping(),
                self.vector(depth)
            ),
            6 => format!(
                "{} {} {}",
                self.atom(depth),
                self.operator(),
                self.scalar(depth)
            ),
            7 => format!(
                "{} {} {}",
                self.atom(depth),
                self.comparison(),
                self.scalar(depth)
            ),
            8 => format!(
                "{} {} {}",
                self.scalar(depth),
                self.comparison(),
                self.atom(depth)
            ),
            9 => format!(
                "{} {} {}",
                self.atom(depth),
                self.operator(),
                self.atom(depth)
            ),
            10 => format!(
                "{} {} on (measure, area, period) {}",
                self.atom(depth),
                self.comparison(),
                self.atom(depth)
            ),
            11 => format!(
                "{} {} ignoring (state) {}",
                self.atom(depth),
                self.operator(),
                self.atom(depth)
            ),
            12 => {
                let one = format!("sum by (area) ({})", self.vector(depth));
                format!(
                    "{} {} on (area) group_left () {one}",
                    self.atom(depth),
                    self.operator()
                )
            }
            13 => {
                let one = format!("max by (measure, period) ({})", self.vector(depth));
                format!(
                    "({one}) {} on (measure) group_right (period) {}",
                    self.comparison(),
                    self.atom(depth)
                )
            }
            14 | 15 => {
                let matching = self.of(&["", " on (area)", " ignoring (period, state)"]);
                let operator = self.of(&["and", "or", "unless"]);
                format!(
                    "{} {operator}{matching} {}",
                    self.atom(depth),
                    self.atom(depth)
                )
            }
            16 => format!(
                "{}({})",
                self.of(&[
                    "abs",
                    "ceil",
                    "floor",
                    "round",
                    "sgn",
                    "sqrt",
                    "timestamp",
                    "sort"
                ]),
                self.vector(depth)
            ),
            17 => format!(
                "{}({}, {})",
                self.of(&["clamp_min", "clamp_max", "round"]),
                self.vector(depth),
                self.of(&["0.3", "10"])
            ),
            18 => format!(
                "quantile_over_time({}, {}{}{})",
                self.of(&["0.5", "0.25"]),
                self.selector(),
                self.range(),
                self.times()
            ),
            19 => format!(
                "label_replace({}, \"place\", \"$1-x\", \"area\", \"hv-(.).*\")",
                self.vector(depth)
            ),
            20 => format!("absent({})", self.vector(depth)),
            _ => format!("-{}", self.atom(depth)),
        }
    }

    fn atom(&mut self, depth: usize) -> String {
        format!("({})", self.vector(depth))
    }

    /// An instant: often the very beginning of a week.
    fn instant(&mut self) -> u64 {
        let week = MONDAY - 12 * WEEK + self.below(60) as u64 * WEEK;
        match self.below(3) {
            0 => week,
            1 => week + self.below(WEEK as usize) as u64,
            // In summer weeks begin an hour earlier in UTC.
            _ => week - 3_600,
        }
    }
}

/// Writes the marked ranges for both.
fn both(text: &str) -> (String, String) {
    let (mut ours, mut theirs) = (String::new(), String::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[<") {
        let (seconds, after) = after.split_once(">]").unwrap();
        let seconds: u64 = seconds.parse().unwrap();
        ours.push_str(&format!("{before}[{seconds}s]"));
        theirs.push_str(&format!("{before}[{}s999ms]", seconds - 1));
        rest = after;
    }
    (ours + rest, theirs + rest)
}

/// So many queries, as dice of a seed fall.
pub fn queries(count: usize, seed: u64) -> Vec<Query> {
    let mut dice = Dice(seed.max(1));
    (0..count)
        .map(|n| {
            let mut any_of_equals = false;
            let text = match n % 20 {
                0 => {
                    any_of_equals = true;
                    format!(
                        "{}{} (3, {})",
                        dice.of(&["topk", "bottomk"]),
                        dice.of(&["", " by (measure)"]),
                        dice.vector(1)
                    )
                }
                1 => dice.scalar(2),
                2 => format!("absent_over_time({}{})", dice.selector(), dice.range()),
                3 => format!("changes({}{})", dice.selector(), dice.range()),
                _ => {
                    let depth = dice.below(3);
                    dice.vector(depth)
                }
            };
            let start = dice.instant();
            let (call, text, times) = match n % 5 {
                0 | 1 => {
                    let step = [3_600, 86_400, WEEK, 36_007][dice.below(4)];
                    let steps = 2 + dice.below(60) as u64;
                    let times = vec![
                        ("start", start.to_string()),
                        ("end", (start + steps * step).to_string()),
                        ("step", step.to_string()),
                    ];
                    ("query_range", text, times)
                }
                2 if n % 15 == 2 => (
                    "query",
                    format!("{}{}", dice.selector(), dice.range()),
                    vec![("time", start.to_string())],
                ),
                _ => ("query", text, vec![("time", start.to_string())]),
            };
            let (ours, theirs) = both(&text);
            Query {
                call,
                ours,
                theirs,
                times,
                any_of_equals,
            }
        })
        .collect()
}
