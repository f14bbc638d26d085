//! Which people a referral is about, and which sector it came from. Both follow from the referral's id, so that no other
//! dice fall differently.

use super::pen::slug;
use joinedup_events::referral::Sector;
use joinedup_events::{EntityId, Slug};

/// A number below 100 that an id always gives.
fn percent(entity: &EntityId, salt: u32) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    entity.as_str().bytes().fold(2_166_136_261 ^ salt, mix) / 257 % 100
}

/// The population that a referral says its person is one of; one in ten does not say.
pub(super) fn population(entity: &EntityId) -> Option<Slug> {
    match percent(entity, 1) {
        0..72 => Some(slug("older-people")),
        72..83 => Some(slug("mental-health")),
        83..90 => Some(slug("learning-disability")),
        _ => None,
    }
}

/// The sector that a referral came from.
pub(super) fn sector(entity: &EntityId) -> Sector {
    match percent(entity, 2) {
        0..58 => Sector::Health,
        58..82 => Sector::SocialCare,
        82..92 => Sector::Voluntary,
        _ => Sector::Housing,
    }
}
