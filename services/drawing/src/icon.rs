//! The icons of NHS Making Data Count, drawn by us: what variation means, and whether the target is met. The letter and
//! the shape distinguish them without colour; the words stand beside them wherever they are shown.

use joinedup_spc::{Assurance, Variation};

/// What a variation means, in a few words.
#[must_use]
pub fn variation_words(variation: Option<Variation>) -> &'static str {
    match variation {
        Some(Variation::ImprovementHigh) => "Getting better: higher, and higher is better",
        Some(Variation::ImprovementLow) => "Getting better: lower, and lower is better",
        Some(Variation::ConcernHigh) => "Getting worse: higher, and lower is better",
        Some(Variation::ConcernLow) => "Getting worse: lower, and higher is better",
        Some(Variation::NeitherHigh) => "Changed: higher, neither better nor worse",
        Some(Variation::NeitherLow) => "Changed: lower, neither better nor worse",
        Some(Variation::Undirected) => "Unusual pattern: not clearly better or worse",
        Some(Variation::CommonCause) => "No clear change: expected variation (common cause)",
        Some(Variation::NotJudged) | None => "Too early to tell: too few points yet",
    }
}

/// One word for a variation.
#[must_use]
pub fn variation_word(variation: Option<Variation>) -> &'static str {
    match variation {
        Some(Variation::ImprovementHigh | Variation::ImprovementLow) => "Getting better",
        Some(Variation::ConcernHigh | Variation::ConcernLow) => "Getting worse",
        Some(Variation::NeitherHigh | Variation::NeitherLow | Variation::Undirected) => "Changed",
        Some(Variation::CommonCause) => "No clear change",
        Some(Variation::NotJudged) | None => "Too early to tell",
    }
}

/// What an assurance means.
#[must_use]
pub fn assurance_words(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Pass => "Likely to meet the target consistently",
        Assurance::Fail => "Unlikely to meet the target without change",
        Assurance::HitOrMiss => "May or may not meet the target",
    }
}

/// The class that colours a variation.
#[must_use]
pub fn variation_class(variation: Option<Variation>) -> &'static str {
    match variation {
        Some(Variation::ImprovementHigh | Variation::ImprovementLow) => "improvement",
        Some(Variation::ConcernHigh | Variation::ConcernLow) => "concern",
        Some(Variation::NeitherHigh | Variation::NeitherLow | Variation::Undirected) => "neutral",
        Some(Variation::CommonCause) => "common",
        Some(Variation::NotJudged) | None => "unjudged",
    }
}

fn ring(class: &str, inside: &str) -> String {
    format!(
        "<svg class=\"icon {class}\" viewBox=\"0 0 44 44\" width=\"44\" height=\"44\" aria-hidden=\"true\"><circle class=\"ring\" cx=\"22\" cy=\"22\" r=\"19.5\"/>{inside}</svg>"
    )
}

/// The variation icon.
#[must_use]
pub fn variation(variation: Option<Variation>) -> String {
    let class = variation_class(variation);
    let rising = "<path class=\"line\" d=\"M11 29L17 31L23 27L29 20L34 14\"/><circle cx=\"29\" cy=\"20\" r=\"2.6\"/><circle cx=\"34\" cy=\"14\" r=\"2.6\"/><text x=\"16\" y=\"21\">H</text>";
    let falling = "<path class=\"line\" d=\"M11 15L17 13L23 17L29 24L34 30\"/><circle cx=\"29\" cy=\"24\" r=\"2.6\"/><circle cx=\"34\" cy=\"30\" r=\"2.6\"/><text x=\"16\" y=\"33\">L</text>";
    let wave = "<path class=\"line\" d=\"M9 24L14 18L19 26L24 18L29 25L35 19\"/>";
    let dots = "<circle cx=\"14\" cy=\"22\" r=\"2\"/><circle cx=\"22\" cy=\"22\" r=\"2\"/><circle cx=\"30\" cy=\"22\" r=\"2\"/>";
    let inside = match variation {
        Some(Variation::ImprovementHigh | Variation::ConcernHigh | Variation::NeitherHigh) => {
            rising
        }
        Some(Variation::ImprovementLow | Variation::ConcernLow | Variation::NeitherLow) => falling,
        Some(Variation::CommonCause | Variation::Undirected) => wave,
        Some(Variation::NotJudged) | None => dots,
    };
    ring(class, inside)
}

/// The assurance icon.
#[must_use]
pub fn assurance(assurance: Assurance) -> String {
    let (class, letter) = match assurance {
        Assurance::Pass => ("improvement", "P"),
        Assurance::Fail => ("concern", "F"),
        Assurance::HitOrMiss => ("common", "?"),
    };
    ring(
        class,
        &format!(
            "<path class=\"dash\" d=\"M8 30H36\"/><text x=\"22\" y=\"25\" class=\"letter\">{letter}</text>"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn improvement_and_concern_differ_in_more_than_colour_where_the_side_differs_and_always_in_words()
     {
        let better = Some(Variation::ImprovementHigh);
        let worse = Some(Variation::ConcernHigh);
        assert_ne!(variation_words(better), variation_words(worse));
        assert_ne!(variation_class(better), variation_class(worse));
        assert!(
            variation(better).contains(">H<")
                && variation(Some(Variation::ConcernLow)).contains(">L<")
        );
    }
}
