//! The id of an imported observation: a digest of all that it says, so that saying it again is the same event.

use chrono::{DateTime, Utc};
pub(crate) use joinedup_application::restated::letters;
use joinedup_events::observation::Observed;
use joinedup_events::{AreaId, Slug};
use sha2::{Digest, Sha256};

/// The id. Its first bytes are the mapping's name, so that people can tell events apart in a trace.
///
/// Of the time that the event gives only the instant is in it, not when it was recorded. `edition` tells two reports of
/// the same amount apart, for an amount that was restated and then restated back.
#[must_use]
pub fn id(
    mapping: &Slug,
    area: &AreaId,
    observed: &Observed,
    occurred_at: DateTime<Utc>,
    edition: Option<&str>,
) -> String {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    part(mapping.as_str().as_bytes());
    part(area.as_str().as_bytes());
    // Series, length, first day and breakdown.
    part(observed.entity().as_bytes());
    part(
        &observed
            .value
            .map_or_else(Vec::new, |v| v.micro().to_be_bytes().to_vec()),
    );
    part(
        &observed
            .denominator
            .map_or_else(Vec::new, |d| d.micro().to_be_bytes().to_vec()),
    );
    part(&occurred_at.timestamp_millis().to_be_bytes());
    part(edition.unwrap_or_default().as_bytes());
    // Only where there is one: ids from before there were marks stay what they were.
    if let Some(mark) = observed.mark {
        part(mark.code().as_bytes());
    }
    format!("{mapping}-{}", letters(&digest.finalize()[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use joinedup_events::Amount;
    use joinedup_events::observation::{Grain, Mark};

    #[test]
    fn whatever_is_said_differently_is_another_event() {
        let slug = |text: &str| Slug::new(text).unwrap();
        let at: DateTime<Utc> = "2026-06-01T00:00:00Z".parse().unwrap();
        let observed = Observed {
            series: slug("falls"),
            period_start: NaiveDate::from_ymd_opt(2026, 5, 1).unwrap(),
            grain: Grain::Month,
            value: Some(Amount::from_micro(4_000_000)),
            denominator: None,
            breakdown: [(slug("ward"), slug("a"))].into(),
            mark: None,
        };
        let area = AreaId::new("RAJ").unwrap();
        let first = id(&slug("m"), &area, &observed, at, None);
        assert_eq!(first, id(&slug("m"), &area, &observed.clone(), at, None));
        let others = [
            id(&slug("n"), &area, &observed, at, None),
            id(
                &slug("m"),
                &AreaId::new("RDE").unwrap(),
                &observed,
                at,
                None,
            ),
            id(
                &slug("m"),
                &area,
                &Observed {
                    value: Some(Amount::from_micro(5_000_000)),
                    ..observed.clone()
                },
                at,
                None,
            ),
            id(
                &slug("m"),
                &area,
                &Observed {
                    denominator: Some(Amount::from_micro(0)),
                    ..observed.clone()
                },
                at,
                None,
            ),
            id(
                &slug("m"),
                &area,
                &Observed {
                    breakdown: [].into(),
                    ..observed.clone()
                },
                at,
                None,
            ),
            id(
                &slug("m"),
                &area,
                &Observed {
                    grain: Grain::Day,
                    ..observed.clone()
                },
                at,
                None,
            ),
            id(
                &slug("m"),
                &area,
                &observed,
                at + chrono::TimeDelta::days(1),
                None,
            ),
            id(&slug("m"), &area, &observed, at, Some("second")),
            id(
                &slug("m"),
                &area,
                &Observed {
                    mark: Some(Mark::Provisional),
                    ..observed.clone()
                },
                at,
                None,
            ),
        ];
        for other in others {
            assert_ne!(first, other);
        }
    }
}
