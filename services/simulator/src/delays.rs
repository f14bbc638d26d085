//! How long people wait to leave hospital, why, and who is responsible.

use super::changes::Plan;
use chrono::{Datelike, NaiveDate};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::Pathway;

/// Days within which everybody leaves: the most nights until somebody is ready, and the longest delay of 90.
pub(super) const MAX_STAY_DAYS: u64 = 150;
/// The published delay bands: first and last day of each, and its share of the people delayed.
const BANDS: [((i64, i64), f64); 6] = [
    ((1, 1), 0.287),
    ((2, 3), 0.231),
    ((4, 6), 0.177),
    ((7, 13), 0.174),
    ((14, 20), 0.062),
    ((21, 0), 0.069),
];
/// The bands of the locality where most people wait, before its change.
const SLOW_BANDS: [((i64, i64), f64); 6] = [
    ((1, 1), 0.08),
    ((2, 3), 0.15),
    ((4, 6), 0.42),
    ((7, 13), 0.25),
    ((14, 20), 0.06),
    ((21, 0), 0.04),
];
/// And after it.
const EASED_BANDS: [((i64, i64), f64); 6] = [
    ((1, 1), 0.52),
    ((2, 3), 0.24),
    ((4, 6), 0.12),
    ((7, 13), 0.08),
    ((14, 20), 0.025),
    ((21, 0), 0.015),
];

/// How many of those who leave had waited, and how long.
pub(super) struct Waits {
    pub(super) delayed: f64,
    pub(super) bands: &'static [((i64, i64), f64); 6],
}

pub(super) fn waits(locality: usize, plan: &Plan, day: NaiveDate) -> Waits {
    if locality == plan.assessor.locality {
        return if day < plan.assessor.from {
            Waits {
                delayed: 0.72,
                bands: &SLOW_BANDS,
            }
        } else {
            Waits {
                delayed: 0.56,
                bands: &EASED_BANDS,
            }
        };
    }
    // Winter adds a little, as it does in the published months.
    let winter = if matches!(day.month(), 12 | 1 | 2) {
        0.012
    } else {
        0.0
    };
    let usual = [0.135, 0.148, 0.139, 0.155][locality % 4];
    Waits {
        delayed: usual + winter,
        bands: &BANDS,
    }
}

/// Today's reasons by pathway, weighted by the counts Essex trusts returned in 2024-25.
pub(super) fn reasons(pathway: Pathway) -> &'static [(Reason, f64)] {
    use Reason::{
        Cap1, Cap2, Cap3, Cap4, Cap5, Cap6, Cap7, Cap8, Cap9, Cap10, Cap11, Cth1, Cth2, Cth3, Hp1,
        Hp2, Hp3, Hp4, Hp5, Hp6, Hp7, Ip1, Ip2, Ip3, Ip4, Ip5, Ip6, Ip7, Ip8, Ip9, Ip10, Ip11,
        Ip12, Wc1, Wc2, Wc3, Wc4,
    };
    match pathway {
        Pathway::P0 => &[
            (Hp5, 3.0),
            (Hp4, 2.4),
            (Hp7, 2.6),
            (Hp2, 1.9),
            (Hp6, 0.6),
            (Wc1, 1.0),
            (Wc4, 0.8),
            (Wc2, 0.5),
            (Ip4, 0.3),
            (Cap4, 0.5),
            (Ip9, 0.4),
            (Cap11, 0.5),
            (Ip12, 0.4),
        ],
        Pathway::P1 => &[
            (Cap1, 9.1),
            (Cth1, 6.5),
            (Hp1, 6.0),
            (Hp3, 3.0),
            (Ip1, 3.1),
            (Cap10, 2.6),
            (Cap2, 2.4),
            (Cth2, 1.9),
            (Ip2, 1.9),
            (Ip3, 0.9),
            (Cap3, 0.9),
            (Cap9, 0.7),
            (Ip7, 0.6),
            (Cap8, 0.9),
            (Ip10, 0.5),
            (Ip11, 0.5),
            (Wc4, 0.4),
            (Wc3, 0.4),
            (Ip12, 0.5),
            (Ip8, 0.2),
            (Cap4, 0.3),
        ],
        Pathway::P2 => &[
            (Cap5, 14.0),
            (Ip5, 2.6),
            (Cth1, 2.5),
            (Hp1, 2.0),
            (Cap6, 1.8),
            (Hp3, 0.8),
            (Cth2, 0.5),
        ],
        Pathway::P3 => &[
            (Cap7, 13.9),
            (Ip6, 3.7),
            (Cap8, 3.0),
            (Ip7, 1.3),
            (Cth3, 1.5),
            (Wc3, 1.0),
            (Ip11, 0.7),
            (Ip10, 0.6),
            (Wc2, 0.5),
            (Ip8, 0.2),
        ],
    }
}

/// Who is taken to be responsible; the return itself does not say.
pub(super) fn responsible(reason: Reason) -> &'static [(Responsible, f64)] {
    use Responsible::{Both, Nhs, SocialCare, Unattributed};
    match reason.code().as_bytes() {
        [b'H', ..] | b"CAP3" | b"CAP6" | b"CAP8" | b"IP3" | b"IP7" => {
            &[(Nhs, 0.95), (Unattributed, 0.05)]
        }
        b"CAP2" | b"CAP7" | b"CAP11" | b"IP2" | b"IP6" => &[(SocialCare, 0.9), (Both, 0.1)],
        b"CAP1" | b"IP1" | b"CAP10" | b"CAP9" => &[(SocialCare, 0.5), (Nhs, 0.25), (Both, 0.25)],
        b"CAP5" | b"IP5" => &[(Nhs, 0.7), (Both, 0.3)],
        [b'C', b'T', ..] => &[(Both, 0.6), (Nhs, 0.25), (SocialCare, 0.15)],
        _ => &[
            (Unattributed, 0.4),
            (Both, 0.3),
            (Nhs, 0.15),
            (SocialCare, 0.15),
        ],
    }
}
