//! What a list says of its source: a list without changes is a report, and the time before the first list is not whole.

use super::*;
use joinedup_events::Fact;
use joinedup_events::change::ChangeFact;

/// What the source said of itself: up to when, and from which day on.
async fn said(feed: &Feed) -> Vec<(DateTime<Utc>, Option<String>)> {
    let events = feed.events().await;
    let said = events.iter().filter_map(|event| match &event.fact {
        Fact::Change(ChangeFact::SourceReported(report)) => {
            let begins = report.begins.map(|date| date.to_string());
            Some((event.occurred_at, begins))
        }
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn a_list_without_changes_is_a_report_of_its_own_time() {
    let mut feed = Feed::of("spells");
    let list = csv(&[ONE]);
    let days = [
        "2026-09-10T06:00:00Z",
        "2026-09-11T06:00:00Z",
        "2026-09-11T06:00:00Z",
    ];
    for day in days {
        feed.import(&list, day).await;
    }
    let begins = Some("2026-09-07".to_owned());
    let expected = [(at(days[0]), begins.clone()), (at(days[1]), begins.clone())];
    assert_eq!(said(&feed).await, expected);
    // A feed that lost its store goes on as it began, and knows when its last list was made.
    feed.before = recover::from_log(&*feed.log, &feed.mapping, &feed.ring)
        .await
        .unwrap();
    let (plan, _) = feed.read(&list, "2026-09-10T05:00:00Z");
    assert_eq!(plan.doubt, Some(Doubt::Older));
    feed.import(&list, "2026-09-12T06:00:00Z").await;
    assert_eq!(said(&feed).await.last().unwrap().1, begins);
}

#[tokio::test]
async fn a_first_list_is_whole_from_the_earliest_discharge_that_no_gap_divides_from_it() {
    let left = |id: &str, came: &str, left: &str| {
        format!("{id},NHSNO,AMU,RAJ56,{came} 10:00,,,P1,,{left} 15:00,19")
    };
    let still_in = "S,NHSNO,AMU,RAJ56,01/07/2026 10:00,,,P1,,,".to_owned();
    let lately = left("A", "20/08/2026", "30/08/2026");
    let before = left("B", "01/08/2026", "20/08/2026");
    let mistyped = left("C", "01/01/2026", "03/01/2026");
    let cases = [
        (vec![&still_in], "2026-09-05"),
        (vec![&still_in, &lately], "2026-08-30"),
        (vec![&still_in, &lately, &before], "2026-08-20"),
        (vec![&still_in, &lately, &mistyped], "2026-08-30"),
    ];
    for (rows, begins) in cases {
        let mut feed = Feed::of("spells");
        let rows: Vec<&str> = rows.into_iter().map(String::as_str).collect();
        feed.import(&csv(&rows), "2026-09-05T06:00:00Z").await;
        let said = said(&feed).await;
        assert_eq!(said[0].1.as_deref(), Some(begins), "{rows:?}");
    }
    let begun = |change: fn(&mut ListMapping)| async move {
        let mut feed = Feed::of("spells");
        change(&mut feed.mapping);
        feed.import(&csv(&[ONE]), "2026-09-10T06:00:00Z").await;
        said(&feed).await[0].1.clone()
    };
    let of_window = begun(|mapping| mapping.snapshot.window_days = Some(28)).await;
    assert_eq!(of_window.as_deref(), Some("2026-08-14"));
    let as_set = begun(|mapping| mapping.snapshot.begins = "2026-04-01".parse().ok()).await;
    assert_eq!(as_set.as_deref(), Some("2026-04-01"));
    assert_eq!(begun(|mapping| mapping.incremental = true).await, None);
}

#[tokio::test]
async fn a_list_that_is_in_doubt_is_no_report() {
    let mut feed = Feed::of("spells");
    let rows = ["D1", "D2", "D3", "D4", "D5"].map(|id| ONE.replacen("D1", id, 1));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    feed.import(&csv(&rows), "2026-09-10T06:00:00Z").await;
    let (plan, _) = feed.read(&csv(&rows[..1]), "2026-09-11T06:00:00Z");
    assert!(plan.doubt.is_some(), "most are gone: nothing is published");
    assert_eq!(said(&feed).await.len(), 1);
}
