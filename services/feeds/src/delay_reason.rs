//! The 37 reasons of today's discharge return, found by their words.
//!
//! The labels are published with non-breaking spaces, two kinds of dash and stray question marks, which change from
//! edition to edition. So a label is brought down to its letters and digits before it is looked up, and what its part
//! in brackets says of the pathway is left out: the rest tells all reasons apart.

use joinedup_events::reason::Reason;

/// The words of every reason, already brought down: family and reason, without the pathway.
const WORDS: [(&str, Reason); 37] = [
    (
        "hospital process awaiting therapy review of need for supported discharge",
        Reason::Hp1,
    ),
    (
        "hospital process awaiting medical review of need for supported discharge",
        Reason::Hp2,
    ),
    (
        "hospital process awaiting referral to care transfer hub for supported discharge",
        Reason::Hp3,
    ),
    (
        "hospital process awaiting patient transport services",
        Reason::Hp4,
    ),
    (
        "hospital process awaiting medicines to take home discharge letter or other discharge documentation",
        Reason::Hp5,
    ),
    (
        "hospital process remaining in hospital due to infection prevention and control restrictions",
        Reason::Hp6,
    ),
    (
        "hospital process awaiting formal decision to discharge",
        Reason::Hp7,
    ),
    (
        "wellbeing concerns patient family carer concerns over discharge readiness",
        Reason::Wc1,
    ),
    (
        "wellbeing concerns ongoing safeguarding concern",
        Reason::Wc2,
    ),
    (
        "wellbeing concerns awaiting determination of mental capacity",
        Reason::Wc3,
    ),
    (
        "wellbeing concerns issues with discharge destination readiness",
        Reason::Wc4,
    ),
    (
        "care transfer hub process waiting for confirmation of immediate care needs and pathway",
        Reason::Cth1,
    ),
    (
        "care transfer hub process awaiting necessary referrals by care transfer hub",
        Reason::Cth2,
    ),
    (
        "care transfer hub process awaiting confirmation of funding eligibility",
        Reason::Cth3,
    ),
    (
        "interface process home based rehabilitation reablement or recovery service arrangements still underway",
        Reason::Ip1,
    ),
    (
        "interface process other home based social care service arrangements still underway",
        Reason::Ip2,
    ),
    (
        "interface process other home based community health service arrangements still underway",
        Reason::Ip3,
    ),
    (
        "interface process housing provision arrangement for homelessness still underway",
        Reason::Ip4,
    ),
    (
        "interface process bed based rehabilitation reablement or recovery service arrangements still underway",
        Reason::Ip5,
    ),
    (
        "interface process residential nursing home care arrangements still underway",
        Reason::Ip6,
    ),
    (
        "interface process end of life care inc fast track chc arrangement still underway",
        Reason::Ip7,
    ),
    (
        "interface process further action requested by agreed provider",
        Reason::Ip8,
    ),
    (
        "interface process homeless with no recourse to public funds",
        Reason::Ip9,
    ),
    (
        "interface process self funded care package arrangements still underway",
        Reason::Ip10,
    ),
    (
        "interface process patient family carer choice discussions on package still underway",
        Reason::Ip11,
    ),
    (
        "interface process out of area discharge arrangements requested but not completed",
        Reason::Ip12,
    ),
    (
        "capacity home based rehabilitation reablement or recovery services not yet available",
        Reason::Cap1,
    ),
    (
        "capacity other home based social care service not yet available",
        Reason::Cap2,
    ),
    (
        "capacity other home based community health services not yet available",
        Reason::Cap3,
    ),
    ("capacity housing provision not yet available", Reason::Cap4),
    (
        "capacity bed based rehabilitation reablement or recovery services not yet available",
        Reason::Cap5,
    ),
    (
        "capacity mental health admitted patient care not yet available",
        Reason::Cap6,
    ),
    (
        "capacity residential nursing home care not yet available",
        Reason::Cap7,
    ),
    (
        "capacity end of life care inc fast track chc not yet available",
        Reason::Cap8,
    ),
    (
        "capacity housing adaptations not yet completed",
        Reason::Cap9,
    ),
    (
        "capacity equipment and associated training not yet delivered",
        Reason::Cap10,
    ),
    (
        "capacity awaiting restart of existing social care arrangements",
        Reason::Cap11,
    ),
];

/// The reason that a label means.
#[must_use]
pub fn of_label(label: &str) -> Option<Reason> {
    let words = words(label);
    WORDS
        .iter()
        .find(|(known, _)| *known == words)
        .map(|(_, reason)| *reason)
}

/// Small letters and digits, one space between words, nothing in brackets.
pub(crate) fn words(label: &str) -> String {
    let mut out = String::with_capacity(label.len());
    let mut depth = 0_u32;
    for c in label.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            _ => out.push(' '),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_of_today_has_words_and_no_two_share_them() {
        let reasons: BTreeSet<Reason> = WORDS.iter().map(|(_, r)| *r).collect();
        let today: BTreeSet<Reason> = Reason::ALL
            .iter()
            .copied()
            .filter(|r| r.dtoc_code().is_none())
            .collect();
        assert_eq!(reasons, today);
        let said: BTreeSet<&str> = WORDS.iter().map(|(w, _)| *w).collect();
        assert_eq!(said.len(), WORDS.len());
        for (known, _) in WORDS {
            assert_eq!(words(known), known);
        }
    }

    #[test]
    fn dashes_spaces_and_stray_marks_do_not_matter() {
        assert_eq!(
            of_label("Interface\u{a0}process \u{2013} Homeless with no recourse to public funds?"),
            Some(Reason::Ip9)
        );
        assert_eq!(
            of_label("capacity - housing provision not yet available (Pathway 0 or 1)"),
            Some(Reason::Cap4)
        );
        assert_eq!(
            of_label(
                "Care transfer hub process\u{2013} Awaiting necessary referrals by care transfer hub"
            ),
            Some(Reason::Cth2)
        );
        assert_eq!(of_label("Something else"), None);
    }
}
