//! The tree of a query that may be evaluated.

use super::series::Matcher;
use super::subset::{Aggregator, Function, Operator};

/// A query, and what it selects.
#[derive(Debug)]
pub struct Plan {
    /// What is evaluated.
    pub root: Node,
    /// Its selectors, in the order of their numbers.
    pub selectors: Vec<Vec<Matcher>>,
}

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number at each instant.
    Scalar,
    /// Series with one value at each instant.
    Vector,
    /// Series with their samples.
    Matrix,
    /// A string.
    Text,
}

/// A part of a query.
#[derive(Debug)]
pub enum Node {
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An instant vector.
    Select(Selection),
    /// A range vector; the range is in milliseconds.
    Range(Selection, i64),
    /// `-`
    Negate(Box<Node>),
    /// Two expressions and an operator.
    Binary(Box<Binary>),
    /// An aggregation.
    Aggregate(Box<Aggregate>),
    /// A function.
    Call(Function, Vec<Node>),
}

/// What is selected, and when.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// The number of the selector.
    pub selector: usize,
    /// The instant that it is of, where not the evaluation's.
    pub at: Option<At>,
    /// How far back, in milliseconds.
    pub offset: i64,
}

/// A fixed instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since 1970.
    Instant(i64),
    /// The query's first instant.
    Start,
    /// The query's last instant.
    End,
}

/// Two expressions and an operator.
#[derive(Debug)]
pub struct Binary {
    /// The operator.
    pub operator: Operator,
    /// A comparison says 0 or 1 instead of filtering.
    pub says_bool: bool,
    /// The left side.
    pub left: Node,
    /// The right side.
    pub right: Node,
    /// Which elements belong together.
    pub matching: Matching,
}

/// Which elements of two vectors belong together.
#[derive(Debug, Default)]
pub struct Matching {
    /// Only these labels count (`on`), or all but these (`ignoring`).
    pub on: bool,
    /// The labels.
    pub labels: Vec<String>,
    /// How many may match one.
    pub group: Group,
    /// Labels that are taken from the side that has one.
    pub include: Vec<String>,
}

/// How many elements may match one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// One.
    #[default]
    One,
    /// Many on the left.
    Left,
    /// Many on the right.
    Right,
}

/// An aggregation.
#[derive(Debug)]
pub struct Aggregate {
    /// Which aggregation it is.
    pub aggregator: Aggregator,
    /// Its parameter.
    pub parameter: Option<Node>,
    /// The label that counted values are written to.
    pub label: Option<String>,
    /// All but these labels, or only these.
    pub without: bool,
    /// The labels.
    pub labels: Vec<String>,
    /// What is put together.
    pub of: Node,
}

impl Node {
    /// The type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Scalar,
            Self::Text(_) => Kind::Text,
            Self::Range(..) => Kind::Matrix,
            Self::Select(_) | Self::Aggregate(_) => Kind::Vector,
            Self::Negate(of) => of.kind(),
            Self::Binary(b) if b.left.kind() == Kind::Scalar && b.right.kind() == Kind::Scalar => {
                Kind::Scalar
            }
            Self::Binary(_) => Kind::Vector,
            Self::Call(Function::Time | Function::Scalar, _) => Kind::Scalar,
            Self::Call(..) => Kind::Vector,
        }
    }
}
