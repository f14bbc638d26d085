//! One chart as JSON in, the result as JSON out: the shape of the reference vectors.
//!
//! A case has `method`, `options`, `x`, `y` and perhaps `n`; `null` or `"NaN"` is a missing value, `"Inf"` and
//! `"-Inf"` are infinities, dates are ISO and positions count from 1. Anything else in it, `expected` included, is
//! passed over. Options that a method does not have are refused; a dot and an underscore in their names are the same,
//! and those that only change the drawing are accepted. The methods:
//!
//! | method | what runs |
//! |---|---|
//! | `qicharts2.<chart>`: run, i, mr, ip, p, pp, u, up, c, g, t, xbar, s | [`crate::parity::qicharts2`] |
//! | `mdc.xmr` | [`crate::parity::plotthedots`] |
//! | `run.perla` | [`crate::perla`] |
//! | `rephase.runcharter`, `rephase.his` | [`crate::rephase`] |
//! | `funnel.spiegelhalter` | [`crate::funnel`] |
//! | `pbi.rules` | [`crate::parity::powerbi`] |
//! | `cusum.bernoulli` | [`crate::cusum`] |
//! | `product.<chart>`: run, xmr, p_prime and so on | [`crate::judge()`] in the product profile; the result is the [`crate::Verdict`] |

mod field;
mod product;
mod qicharts2;
mod result;

use serde_json::{Map, Value, json};

use crate::cusum::{CusumOptions, bernoulli_cusum};
use crate::funnel::{FunnelKind, FunnelLimit, FunnelOptions, FunnelRow, funnel};
use crate::parity::{plotthedots, powerbi};
use crate::perla::{self, PerlaLengths};
use crate::rephase::{HisOptions, RunSide, RuncharterOptions, his_medians, runcharter};
use crate::series::Direction;
use field::Fields;
use result::{columns, number, option};

/// Why a case has no result. Most of these are refusals that the reference makes too.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CaseError {
    /// A field is missing or has the wrong shape.
    #[error("The case cannot be read: {0}")]
    Malformed(String),
    /// No such method.
    #[error(
        "The method \"{0}\" is not known: see the table in the documentation of joinedup_spc::case."
    )]
    UnknownMethod(String),
    /// The series cannot be judged this way.
    #[error("{0}")]
    Refused(String),
}

impl CaseError {
    fn refused(error: impl std::fmt::Display) -> Self {
        CaseError::Refused(error.to_string())
    }
}

/// Runs one case.
///
/// ```
/// let case = serde_json::json!({
///     "method": "qicharts2.run", "options": {"chart": "run"},
///     "x": [1, 2, 3, 4, 5], "y": [3, 9, 4, 8, 5],
/// });
/// let result = joinedup_spc::case::run_case(&case)?;
/// assert_eq!(result["parts"][0]["n_crossings"], 3);
/// # Ok::<(), joinedup_spc::case::CaseError>(())
/// ```
pub fn run_case(input: &Value) -> Result<Value, CaseError> {
    let fields = Fields::of(input)?;
    match fields.method.split_once('.') {
        Some(("qicharts2", chart)) => qicharts2::run(&fields, chart),
        Some(("mdc", "xmr")) => mdc(&fields),
        Some(("run", "perla")) => run_perla(&fields),
        Some(("rephase", "runcharter")) => rephase_runcharter(&fields),
        Some(("rephase", "his")) => rephase_his(&fields),
        Some(("funnel", "spiegelhalter")) => spiegelhalter(&fields),
        Some(("pbi", "rules")) => pbi(&fields),
        Some(("cusum", "bernoulli")) => cusum(&fields),
        Some(("product", chart)) => product::run(&fields, chart),
        _ => Err(CaseError::UnknownMethod(fields.method.to_owned())),
    }
}

fn mdc(fields: &Fields) -> Result<Value, CaseError> {
    fields.only(&[
        "improvement_direction",
        "screen_outliers",
        "target",
        "rebase",
        "fix_after_n_points",
    ])?;
    fields.without_n()?;
    let direction = match fields.text("improvement_direction")?.unwrap_or("increase") {
        "increase" => Direction::Up,
        "decrease" => Direction::Down,
        "neutral" => Direction::Neutral,
        other => {
            return Err(CaseError::Refused(format!(
                "improvement_direction is \"{other}\", not increase, decrease or neutral."
            )));
        }
    };
    let options = plotthedots::Options {
        direction,
        screen_outliers: fields.flag("screen_outliers", true)?,
        target: fields.number("target")?,
        rebase: fields.texts("rebase")?,
        fix_after_n_points: fields.number("fix_after_n_points")?,
    };
    let dates = fields.x_as_sortable_text()?;
    let found =
        plotthedots::analyse(&dates, &fields.finite_y()?, &options).map_err(CaseError::refused)?;
    let points = columns(
        &found.points,
        &[
            ("x", &|p| fields.x[p.input].clone()),
            ("y", &|p| option(p.value)),
            ("mean", &|p| option(p.mean)),
            ("lpl", &|p| option(p.lower)),
            ("upl", &|p| option(p.upper)),
            ("rebase_group", &|p| json!(p.rebase_group)),
            ("outside_limits", &|p| json!(p.outside)),
            ("close_to_limits", &|p| json!(p.close)),
            ("relative_to_mean", &|p| json!(p.relative_to_mean)),
            ("special_cause_type", &|p| json!(p.special_cause_type)),
            ("point_type", &|p| json!(p.point_type)),
            ("short_group_warning", &|p| json!(p.short_group)),
        ],
    );
    let groups: Vec<Value> = found
        .groups
        .iter()
        .map(|group| {
            json!({
                "rebase_group": group.rebase_group, "n": group.n, "mean": option(group.mean),
                "lpl": option(group.lower), "upl": option(group.upper), "common_cause": group.common_cause,
                "improvement": group.improvement, "concern": group.concern, "variation_type": group.variation_type,
            })
        })
        .collect();
    let assurance_icon = found
        .assurance_type
        .map(|kind| kind.trim_start_matches("consistent_"));
    Ok(json!({
        "points": points, "variation_icon": found.variation_icon, "assurance_type": found.assurance_type,
        "assurance_icon": assurance_icon, "groups": groups, "warned": found.warned,
    }))
}

fn run_perla(fields: &Fields) -> Result<Value, CaseError> {
    fields.only(&["shift_points", "shift", "trend_points", "trend"])?;
    fields.without_n()?;
    if fields.y.len() < 2 {
        return Err(CaseError::Refused(
            "The rules compare points, so there must be at least 2.".to_owned(),
        ));
    }
    let lengths = PerlaLengths {
        shift: fields
            .count("shift_points")?
            .or(fields.count("shift")?)
            .unwrap_or(6),
        trend: fields
            .count("trend_points")?
            .or(fields.count("trend")?)
            .unwrap_or(5),
    };
    let found = perla::analyse(&fields.finite_y()?, lengths);
    let from_one = |points: &[usize]| points.iter().map(|i| i + 1).collect::<Vec<_>>();
    Ok(json!({
        "median": option(found.median),
        "shift_points": from_one(&found.shift_points),
        "trends": found.trends.iter().map(|trend| from_one(trend)).collect::<Vec<_>>(),
        "n_useful": found.n_useful,
        "runs": found.runs,
    }))
}

fn rephase_runcharter(fields: &Fields) -> Result<Value, CaseError> {
    fields.only(&["med_rows", "runlength", "direction"])?;
    fields.without_n()?;
    let side = match fields.text("direction")?.unwrap_or("both") {
        "above" => RunSide::Above,
        "below" => RunSide::Below,
        "both" => RunSide::Both,
        other => {
            return Err(CaseError::Refused(format!(
                "direction is \"{other}\", not above, below or both."
            )));
        }
    };
    let options = RuncharterOptions {
        baseline: fields.count("med_rows")?.unwrap_or(13),
        run_length: fields.count("runlength")?.unwrap_or(9),
        side,
    };
    let order = fields.in_x_order();
    let y = fields.finite_y()?;
    let values: Vec<Option<f64>> = order.iter().map(|&i| y[i]).collect();
    let found = runcharter(&values, options).map_err(CaseError::refused)?;
    let date = |row: usize| fields.x[order[row]].clone();
    let phases: Vec<Value> = found
        .phases
        .iter()
        .map(|phase| {
            json!({
                "median": option(phase.median), "start_date": date(phase.first), "end_date": date(phase.last),
                "extend_to": date(phase.extend_to),
                "run_type": if phase.sustained { "sustained" } else { "baseline" },
            })
        })
        .collect();
    let highlighted: Vec<Value> = found.highlighted.iter().map(|&row| date(row)).collect();
    Ok(json!({ "phases": phases, "highlighted": highlighted }))
}

fn rephase_his(fields: &Fields) -> Result<Value, CaseError> {
    fields.only(&["trigger", "baseline_points", "baseline"])?;
    fields.without_n()?;
    let options = HisOptions {
        trigger: fields.count("trigger")?.unwrap_or(9),
        baseline: fields
            .count("baseline_points")?
            .or(fields.count("baseline")?)
            .unwrap_or(8),
    };
    let found = his_medians(&fields.finite_y()?, options);
    let list = |medians: &[Option<f64>]| {
        medians
            .iter()
            .map(|median| option(*median))
            .collect::<Vec<_>>()
    };
    Ok(json!({ "base": list(&found.base), "base_ext": list(&found.extended) }))
}

fn spiegelhalter(fields: &Fields) -> Result<Value, CaseError> {
    fields.only(&[
        "data_type",
        "sr_method",
        "trim_by",
        "draw_adjusted",
        "limit",
        "multiplier",
        // Drawn only.
        "draw_unadjusted",
        "label",
        "highlight",
        "title",
        "x_label",
        "y_label",
    ])?;
    let kind = match (
        fields.text("data_type")?.unwrap_or("SR"),
        fields.text("sr_method")?.unwrap_or("SHMI"),
    ) {
        ("PR", _) => FunnelKind::Proportion,
        ("RC", _) => FunnelKind::RatioOfCounts,
        ("SR", "SHMI") => FunnelKind::StandardisedShmi,
        ("SR", "CQC") => FunnelKind::StandardisedCqc,
        _ => {
            return Err(CaseError::Refused(
                "data_type must be PR, SR or RC, and sr_method SHMI or CQC.".to_owned(),
            ));
        }
    };
    let limit = match fields.number("limit")? {
        None | Some(99.0 | 99.8) => FunnelLimit::P998,
        Some(95.0) => FunnelLimit::P95,
        Some(other) => {
            return Err(CaseError::Refused(format!(
                "limit is {other}, not 95, 99 or 99.8."
            )));
        }
    };
    let trim_by = fields.number("trim_by")?.unwrap_or(0.1);
    if !(0.0..=0.5).contains(&trim_by) {
        return Err(CaseError::Refused(format!(
            "trim_by is {trim_by}, but the share trimmed at each end lies between 0 and 0.5."
        )));
    }
    let options = FunnelOptions {
        kind,
        trim_by,
        adjust: fields.flag("draw_adjusted", true)?,
        limit,
        multiplier: fields.number("multiplier")?.unwrap_or(1.0),
    };
    let names = fields.x_as_names()?;
    let missing = || {
        CaseError::Malformed(
            "a funnel needs x, y and n of one length, without missing values.".to_owned(),
        )
    };
    if fields.n.is_empty() {
        return Err(missing());
    }
    let rows: Vec<FunnelRow> = names
        .into_iter()
        .zip(fields.y.iter().zip(&fields.n))
        .map(|(unit, (&numerator, &denominator))| FunnelRow {
            unit,
            numerator,
            denominator,
        })
        .collect();
    let found = funnel(&rows, options).map_err(CaseError::refused)?;
    // The reference prints ratios without the multiplier, limits with it.
    let groups = columns(
        &found.units,
        &[
            ("group", &|u| json!(u.unit)),
            ("numerator", &|u| number(u.numerator)),
            ("denominator", &|u| number(u.denominator)),
            ("ratio", &|u| number(u.numerator / u.denominator)),
            ("zscore", &|u| option(u.z)),
            ("wzscore", &|u| option(u.trimmed_z)),
            ("lcl95", &|u| number(u.p95.lower)),
            ("ucl95", &|u| number(u.p95.upper)),
            ("lcl998", &|u| number(u.p998.lower)),
            ("ucl998", &|u| number(u.p998.upper)),
            ("od_lcl95", &|u| number(u.adjusted_p95.lower)),
            ("od_ucl95", &|u| number(u.adjusted_p95.upper)),
            ("od_lcl998", &|u| number(u.adjusted_p998.lower)),
            ("od_ucl998", &|u| number(u.adjusted_p998.upper)),
            ("outlier", &|u| json!(u.outlier)),
        ],
    );
    Ok(json!({
        "target": number(found.target), "phi": option(found.phi), "tau2": number(found.tau2),
        "n_for_phi": found.units_in_phi, "used_adjusted": found.adjusted, "groups": groups,
    }))
}

fn pbi(fields: &Fields) -> Result<Value, CaseError> {
    fields.only(&["outliers_in_limits", "shift_n", "trend_n", "subset"])?;
    let subset = match fields.options.get("subset") {
        None | Some(Value::Null) => None,
        Some(Value::Array(_)) => {
            let positions = fields.positions("subset")?;
            let index = |position: &i64| position.checked_sub(1)?.try_into().ok();
            let indices: Option<Vec<usize>> = positions.iter().map(index).collect();
            Some(indices.ok_or_else(|| {
                CaseError::Refused("subset counts from 1 and holds a smaller position.".to_owned())
            })?)
        }
        Some(_) => fields.count("subset")?.map(|first| (0..first).collect()),
    };
    let options = powerbi::Options {
        outliers_in_limits: fields.flag("outliers_in_limits", false)?,
        shift: fields.count("shift_n")?.unwrap_or(7),
        trend: fields.count("trend_n")?.unwrap_or(5),
        subset,
    };
    let mut values = fields.finite_y()?;
    for (i, (value, n)) in values.iter_mut().zip(&fields.n).enumerate() {
        *value = value.map(|v| v / n).filter(|v| !v.is_nan());
        if value.is_some_and(f64::is_infinite) {
            return Err(CaseError::Refused(format!("Denominator {} is 0.", i + 1)));
        }
    }
    let found = powerbi::analyse(&values, &options);
    let flag = |side: i8| match side {
        1 => json!("upper"),
        -1 => json!("lower"),
        _ => json!("none"),
    };
    let points = columns(
        &found,
        &[
            ("y", &|p| number(p.value)),
            ("cl", &|p| number(p.centre)),
            ("ll99", &|p| number(p.lower99)),
            ("ul99", &|p| number(p.upper99)),
            ("ll95", &|p| number(p.lower95)),
            ("ul95", &|p| number(p.upper95)),
            ("astronomical", &|p| flag(p.astronomical)),
            ("shift", &|p| flag(p.shift)),
            ("trend", &|p| flag(p.trend)),
            ("two_in_three", &|p| flag(p.two_in_three)),
        ],
    );
    Ok(json!({ "points": points }))
}

fn cusum(fields: &Fields) -> Result<Value, CaseError> {
    fields.only(&["target", "or", "limit", "title", "xlab", "ylab"])?;
    fields.without_n()?;
    let target = fields
        .number("target")?
        .ok_or_else(|| CaseError::Malformed("options.target is missing.".to_owned()))?;
    let options = CusumOptions {
        target,
        odds_ratio: fields.number("or")?.unwrap_or(2.0),
        limit: fields.number("limit")?.unwrap_or(3.5),
    };
    let cases = fields
        .y
        .iter()
        .enumerate()
        .map(|(i, y)| match y {
            0.0 => Ok(false),
            1.0 => Ok(true),
            _ => Err(CaseError::Refused(format!(
                "Case {} is neither 0 nor 1.",
                i + 1
            ))),
        })
        .collect::<Result<Vec<bool>, _>>()?;
    let found = bernoulli_cusum(&cases, options).map_err(CaseError::refused)?;
    let list = |sums: &[f64]| sums.iter().map(|v| number(*v)).collect::<Vec<_>>();
    let from_one = |signals: &[usize]| signals.iter().map(|i| i + 1).collect::<Vec<_>>();
    let mut result = Map::new();
    result.insert("p0".to_owned(), number(found.p0));
    result.insert("p1".to_owned(), number(found.p1));
    result.insert("p2".to_owned(), number(found.p2));
    result.insert("cusum_up".to_owned(), list(&found.up).into());
    result.insert("cusum_down".to_owned(), list(&found.down).into());
    result.insert("signal_up".to_owned(), from_one(&found.signals_up).into());
    result.insert(
        "signal_down".to_owned(),
        from_one(&found.signals_down).into(),
    );
    Ok(Value::Object(result))
}
