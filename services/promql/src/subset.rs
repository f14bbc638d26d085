//! The subset of PromQL that is evaluated, in tables: the plan is made from them, and so is the document.

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `abs`
    Abs,
    /// `ceil`
    Ceil,
    /// `floor`
    Floor,
    /// `round`
    Round,
    /// `sgn`
    Sgn,
    /// `sqrt`
    Sqrt,
    /// `clamp`
    Clamp,
    /// `clamp_min`
    ClampMin,
    /// `clamp_max`
    ClampMax,
    /// `scalar`
    Scalar,
    /// `vector`
    Vector,
    /// `time`
    Time,
    /// `timestamp`
    Timestamp,
    /// `absent`
    Absent,
    /// `absent_over_time`
    AbsentOverTime,
    /// `sort`
    Sort,
    /// `sort_desc`
    SortDesc,
    /// `label_replace`
    LabelReplace,
    /// `label_join`
    LabelJoin,
    /// One of the functions over a range.
    Over(Over),
}

/// A function over a range of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// `avg_over_time`
    Avg,
    /// `min_over_time`
    Min,
    /// `max_over_time`
    Max,
    /// `sum_over_time`
    Sum,
    /// `count_over_time`
    Count,
    /// `quantile_over_time`
    Quantile,
    /// `stddev_over_time`
    Stddev,
    /// `stdvar_over_time`
    Stdvar,
    /// `last_over_time`
    Last,
    /// `present_over_time`
    Present,
    /// `changes`
    Changes,
}

/// Every function that is evaluated.
pub const FUNCTIONS: &[(&str, Function)] = &[
    ("abs", Function::Abs),
    ("absent", Function::Absent),
    ("absent_over_time", Function::AbsentOverTime),
    ("avg_over_time", Function::Over(Over::Avg)),
    ("ceil", Function::Ceil),
    ("changes", Function::Over(Over::Changes)),
    ("clamp", Function::Clamp),
    ("clamp_max", Function::ClampMax),
    ("clamp_min", Function::ClampMin),
    ("count_over_time", Function::Over(Over::Count)),
    ("floor", Function::Floor),
    ("label_join", Function::LabelJoin),
    ("label_replace", Function::LabelReplace),
    ("last_over_time", Function::Over(Over::Last)),
    ("max_over_time", Function::Over(Over::Max)),
    ("min_over_time", Function::Over(Over::Min)),
    ("present_over_time", Function::Over(Over::Present)),
    ("quantile_over_time", Function::Over(Over::Quantile)),
    ("round", Function::Round),
    ("scalar", Function::Scalar),
    ("sgn", Function::Sgn),
    ("sort", Function::Sort),
    ("sort_desc", Function::SortDesc),
    ("sqrt", Function::Sqrt),
    ("stddev_over_time", Function::Over(Over::Stddev)),
    ("stdvar_over_time", Function::Over(Over::Stdvar)),
    ("sum_over_time", Function::Over(Over::Sum)),
    ("time", Function::Time),
    ("timestamp", Function::Timestamp),
    ("vector", Function::Vector),
];

/// How many become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregator {
    /// `sum`
    Sum,
    /// `avg`
    Avg,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `count`
    Count,
    /// `group`
    Group,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `quantile`
    Quantile,
    /// `topk`
    TopK,
    /// `bottomk`
    BottomK,
    /// `count_values`
    CountValues,
}

/// Every aggregation that is evaluated.
pub const AGGREGATORS: &[(&str, Aggregator)] = &[
    ("sum", Aggregator::Sum),
    ("avg", Aggregator::Avg),
    ("min", Aggregator::Min),
    ("max", Aggregator::Max),
    ("count", Aggregator::Count),
    ("group", Aggregator::Group),
    ("stddev", Aggregator::Stddev),
    ("stdvar", Aggregator::Stdvar),
    ("quantile", Aggregator::Quantile),
    ("topk", Aggregator::TopK),
    ("bottomk", Aggregator::BottomK),
    ("count_values", Aggregator::CountValues),
];

/// An operator between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `^`
    Power,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterOrEqual,
    /// `<=`
    LessOrEqual,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

/// Every operator that is evaluated.
pub const OPERATORS: &[(&str, Operator)] = &[
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Modulo),
    ("^", Operator::Power),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    (">", Operator::Greater),
    ("<", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("and", Operator::And),
    ("or", Operator::Or),
    ("unless", Operator::Unless),
];

impl Operator {
    /// Whether it compares.
    #[must_use]
    pub const fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::Less
                | Self::GreaterOrEqual
                | Self::LessOrEqual
        )
    }

    /// Whether it is of sets.
    #[must_use]
    pub const fn is_of_sets(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// What a table holds under a name.
#[must_use]
pub fn named<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, found)| *found)
}

/// The subset, as Markdown.
#[must_use]
pub fn document() -> String {
    let names = |all: Vec<&str>| {
        let quoted: Vec<String> = all.iter().map(|n| format!("`{n}`")).collect();
        quoted.join(" ")
    };
    let functions = names(FUNCTIONS.iter().map(|(n, _)| *n).collect());
    let aggregators = names(AGGREGATORS.iter().map(|(n, _)| *n).collect());
    let operators = names(OPERATORS.iter().map(|(n, _)| *n).collect());
    format!(
        "| what | is evaluated | is refused |
|---|---|---|
| selectors | a name or `{{…}}`, with `=` `!=` `=~` `!~` | `or` between matchers; the label `period_start` (here it is the sample's own time) |
| times | `[26w]`, `offset 1y`, `offset -1w`, `@ 1790000000`, `@ start()`, `@ end()` | subqueries `[26w:1w]`; durations without unit; `smoothed`, `anchored` |
| operators | {operators}; `bool`; `on`, `ignoring`; `group_left`, `group_right`; unary `-` and `+` | `atan2`; `fill`, `fill_left`, `fill_right` |
| aggregations | {aggregators}; `by`, `without` | `limitk`, `limit_ratio` |
| functions | {functions} | all others: `rate`, `increase`, `delta`, `deriv` and their like (no series here is a counter), everything of histograms, logarithms and angles (their last digit differs between programs), calendar functions (they are of UTC, periods are of London), experimental ones |
| literals | numbers, strings | native histograms |
"
    )
}
