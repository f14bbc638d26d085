//! A query that may be evaluated: made from the grammar's tree by taking over what is known, field by field, and
//! refusing everything else by name.

use super::Refusal;
use super::guard::guard;
use super::pattern::Pattern;
use super::series::{Comparison, Matcher, NAME};
use super::subset::{AGGREGATORS, Aggregator, FUNCTIONS, Function, OPERATORS, named};
use super::tree::{Aggregate, At, Binary, Group, Kind, Matching, Node, Plan, Selection};
use promql_parser::label::MatchOp;
use promql_parser::parser::{
    AggregateExpr, AtModifier, BinModifier, BinaryExpr, Call, Expr, LabelModifier, Offset,
    VectorMatchCardinality, VectorMatchFillValues, VectorSelector,
};
use std::time::{Duration, SystemTime};

/// The label that period-labelled series have in a scrape.
const PERIOD_START: &str = "period_start";

/// Reads a query.
///
/// # Errors
/// A sentence that says what cannot be read, or is not in the subset.
pub fn plan(query: &str) -> Result<Plan, Refusal> {
    let guarded = guard(query)?;
    let tree = promql_parser::parser::parse(&guarded.text)
        .map_err(|error| Refusal::query(format!("the query cannot be read: {error}")))?;
    let mut planner = Planner {
        patterns: guarded.patterns,
        selectors: Vec::new(),
    };
    let root = planner.node(tree)?;
    Ok(Plan {
        root,
        selectors: planner.selectors,
    })
}

/// Reads a selector alone, as `match[]` has it.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn selector(text: &str) -> Result<Vec<Matcher>, Refusal> {
    let mut plan = plan(text)?;
    match plan.root {
        Node::Select(Selection {
            at: None,
            offset: 0,
            ..
        }) if plan.selectors.len() == 1 => Ok(plan.selectors.remove(0)),
        _ => Err(Refusal::query(
            "`match[]` must be a selector without times, such as joinedup_run_chart_ratio{area=\"havenshire\"}",
        )),
    }
}

fn not_here(what: &str) -> Refusal {
    Refusal::query(format!(
        "{what} is not part of the PromQL that is answered here; grafana/EVENT_TIME.md says what is"
    ))
}

struct Planner {
    patterns: Vec<Pattern>,
    selectors: Vec<Vec<Matcher>>,
}

impl Planner {
    fn node(&mut self, tree: Expr) -> Result<Node, Refusal> {
        match tree {
            Expr::NumberLiteral(number) => Ok(Node::Number(number.val)),
            Expr::StringLiteral(text) => Ok(Node::Text(text.val)),
            Expr::Paren(paren) => self.node(*paren.expr),
            Expr::Unary(unary) => {
                let of = self.node(*unary.expr)?;
                if !matches!(of.kind(), Kind::Scalar | Kind::Vector) {
                    return Err(Refusal::query(
                        "a sign stands before a number or an instant vector",
                    ));
                }
                Ok(Node::Negate(Box::new(of)))
            }
            Expr::VectorSelector(select) => Ok(Node::Select(self.selection(select)?)),
            Expr::MatrixSelector(range) => {
                let length = millis(range.range)?;
                if length == 0 {
                    return Err(Refusal::query("a range must be longer than zero"));
                }
                Ok(Node::Range(self.selection(range.vs)?, length))
            }
            Expr::Subquery(_) => Err(not_here("a subquery, `[range:step]`,")),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Call(call) => self.call(call),
            Expr::Extension(_) => Err(not_here("an extension")),
        }
    }

    fn selection(&mut self, select: VectorSelector) -> Result<Selection, Refusal> {
        let VectorSelector {
            name,
            matchers,
            offset,
            at,
        } = select;
        if !matchers.or_matchers.is_empty() {
            return Err(not_here("`or` between matchers"));
        }
        let mut all = Vec::new();
        if let Some(name) = name {
            all.push(Matcher {
                name: NAME.to_owned(),
                comparison: Comparison::Equal(name),
            });
        }
        for matcher in matchers.matchers {
            label(&matcher.name)?;
            let pattern = |value: &str| {
                let at = value.parse::<usize>().ok();
                let pattern = at.and_then(|at| self.patterns.get(at)).cloned();
                pattern.ok_or_else(|| Refusal::query("a regular expression was not found again"))
            };
            let comparison = match matcher.op {
                MatchOp::Equal => Comparison::Equal(matcher.value),
                MatchOp::NotEqual => Comparison::NotEqual(matcher.value),
                MatchOp::Re(_) => Comparison::Matches(pattern(&matcher.value)?),
                MatchOp::NotRe(_) => Comparison::MatchesNot(pattern(&matcher.value)?),
            };
            all.push(Matcher {
                name: matcher.name,
                comparison,
            });
        }
        if all.iter().all(|m| m.passes("")) {
            return Err(Refusal::query(
                "a vector selector must contain at least one non-empty matcher",
            ));
        }
        self.selectors.push(all);
        Ok(Selection {
            selector: self.selectors.len() - 1,
            at: at.map(instant).transpose()?,
            offset: match offset {
                None => 0,
                Some(Offset::Pos(back)) => millis(back)?,
                Some(Offset::Neg(ahead)) => -millis(ahead)?,
            },
        })
    }

    fn binary(&mut self, tree: BinaryExpr) -> Result<Node, Refusal> {
        let word = tree.op.to_string();
        let operator =
            named(OPERATORS, &word).ok_or_else(|| not_here(&format!("the operator `{word}`")))?;
        let BinModifier {
            card,
            matching,
            return_bool,
            fill_values,
        } = tree.modifier.unwrap_or_default();
        if fill_values != VectorMatchFillValues::default() {
            return Err(not_here("`fill`"));
        }
        let (left, right) = (self.node(*tree.lhs)?, self.node(*tree.rhs)?);
        let kinds = (left.kind(), right.kind());
        let is_value = |kind| matches!(kind, Kind::Scalar | Kind::Vector);
        if !is_value(kinds.0) || !is_value(kinds.1) {
            return Err(Refusal::query(
                "an operator stands between numbers and instant vectors",
            ));
        }
        let both = kinds == (Kind::Vector, Kind::Vector);
        if return_bool && !operator.compares() {
            return Err(Refusal::query("`bool` goes with comparisons only"));
        }
        if operator.compares() && kinds == (Kind::Scalar, Kind::Scalar) && !return_bool {
            return Err(Refusal::query(
                "a comparison between two numbers needs `bool`",
            ));
        }
        if operator.is_of_sets() && !both {
            return Err(Refusal::query(format!(
                "`{word}` goes between vectors only"
            )));
        }
        let (group, include) = match card {
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
                (Group::One, Vec::new())
            }
            VectorMatchCardinality::ManyToOne(labels) => (Group::Left, labels.labels),
            VectorMatchCardinality::OneToMany(labels) => (Group::Right, labels.labels),
        };
        if !both && (matching.is_some() || group != Group::One) {
            return Err(Refusal::query(
                "vector matching is only allowed between vectors",
            ));
        }
        if operator.is_of_sets() && group != Group::One {
            return Err(Refusal::query(format!(
                "no grouping is allowed for `{word}`"
            )));
        }
        let (on, labels) = match matching {
            None => (false, Vec::new()),
            Some(LabelModifier::Include(labels)) => (true, labels.labels),
            Some(LabelModifier::Exclude(labels)) => (false, labels.labels),
        };
        labels.iter().chain(&include).try_for_each(|l| label(l))?;
        if on && labels.iter().any(|l| include.contains(l)) {
            return Err(Refusal::query(
                "a label must not be in `on` and in the group at once",
            ));
        }
        Ok(Node::Binary(Box::new(Binary {
            operator,
            says_bool: return_bool,
            left,
            right,
            matching: Matching {
                on,
                labels,
                group,
                include,
            },
        })))
    }

    fn aggregate(&mut self, tree: AggregateExpr) -> Result<Node, Refusal> {
        let AggregateExpr {
            op,
            expr,
            param,
            modifier,
        } = tree;
        let word = op.to_string();
        let aggregator = named(AGGREGATORS, &word)
            .ok_or_else(|| not_here(&format!("the aggregation `{word}`")))?;
        let of = self.node(*expr)?;
        if of.kind() != Kind::Vector {
            return Err(Refusal::query(format!("`{word}` is of an instant vector")));
        }
        let parameter = param.map(|p| self.node(*p)).transpose()?;
        let wrong = || Refusal::query(format!("`{word}` has a parameter of another type"));
        let (parameter, name) = match (aggregator, parameter) {
            (Aggregator::CountValues, Some(Node::Text(name))) => {
                label(&name)?;
                (None, Some(name))
            }
            (Aggregator::TopK | Aggregator::BottomK | Aggregator::Quantile, Some(node))
                if node.kind() == Kind::Scalar =>
            {
                (Some(node), None)
            }
            (
                Aggregator::CountValues
                | Aggregator::TopK
                | Aggregator::BottomK
                | Aggregator::Quantile,
                _,
            )
            | (_, Some(_)) => return Err(wrong()),
            (_, None) => (None, None),
        };
        let (without, labels) = match modifier {
            None => (false, Vec::new()),
            Some(LabelModifier::Include(labels)) => (false, labels.labels),
            Some(LabelModifier::Exclude(labels)) => (true, labels.labels),
        };
        labels.iter().try_for_each(|l| label(l))?;
        Ok(Node::Aggregate(Box::new(Aggregate {
            aggregator,
            parameter,
            label: name,
            without,
            labels,
            of,
        })))
    }

    fn call(&mut self, call: Call) -> Result<Node, Refusal> {
        let name = call.func.name;
        let function =
            named(FUNCTIONS, name).ok_or_else(|| not_here(&format!("the function `{name}`")))?;
        let arguments = call
            .args
            .args
            .into_iter()
            .map(|argument| self.node(*argument))
            .collect::<Result<Vec<_>, _>>()?;
        let kinds: Vec<Kind> = arguments.iter().map(Node::kind).collect();
        if !takes(function, &kinds) {
            return Err(Refusal::query(format!(
                "`{name}` has arguments of other numbers or types than it takes"
            )));
        }
        if let (Function::LabelReplace, [_, _, _, _, Node::Text(pattern)]) = (function, &*arguments)
        {
            Pattern::new(pattern)?;
        }
        if matches!(function, Function::LabelReplace | Function::LabelJoin) {
            for (at, argument) in arguments.iter().enumerate() {
                match argument {
                    Node::Text(name) if at == 1 || name == PERIOD_START => label(name)?,
                    _ => {}
                }
            }
        }
        Ok(Node::Call(function, arguments))
    }
}

/// Whether a function takes arguments of these types.
fn takes(function: Function, kinds: &[Kind]) -> bool {
    use super::subset::Over;
    use Kind::{Matrix, Scalar, Text, Vector};
    match function {
        Function::Time => kinds.is_empty(),
        Function::Round => matches!(kinds, [Vector] | [Vector, Scalar]),
        Function::Clamp => kinds == [Vector, Scalar, Scalar],
        Function::ClampMin | Function::ClampMax => kinds == [Vector, Scalar],
        Function::Vector => kinds == [Scalar],
        Function::LabelReplace => kinds == [Vector, Text, Text, Text, Text],
        Function::LabelJoin => {
            kinds.len() >= 3 && kinds[0] == Vector && kinds[1..].iter().all(|k| *k == Text)
        }
        Function::AbsentOverTime => kinds == [Matrix],
        Function::Over(Over::Quantile) => kinds == [Scalar, Matrix],
        Function::Over(_) => kinds == [Matrix],
        Function::Abs
        | Function::Ceil
        | Function::Floor
        | Function::Sgn
        | Function::Sqrt
        | Function::Scalar
        | Function::Timestamp
        | Function::Absent
        | Function::Sort
        | Function::SortDesc => kinds == [Vector],
    }
}

/// Whether a name may be a label's.
#[must_use]
pub fn is_label(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Refuses what cannot be a label, and the label that would silently be empty here.
fn label(name: &str) -> Result<(), Refusal> {
    if name == PERIOD_START {
        return Err(Refusal::query(
            "series have no label period_start here: a period's beginning is the time of its sample. Ask for a \
             range, such as joinedup_run_chart_ratio[1y], or for timestamp(…)",
        ));
    }
    if is_label(name) {
        Ok(())
    } else {
        Err(Refusal::query(format!(
            "{name:?} is not the name of a label"
        )))
    }
}

fn millis(duration: Duration) -> Result<i64, Refusal> {
    i64::try_from(duration.as_millis())
        .ok()
        .filter(|ms| *ms < 1_000_000_000_000_000)
        .ok_or_else(|| Refusal::query("a duration is too long"))
}

fn instant(at: AtModifier) -> Result<At, Refusal> {
    Ok(match at {
        AtModifier::Start => At::Start,
        AtModifier::End => At::End,
        AtModifier::At(time) => At::Instant(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => millis(after)?,
            Err(before) => -millis(before.duration())?,
        }),
    })
}
