//! Free text: short, plain, about areas and changes.

use super::{identifier, personal, plain};

mod address;
mod birth;

pub(super) use birth::has_old_date;

/// Most characters of a free text.
pub const MAX_FREE_TEXT: usize = 500;

/// The fields that hold free text wherever they stand; some reasons are codes.
pub(crate) const FREE_TEXT: [&str; 6] = ["note", "aim", "title", "learnt", "prediction", "led_by"];

/// Every rule that a free text breaks.
pub(super) fn rules(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut refuse = |breaks: bool, rule: &str| {
        if breaks {
            broken.push(rule.to_owned());
        }
    };
    refuse(text.trim().is_empty(), "must not be empty");
    refuse(
        text.chars().count() > MAX_FREE_TEXT,
        &format!("must have at most {MAX_FREE_TEXT} characters"),
    );
    refuse(
        text.chars().any(is_invisible),
        "must not have control characters, or characters that turn or hide text",
    );
    refuse(
        text.trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']),
        "must not start with =, +, - or @, which a spreadsheet would run as a formula",
    );
    let text = &plain::letters(text);
    refuse(has_postcode(text), "has a postcode; leave it out");
    refuse(
        has_title(text),
        "has a person's title and name; leave them out",
    );
    refuse(
        address::is_in(text),
        "has what reads as an address; leave it out",
    );
    refuse(
        birth::is_in(text),
        "has what reads as a date of birth; leave it out",
    );
    let chars: Vec<char> = text.chars().collect();
    refuse(
        identifier::has_national_insurance(&chars),
        "has a National Insurance number; leave it out",
    );
    refuse(
        has_long_number(text),
        "has a number of nine or more digits; leave out telephone and record numbers",
    );
    broken
}

/// Control characters, marks that change the direction of text, and characters without a width.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Words of letters and digits, each with whether only blanks stand between it and the one before.
fn words(text: &str) -> Vec<(bool, &str)> {
    let mut words = Vec::new();
    let mut last_end = 0;
    let mut start = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (at, c) in ends {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let between = text.get(last_end..from).unwrap_or_default();
                words.push((
                    between.chars().all(|c| c.is_whitespace() || c == '-'),
                    text.get(from..at).unwrap_or_default(),
                ));
                last_end = at;
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The letters that postcodes start with.
const POSTCODE_AREAS: &str = " AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG \
    DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL \
    LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST \
    SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE ";

/// A whole postcode, with or without its space. A district alone (`CM1`) is a place, not an address.
pub(super) fn has_postcode(text: &str) -> bool {
    let words = words(text);
    let whole = words.iter().any(|(_, word)| {
        word.len() >= 5
            && word
                .split_at_checked(word.len() - 3)
                .is_some_and(|(out, inward)| is_outward(out) && is_inward(inward))
    });
    whole
        || words
            .windows(2)
            .any(|pair| pair[1].0 && is_outward(pair[0].1) && is_inward(pair[1].1))
}

fn is_outward(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let Some((area, district)) = word.split_at_checked(letters) else {
        return false;
    };
    let district = district.as_bytes();
    let area = format!(" {} ", area.to_ascii_uppercase());
    (1..=2).contains(&letters)
        && POSTCODE_AREAS.contains(&area)
        && (1..=2).contains(&district.len())
        && district[0].is_ascii_digit()
        && district[district.len() - 1].is_ascii_alphanumeric()
}

fn is_inward(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 3
        && bytes[0].is_ascii_digit()
        && bytes[1..]
            .iter()
            .all(|b| b.is_ascii_alphabetic() && !b"CIKMOV".contains(&b.to_ascii_uppercase()))
        // `week w1 2nd of May`
        && !["st", "nd", "rd", "th"].contains(&&word[1..])
}

/// A title with a name behind it. Small letters count only where the title has no other meaning.
fn has_title(text: &str) -> bool {
    const ALWAYS: [&str; 5] = ["mr", "mrs", "mx", "mister", "missus"];
    // A product and a service for patients.
    const NO_NAMES: [&str; 2] = ["Teams", "Doctor"];
    const JOINED: [&str; 6] = ["Mrs", "Mr", "Miss", "Ms", "Mx", "Dr"];
    const BEFORE_A_CAPITAL: [&str; 10] = [
        "ms",
        "miss",
        "dr",
        "prof",
        "professor",
        "sir",
        "dame",
        "rev",
        "lady",
        "lord",
    ];
    let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
    let shouted = |word: &str| word.len() > 1 && !word.chars().any(char::is_lowercase);
    let words = words(text);
    let joined = |word: &str| {
        let name = JOINED.iter().find_map(|title| word.strip_prefix(title));
        name.is_some_and(|name| {
            let small = name.chars().skip(1);
            capital(name)
                && name.chars().count() > 1
                && small.clone().all(char::is_lowercase)
                && !NO_NAMES.contains(&name)
        })
    };
    if words.iter().any(|(_, word)| joined(word)) {
        return true;
    }
    words.windows(2).any(|pair| {
        let (title, name) = (pair[0].1, pair[1].1);
        let lower = title.to_lowercase();
        let named = name.chars().next().is_some_and(char::is_alphabetic);
        (ALWAYS.contains(&lower.as_str()) && named)
            || (BEFORE_A_CAPITAL.contains(&lower.as_str())
                && capital(title)
                && capital(name)
                // `MS Teams` is a product, `MS SMITH` a person.
                && (!shouted(title) || shouted(name)))
    })
}

/// Nine or more digits in a row, with single blanks, hyphens of any kind, dots, slashes or brackets between, or a colon
/// that is not of a time of day. Dates and lists of years are let be.
fn has_long_number(text: &str) -> bool {
    let mut groups: Vec<String> = Vec::new();
    let mut gap = usize::MAX;
    let mut found = false;
    for c in text.chars().chain(['#']) {
        let is_time = groups.last().is_some_and(|group| group.chars().count() < 3);
        if personal::digit(c).is_some() {
            match groups.last_mut() {
                Some(group) if gap == 0 => group.push(c),
                _ => groups.push(c.to_string()),
            }
            gap = 0;
        } else if gap < 2
            && (matches!(
                c,
                ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2010}'..='\u{2015}'
            ) || (c == ':' && !is_time))
        {
            gap += 1;
        } else {
            found |= is_long(&groups);
            groups.clear();
            gap = usize::MAX;
        }
    }
    found || is_long(&groups)
}

fn is_long(groups: &[String]) -> bool {
    let shape: Vec<usize> = groups.iter().map(|group| group.chars().count()).collect();
    let dates = |size: usize, date: &[usize]| shape.chunks(size).all(|chunk| chunk == date);
    shape.iter().sum::<usize>() >= 9
        && !dates(1, &[4])
        && !dates(3, &[4, 2, 2])
        && !dates(3, &[2, 2, 4])
}

/// The free text fields of a fact, by name.
pub(super) fn fields(fact: &crate::event::Fact) -> Vec<(&'static str, &str)> {
    use crate::assessment::AssessmentFact as A;
    use crate::change::ChangeFact as C;
    use crate::event::Fact;
    match fact {
        Fact::Assessment(A::Proposed(f)) => f.note.iter().map(|t| ("note", t.as_str())).collect(),
        Fact::Assessment(A::Moderated(f)) => f.note.iter().map(|t| ("note", t.as_str())).collect(),
        Fact::Assessment(A::Noted(f)) => vec![("note", &f.note)],
        Fact::Assessment(A::Ticked(f)) => f.note.iter().map(|t| ("note", t.as_str())).collect(),
        Fact::Assessment(A::Found(f)) => f.note.iter().map(|t| ("note", t.as_str())).collect(),
        Fact::Change(C::Planned(f)) => std::iter::once(("title", f.title.as_str()))
            .chain(f.aim.iter().map(|t| ("aim", t.as_str())))
            .chain(f.prediction.iter().map(|t| ("prediction", t.as_str())))
            .chain(f.led_by.iter().map(|t| ("led_by", t.as_str())))
            .collect(),
        Fact::Change(C::Studied(f)) => vec![("learnt", &f.learnt)],
        Fact::Change(C::Finished(f)) => f.learnt.iter().map(|t| ("learnt", t.as_str())).collect(),
        Fact::Change(C::TargetSet(f)) => vec![("reason", &f.reason)],
        Fact::Change(C::RebaseProposed(f) | C::RebaseAccepted(f) | C::RebaseDeclined(f)) => {
            vec![("reason", &f.reason)]
        }
        Fact::Change(C::PlanItemSet(f)) => vec![("aim", &f.aim), ("owner", &f.owner)],
        Fact::Change(C::PlanProgressSet(f)) => {
            f.reason.iter().map(|t| ("reason", t.as_str())).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a text breaks no rule of free text, and has no NHS number or e-mail address.
#[cfg(test)]
fn is_plain(text: &str) -> bool {
    rules(text).is_empty()
        && !personal::mentions_nhs_number(text)
        && !personal::mentions_email(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_teams_write_about_areas_is_let_through() {
        for text in [
            "Neighbourhood teams meet every fortnight in all nine localities.",
            "Capacity in E1 and CM1 districts fell in Q1 2nd half; 12,500,000 pounds from 2026-04-01 to 2027-03-31.",
            "Since 1 April 2015 the Care Act applies; see the 2019/20 return.",
            "We miss the target of 70% in week w1 2nd of May",
            "Dr and nurse rota agreed, MS Teams used; Lord lieutenant visit",
            "Rated 3 in 2024 2025 2026",
            "Open 08:00–20:00 7/7; 2019–20",
            "Réablement — 80 % d'ici 2027",
            "Born of a pilot with 3 practices",
            "12 beds on High Dependency, Street triage from 8 to 8",
            "Babies born at home rose by 12 in 2024",
            "2 of 5 in May 2024; 3 maybe in 2019",
            "Ward 7 Rose Court opened; 12 High Intensity users",
            "5 Teams in place; 3 St John volunteers",
            "DrDoctor letters, MsTeams calls",
            "from 412 to 430 in 2026",
            "12 ² of 3½, 10℃, № 5 @ 3.50 each",
            "Grew from 43% to 51%20 in a year",
            "Level 3 Home First and Pathway 1 Discharge to Assess",
        ] {
            assert!(is_plain(text), "{text}: {:?}", rules(text));
        }
    }

    #[test]
    fn what_points_to_a_person_is_not() {
        for text in [
            "Visit to Mrs Smith went well",
            "spoke with mr patel",
            "Agreed by Dr. Okafor",
            "Ms O'Neill waits",
            "DR SMITH",
            "Lives at CM1 1AA",
            "cm11aa",
            "EC1A 1BB",
            "born 01/02/1938? dob 01/02/38",
            "1938-02-01",
            "3rd March 1941",
            "Date of birth: 1 May 2001",
            "ring 01245 430430",
            "tel (01245) 430-430",
            "record 123456789",
            "tel 01245–430–430",
            "tel 01245\u{2011}430\u{2011}430",
            "tel 01245:430430",
            "tel ０１２４５ ４３０４３０",
            "AB123456C",
            "AB 12 34 56 C",
            "943 476 5919",
            "a.b@example.org",
            "ann.smith @ example.org",
            "ann.smith﹫example.org",
            "born 2nd of May 1934",
            "2nd of May 1934",
            "2.V.1934",
            "born May 1934",
            "born 1934",
            "12 High Street, Chelmsford",
            "Flat 3, 45 Church Road",
            "lives at 12 high street",
            "1 St Peter's Ave",
            "𝟗𝟒𝟑 𝟒𝟕𝟔 𝟓𝟗𝟏𝟗",
            "⑨④③ ④⑦⑥ ⑤⑨①⑨",
            "⁹⁴³⁴⁷⁶⁵⁹¹⁹",
            "ＣＭ１ １ＡＡ",
            "Mｒｓ Smith",
            "MrsSmith",
            "Mister Smith",
            "943 and 476 and 5919",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn a_text_cannot_hide_turn_or_calculate() {
        for text in [
            "",
            "  ",
            "=1+1",
            " @sum",
            "-2",
            "＋3",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\nb",
            "a\0b",
        ] {
            assert!(!rules(text).is_empty(), "{text:?}");
        }
        assert!(rules(&"é".repeat(MAX_FREE_TEXT)).is_empty());
        assert!(!rules(&"é".repeat(MAX_FREE_TEXT + 1)).is_empty());
    }
}
