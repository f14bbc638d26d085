//! Where a new baseline may begin.

use super::Write;
use crate::app::App;
use crate::charts::{ChartRequest, ask};
use chrono::NaiveDate;
use joinedup_views::decide::{ChartAction, Refusal, Subject};

/// Refuses a baseline that would leave its chart, as the sender of the write sees it, as it is. A chart without any number
/// yet says nothing against one.
pub(super) fn must_divide(app: &App, write: &Write) -> Result<(), Refusal> {
    let Subject::Chart(decision) = &write.command.subject else {
        return Ok(());
    };
    let begins = matches!(
        decision.action,
        ChartAction::ProposeBaseline | ChartAction::AcceptBaseline
    );
    if !begins {
        return Ok(());
    }
    let request = ChartRequest::new(decision.measure.as_str(), write.command.area.as_str());
    // What cannot be asked is for others to refuse.
    let Ok(answer) = ask(app, &request, write.audience) else {
        return Ok(());
    };
    let points = answer.chart.points.iter().map(|p| &p.point);
    let periods: Vec<(NaiveDate, bool)> = points
        .map(|point| (point.period_end, point.value.is_some()))
        .collect();
    match lies_within(&periods, decision.from) {
        true => Ok(()),
        false => Err(Refusal::BaselineDividesNothing),
    }
}

/// Whether a day has a number before it and a period from it on, of periods with their ends and whether they have a number.
fn lies_within(periods: &[(NaiveDate, bool)], day: NaiveDate) -> bool {
    let mut numbers = periods.iter().filter(|(_, has_number)| *has_number);
    let Some((first_end, _)) = numbers.next() else {
        return true;
    };
    *first_end <= day && periods.iter().any(|(end, _)| *end > day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_begins_within_the_numbers_of_its_chart() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let periods = [
            (day("2026-01-05"), false),
            (day("2026-01-12"), true),
            (day("2026-01-19"), true),
        ];
        for (from, is_within) in [
            ("2010-01-01", false),
            ("2026-01-05", false),
            ("2026-01-12", true),
            ("2026-01-18", true),
            ("2026-12-22", false),
        ] {
            assert_eq!(lies_within(&periods, day(from)), is_within, "{from}");
        }
        assert!(lies_within(&[], day("2026-01-12")));
    }
}
