//! Run charts and statistical process control for improvement work: series in, verdict out.
//!
//! # In ten lines
//!
//! ```
//! use joinedup_spc::{Chart, Direction, Options, Point, Variation, judge};
//!
//! // Hours from "ready" to "home", one median a week; the last week is not over yet.
//! let weeks = [31., 28., 30., 27., 29., 31., 30., 28., 29., 30., 27., 31., 29., 30., 17.];
//! let mut points: Vec<Point> = weeks.iter().enumerate().map(|(w, h)| Point::new(format!("week {w}"), *h)).collect();
//! points.push(Point::new("this week", 40.0).provisional());
//! let verdict = judge(&points, &Options { target: Some(36.0), ..Options::new(Chart::Xmr, Direction::Down) })?;
//! assert_eq!(verdict.variation, Variation::ImprovementLow);
//! println!("{}", verdict.why); // The latest value, 17, is special cause variation: below the lower control limit of …
//! # Ok::<(), joinedup_spc::JudgeError>(())
//! ```
//!
//! # The idea
//!
//! Every process varies. Most of what varies comes from the process as a whole, is there all the time, and cannot be
//! put down to anything in particular: *common cause*. Now and then something else acts: *special cause*. To ask "what happened in
//! March?" of common cause, or to miss a special cause among it, are the two mistakes that a chart guards against. It does
//! so with a centre line, limits three standard deviations either side (found from the variation between neighbouring
//! points, so that a change does not widen the limits meant to find it), and a few rules for patterns too regular for chance.
//!
//! No rule is free. Each finds changes sooner and cries wolf more often, and the more points a chart has the more often
//! *some* point meets *some* rule: on pure noise at one chart of 24 points in five, and at one of 60 in two. So a verdict alerts on
//! one thing only: a signal that reaches the latest judged period. What ended before it is of the past, with its first and last
//! period. Runs are judged by limits that hold for whatever centre there is. `tests/noise.rs` has the rates on noise.
//!
//! # What to read next
//!
//! | for | see |
//! |---|---|
//! | judging a series; one new point at a time; columns of a table | [`judge()`], [`rejudge`], [`judge_columns`] |
//! | formulas of the charts | [`Chart`] |
//! | the four rules and their parameters | [`rules`] |
//! | runs, crossings, conditional limits and the Anhøj rules | [`runs`] |
//! | whose rules: this product's, or those of a tool people know | [`Profile`] |
//! | what a verdict says, and how far limits can be believed | [`Verdict`], [`LimitsStatus`] |
//! | p values of a chart, of many charts at once, of before and after | [`evidence`] |
//! | starting the centre line afresh | [`rephase`], [`propose_rephase`] |
//! | which chart for which data | [`choose_chart`] |
//! | shift and trend of run charts as the IHI teaches them | [`perla`] |
//! | comparing units in one period | [`funnel`] |
//! | yes-or-no outcomes case by case | [`cusum`] |
//! | the same numbers as qicharts2, NHSRplotthedots or PowerBI-SPC | [`parity`] |
//! | one chart as JSON in and out | [`case`] |
//! | amounts with their units as people write them | [`amounts`] |
//!
//! # Where the product profile departs from the tools
//!
//! * A constant series has limits equal to its value, no signal, and a true pass or fail. The tools give no limits and "hit or
//!   miss", or flag every point, when a sum rounds the wrong way.
//! * A series that is constant but for one point keeps the moving ranges that screening would throw away. The tools give
//!   limits of no width, and every point is special.
//! * A period without data is a gap. Moving ranges do not bridge it and shifts and trends end at it. The tools do not see a row that is not there.
//! * An unfinished period is drawn and never judged. In the tools it sets the icon.
//! * Below 13 points limits are trial limits: drawn, not used to judge.
//! * Two in three counts points beyond three sigma, as Making Data Count does since November 2023.
//! * A turning point belongs to both its trends; the later one labels it.
//! * A zero denominator is a gap, and a numerator above its denominator a row that is left out and named.
//! * Equal means equal to nine digits, so that 0.1 + 0.2 is 0.3; sums are exact to the last digit.
//!
//! Sources are named where their formulas are. The crate reads no clock, no files and no network, and the same
//! series gives the same verdict everywhere.

pub mod amounts;
pub mod case;
mod chart;
pub mod choice;
mod correlation;
pub mod cusum;
pub mod evidence;
pub mod funnel;
mod judge;
mod limits;
mod numerics;
pub mod parity;
pub mod perla;
mod profile;
pub mod rephase;
pub mod rules;
pub mod runs;
mod sampling;
mod series;
mod verdict;

pub use chart::Chart;
pub use choice::{Choice, Method, Quantity, choose_chart};
pub use judge::{judge, judge_columns, rejudge};
pub use limits::SigmaConstant;
pub use profile::Profile;
pub use rephase::{RephaseProposal, propose_rephase};
pub use sampling::Sampling;
pub use series::{Direction, JudgeError, Options, Point};
pub use verdict::{
    Assurance, LimitsStatus, PastChange, PhaseVerdict, PointState, PointVerdict, Variation, Verdict,
};
