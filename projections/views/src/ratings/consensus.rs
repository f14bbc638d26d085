//! Whether several raters agree.
//!
//! The rule comes from a study with twelve raters: fewer than four ratings outside a three-point band that holds the
//! median is agreement. For another number of raters it is read as a share: outside ÷ raters < 4 ÷ 12, compared in
//! whole numbers. Of the bands that hold the median, the one that leaves the fewest outside is taken.

use crate::catalogue::Framework;
use serde::Serialize;

/// What several raters say together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Consensus {
    /// How many raters gave a level.
    pub raters: u32,
    /// The median: the mean of the two in the middle for an even number.
    pub median: f64,
    /// The band's lowest level.
    pub band_from: u8,
    /// The band's highest level.
    pub band_to: u8,
    /// How many ratings are outside the band.
    pub outside: u32,
    /// Whether they agree.
    pub agreed: bool,
    /// What the median is called where they agree, `uncertain` where they do not.
    pub result: String,
}

/// Reads what raters say by a framework's rule; none when the framework has no rule or scale, or nobody rated.
///
/// A median between two levels is called what the level below it is called.
#[must_use]
pub fn consensus(framework: &Framework, levels: &[u8]) -> Option<Consensus> {
    let (rule, scale) = (framework.consensus.as_ref()?, framework.scale.as_ref()?);
    let mut levels: Vec<u8> = levels.iter().copied().filter(|l| scale.holds(*l)).collect();
    levels.sort_unstable();
    let n = levels.len();
    let (low, high) = (*levels.get(n.checked_sub(1)? / 2)?, *levels.get(n / 2)?);
    let width = rule.band.checked_sub(1)?;
    let (outside, band_from) = (scale.lowest..=scale.highest.checked_sub(width)?)
        // The band holds the median when that lies between its ends; the median may be a half.
        .filter(|from| {
            let doubled = u16::from(low) + u16::from(high);
            u16::from(*from) * 2 <= doubled && doubled <= u16::from(from + width) * 2
        })
        .map(|from| {
            let band = from..=from + width;
            (levels.iter().filter(|l| !band.contains(l)).count(), from)
        })
        .min()?;
    let (raters, outside) = (u32::try_from(n).ok()?, u32::try_from(outside).ok()?);
    let agreed = u64::from(outside) * u64::from(rule.of_raters)
        < u64::from(rule.outside_less_than) * u64::from(raters);
    let named = rule
        .result
        .iter()
        .find(|r| (r.from..=r.to).contains(&low))
        .map_or("agreed", |r| r.title.as_str());
    Some(Consensus {
        raters,
        median: f64::midpoint(f64::from(low), f64::from(high)),
        band_from,
        band_to: band_from + width,
        outside,
        agreed,
        result: if agreed { named } else { "uncertain" }.to_owned(),
    })
}
