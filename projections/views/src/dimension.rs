//! The values that a dimension of a quantity can have. A misspelt value passes no cell, and on a chart of counts that looks
//! like good news: so a question that names one is refused.

use crate::cell::Cells;
use crate::quantity::Quantity;
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::Pathway;
use std::collections::BTreeSet;

/// What stands for "not recorded" where a dimension's codes have no word of their own for it.
pub const UNKNOWN: &str = "unknown";
/// Reason and responsibility of a stay that ended without delay.
pub const NO_DELAY: &str = "none";

/// The codes that a dimension of a coded quantity is limited to, in their own order; `None` where other values may come.
#[must_use]
pub fn codes(quantity: Quantity, dimension: &str) -> Option<Vec<&'static str>> {
    if !quantity.name().starts_with("transfer.") {
        return None;
    }
    let mut codes: Vec<&'static str> = match dimension {
        "responsible" => Responsible::ALL.iter().map(|code| code.code()).collect(),
        "reason" => Reason::ALL.iter().map(|code| code.code()).collect(),
        "pathway" => Pathway::ALL.iter().map(|code| code.code()).collect(),
        _ => return None,
    };
    if dimension != "responsible" {
        codes.push(UNKNOWN);
    }
    if quantity == Quantity::DelayDays && dimension != "pathway" {
        codes.push(NO_DELAY);
    }
    Some(codes)
}

/// The values of a dimension that cells of a quantity have, whatever the area and date.
#[must_use]
pub fn seen<'a>(cells: &'a Cells, quantity: &str, dimension: &str) -> BTreeSet<&'a str> {
    cells
        .all_series(quantity)
        .flat_map(|series| series.breakdown)
        .filter(|(name, _)| **name == *dimension)
        .map(|(_, value)| &**value)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Filter;
    use crate::measure::Measure;
    use crate::measures::Measures;
    use crate::period::Grain;
    use crate::point::PointQuery;
    use crate::tally::Delta;
    use joinedup_events::AreaId;

    fn asked(measure: &Measure, cells: &Cells, dimension: &str, value: &str) -> Result<(), String> {
        let (area, filter) = (AreaId::new("ward").unwrap(), Filter::one(dimension, value));
        let query = PointQuery {
            measure,
            area: &area,
            grain: Grain::Week,
            from: None,
            to: None,
            filter: &filter,
            now: chrono::DateTime::UNIX_EPOCH,
            range: None,
        };
        query.check_values(cells).map_err(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_code_is_refused_with_those_there_are_and_one_not_seen_yet_is_not() {
        let measures = Measures::built_in(|_| true).unwrap();
        let delays = measures.get("tr-delay-days-median").unwrap();
        let cells = Cells::default();
        for good in [
            ("responsible", "both"),
            ("reason", "HP2"),
            ("pathway", UNKNOWN),
        ] {
            assert_eq!(asked(delays, &cells, good.0, good.1), Ok(()));
        }
        let refused = asked(delays, &cells, "responsible", "nsh").unwrap_err();
        assert!(refused.contains("nhs, social-care, both"), "{refused}");
        assert!(
            !refused.contains("nsh"),
            "what was asked for is not repeated: {refused}"
        );
    }

    #[test]
    fn where_values_are_free_those_that_were_counted_can_be_asked_for() {
        let measures = Measures::built_in(|_| true).unwrap();
        let days = measures.get("dtoc-delayed-days").unwrap();
        let mut cells = Cells::default();
        assert_eq!(asked(days, &cells, "responsible", "anybody"), Ok(()));
        let date = chrono::NaiveDate::from_ymd_opt(2017, 2, 1).unwrap();
        let breakdown = [("grain", "month"), ("responsible", "nhs")];
        cells.apply(
            "observation.dtoc-delayed-days",
            "ward",
            &breakdown,
            date,
            Delta::ONE,
            1,
        );
        assert_eq!(asked(days, &cells, "responsible", "nhs"), Ok(()));
        assert!(asked(days, &cells, "responsible", "anybody").is_err());
    }
}
