//! The published bands of discharge delays: transfers generated to a trust's published counts and folded give the
//! bands, bed days and averages that were published.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test reads files, and what fails here fails it"
)]

use chrono::{Days, NaiveDate, NaiveTime};
use joinedup_events::area::Areas;
use joinedup_events::id::{AreaId, EntityId};
use joinedup_events::transfer::{DischargeMethod, Discharged, Ready, TransferFact};
use joinedup_events::{Event, Fact, local};
use joinedup_views::Filter;
use joinedup_views::ask::Basis;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, points};
use joinedup_views::view::View;
use std::collections::BTreeMap;
use std::path::PathBuf;

const AREA: &str = "hv-general";
/// Each band's name in the file and its fewest and most days.
const BANDS: [(&str, i64, i64); 6] = [
    ("1_day_delay", 1, 1),
    ("2_3_day_delay", 2, 3),
    ("4_6_day_delay", 4, 6),
    ("7_13_day_delay", 7, 13),
    ("14_20_day_delay", 14, 20),
    ("21plus_day_delay", 21, i64::MAX),
];

fn published() -> Option<Vec<BTreeMap<String, String>>> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/data/drd_trust_monthly.csv"))
        .find_map(|file| std::fs::read_to_string(file).ok());
    let Some(text) = found else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "shared/data must be there in CI"
        );
        println!("shared/data/drd_trust_monthly.csv is not here: passed over");
        return None;
    };
    let mut lines = text
        .lines()
        .map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    Some(
        lines
            .map(|row| head.iter().cloned().zip(row).collect())
            .collect(),
    )
}

/// A delay for each person, so that bands hold the published people and bed days; none when the row has no bands.
fn delays(row: &BTreeMap<String, String>) -> Option<Vec<i64>> {
    let number = |name: &str| row[name].parse::<f64>().ok().map(|n| n as i64);
    let mut delays = vec![0; usize::try_from(number("no_delay_volume")?).unwrap()];
    for (band, least, most) in BANDS {
        let people = number(&format!("{band}_volume"))?;
        let beds = number(&format!("{band}_beddays"))?;
        for person in 0..people {
            let days = beds / people + i64::from(person < beds % people);
            assert!((least..=most).contains(&days), "{row:?}");
            delays.push(days);
        }
    }
    Some(delays)
}

/// One transfer after another: ready so many days before leaving, some of those without delay never reported as ready.
fn folded(month: NaiveDate, days: u64, delays: &[i64]) -> View {
    let mut events = Vec::new();
    for (person, delay) in delays.iter().enumerate() {
        let out = month + Days::new(person as u64 % days);
        let ready = out - Days::new(delay.unsigned_abs());
        let left = Discharged {
            method: DischargeMethod::Agreed,
            destination: None,
            date_only: true,
        };
        let mut facts = vec![(out, TransferFact::Discharged(left))];
        if *delay > 0 || person % 2 == 0 {
            facts.push((ready, TransferFact::Ready(Ready { date: ready })));
        }
        for (date, fact) in facts {
            let at = local::at(date, NaiveTime::from_hms_opt(12, 0, 0).unwrap());
            let position = events.len() as u64 + 1;
            let event = Event {
                source: "/pas".into(),
                id: position.to_string(),
                occurred_at: at,
                recorded_at: at,
                entity: EntityId::new(&format!("t-{person}")).unwrap(),
                area: AreaId::new(AREA).unwrap(),
                fact: Fact::Transfer(fact),
                actor: None,
            };
            events.push((position, event));
        }
    }
    let mut view = View::new();
    view.fold(events);
    view
}

fn measures() -> Measures {
    let mut text = String::new();
    for (_, least, _) in BANDS {
        text += &format!(
            "[[measure]]\nid = \"from-{least}\"\ntitle = \"At least {least}\"\nquantity = \"transfer.delay_days\"\naggregate = {{ share_at_least = {least} }}\n"
        );
    }
    text += "[[measure]]\nid = \"mean\"\ntitle = \"Mean\"\nquantity = \"transfer.delay_days\"\naggregate = \"mean\"\n";
    text += "[[measure]]\nid = \"nights\"\ntitle = \"Nights\"\nquantity = \"transfer.waiting\"\naggregate = \"level_days\"\n";
    Measures::parse(&text, |_| true).unwrap()
}

#[test]
fn transfers_generated_to_published_counts_give_the_published_bands() {
    let Some(rows) = published() else { return };
    let (areas, own, built_in) = (
        Areas::built_in().unwrap(),
        measures(),
        Measures::built_in(|_| true).unwrap(),
    );
    let mut compared = 0;
    for row in &rows {
        let Some(delays) = delays(row) else { continue };
        let number = |name: &str| row[name].parse::<f64>().unwrap();
        let month: NaiveDate = format!("{}-01", row["month"]).parse().unwrap();
        let view = folded(month, number("days_in_month") as u64, &delays);
        let ask = |measures: &Measures, id: &str, from: NaiveDate| -> Vec<Point> {
            let (area, filter) = (AreaId::new(AREA).unwrap(), Filter::default());
            let query = PointQuery {
                measure: measures.get(id).unwrap(),
                area: &area,
                grain: Grain::Month,
                from: Some(from),
                to: Some(month),
                filter: &filter,
                now: "2026-06-01T12:00:00Z".parse().unwrap(),
                range: None,
            };
            points(&Basis::of_cells(view.cells()), &areas, &query)
        };
        let of_month = |measures: &Measures, id: &str| ask(measures, id, month).remove(0);
        let what = format!("{} in {}", row["org_code"], row["month"]);
        let mut above = None;
        for (band, least, _) in BANDS.iter().rev() {
            let here = of_month(&own, &format!("from-{least}")).numerator.unwrap();
            let people = here - above.unwrap_or(0.0);
            assert_eq!(people, number(&format!("{band}_volume")), "{what}: {band}");
            above = Some(here);
        }
        let mean = of_month(&own, "mean");
        let (people, beds) = (number("patients_discharged_volume"), number("dd_bed_days"));
        assert_eq!(
            (mean.numerator, mean.denominator),
            (Some(beds), Some(people)),
            "{what}"
        );
        let all = number("average_delay_los_inc_0_day_delay");
        assert!(
            (mean.value.unwrap() - all).abs() < 1e-3,
            "{what}: {mean:?}, published {all}"
        );
        let delayed = above.unwrap();
        let late = number("average_delay_los_minus_0_day_delay");
        assert!((beds / delayed - late).abs() < 1e-3, "{what}");
        let share = of_month(&built_in, "tr-delayed-share").value.unwrap();
        assert!(
            (share - (people - number("no_delay_volume")) / people).abs() < 1e-12,
            "{what}"
        );
        // Every night after ready is counted once, in whichever month it falls.
        let nights = ask(&own, "nights", month - Days::new(400));
        let counted: f64 = nights.iter().filter_map(|p| p.value).sum();
        assert_eq!(counted, beds, "{what}");
        compared += 1;
    }
    println!("{compared} trust-months of {} compared", rows.len());
    assert_eq!(compared, 124);
}
