//! The mappings that come with the product.

use super::{Mapping, MappingError};

/// Name and text of each.
const BUILT_IN: [(&str, &str); 23] = [
    (
        "client-level",
        include_str!("../../../mappings/client-level.toml"),
    ),
    ("dtoc", include_str!("../../../mappings/dtoc.toml")),
    (
        "dtoc-attribution",
        include_str!("../../../mappings/dtoc-attribution.toml"),
    ),
    (
        "sitrep-trust",
        include_str!("../../../mappings/sitrep-trust.toml"),
    ),
    (
        "sitrep-icb",
        include_str!("../../../mappings/sitrep-icb.toml"),
    ),
    (
        "delay-reasons",
        include_str!("../../../mappings/delay-reasons.toml"),
    ),
    ("ae", include_str!("../../../mappings/ae.toml")),
    ("beds", include_str!("../../../mappings/beds.toml")),
    ("mar", include_str!("../../../mappings/mar.toml")),
    (
        "drd-trust",
        include_str!("../../../mappings/drd-trust.toml"),
    ),
    (
        "drd-england",
        include_str!("../../../mappings/drd-england.toml"),
    ),
    ("nhs-ae", include_str!("../../../mappings/nhs-ae.toml")),
    (
        "nhs-drd-councils",
        include_str!("../../../mappings/nhs-drd-councils.toml"),
    ),
    (
        "nhs-sitrep-long",
        include_str!("../../../mappings/nhs-sitrep-long.toml"),
    ),
    (
        "nhs-sitrep-table-2",
        include_str!("../../../mappings/nhs-sitrep-table-2.toml"),
    ),
    (
        "nhs-sitrep-table-2-split",
        include_str!("../../../mappings/nhs-sitrep-table-2-split.toml"),
    ),
    (
        "nhs-virtual-wards",
        include_str!("../../../mappings/nhs-virtual-wards.toml"),
    ),
    (
        "phs-delayed-discharges",
        include_str!("../../../mappings/phs-delayed-discharges.toml"),
    ),
    (
        "phs-delayed-discharges-council",
        include_str!("../../../mappings/phs-delayed-discharges-council.toml"),
    ),
    (
        "wales-delay-reasons",
        include_str!("../../../mappings/wales-delay-reasons.toml"),
    ),
    (
        "hse-delayed-transfers",
        include_str!("../../../mappings/hse-delayed-transfers.toml"),
    ),
    (
        "social-care-waits",
        include_str!("../../../mappings/social-care-waits.toml"),
    ),
    ("ni-ae", include_str!("../../../mappings/ni-ae.toml")),
];

/// The names of the built-in mappings.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// All built-in mappings.
///
/// # Errors
/// Never, as a test holds; typed so that callers need not trust it.
pub fn built_in() -> Result<Vec<Mapping>, MappingError> {
    BUILT_IN
        .iter()
        .map(|(name, text)| Mapping::parse(name, text))
        .collect()
}

pub(super) fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN
        .iter()
        .find(|(built_in, _)| *built_in == name)
        .map(|(_, text)| *text)
}
