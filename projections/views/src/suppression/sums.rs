//! Which numbers of areas come to the same, because both sides are made up of the same smallest places.

use super::neighbours::Sum;
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use std::collections::{BTreeMap, BTreeSet};

/// An area, and what it is made up of.
struct Whole<'a> {
    id: &'a AreaId,
    smallest: BTreeSet<AreaId>,
    /// The smallest places of each area directly within it, where no two of these overlap.
    children: Vec<BTreeSet<AreaId>>,
}

impl<'a> Whole<'a> {
    fn of(areas: &Areas, id: &'a AreaId) -> Self {
        let smallest = smallest(areas, id);
        let within = areas
            .children(id)
            .iter()
            .map(|id| self::smallest(areas, id));
        let children: Vec<_> = within.collect();
        let is_divided = children.iter().map(BTreeSet::len).sum::<usize>() == smallest.len();
        Self {
            id,
            smallest,
            children: if is_divided { children } else { Vec::new() },
        }
    }

    /// Whether two areas share more than one place: what the places of a part come to may then be known where none of them is.
    fn meets(&self, other: &Self) -> bool {
        self.id != other.id && self.smallest.intersection(&other.smallest).nth(1).is_some()
    }

    /// Whether all that two areas share lies in one part of one of them: what they tell together is found through it.
    fn meets_in_a_part(&self, other: &Self) -> bool {
        let shared: BTreeSet<&AreaId> = self.smallest.intersection(&other.smallest).collect();
        let holds = |part: &BTreeSet<AreaId>| shared.iter().all(|id| part.contains(*id));
        self.children.iter().chain(&other.children).any(holds)
    }
}

fn smallest(areas: &Areas, id: &AreaId) -> BTreeSet<AreaId> {
    let mut within = areas.within(id);
    within.retain(|id| areas.children(id).is_empty());
    within
}

/// Each area as the sum of its parts, and of its smallest places: parts that overlap do not add up, but the smallest places
/// always do. And what two areas, or one and several that do not overlap, tell of each other without being declared parts:
/// a county that is shown as it is, less one of its boards, is what lies in the other.
pub(super) fn sums<'s>(areas: &Areas, of: &BTreeSet<&'s AreaId>) -> Vec<Sum<&'s AreaId>> {
    let known = |id: &AreaId| of.get(id).copied();
    let mut sums = Vec::new();
    let mut wholes = Vec::new();
    for id in of.iter().copied() {
        let parts: Vec<_> = areas.children(id).iter().filter_map(known).collect();
        let whole = Whole::of(areas, id);
        let places: Vec<_> = whole.smallest.iter().filter_map(known).collect();
        if places != parts && places != [id] {
            sums.push(Sum::of(id, places));
        }
        sums.push(Sum::of(id, parts));
        if whole.smallest.len() > 1 {
            wholes.push(whole);
        }
    }
    for whole in &wholes {
        for group in groups(areas, whole, &wholes) {
            // How often each place counts in the group beyond the once that it counts in the whole.
            let mut beyond: BTreeMap<&AreaId, i32> = BTreeMap::new();
            for place in group.iter().flat_map(|part| &part.smallest) {
                *beyond.entry(place).or_default() += 1;
            }
            for place in &whole.smallest {
                *beyond.entry(place).or_default() -= 1;
            }
            let mut sum = Sum::of(whole.id, group.iter().map(|part| part.id).collect());
            sum.without_zero = [&sum.total[..], &sum.parts].concat();
            for (place, times) in beyond {
                let side = if times > 0 {
                    &mut sum.total
                } else {
                    &mut sum.parts
                };
                side.extend((0..times.abs()).filter_map(|_| known(place)));
            }
            sums.push(sum);
        }
    }
    sums
}

/// The areas that an area is set against: each that tells something of it beyond its parts, with each that lies beside
/// that one, and all of its kind.
fn groups<'w, 'a>(
    areas: &Areas,
    whole: &Whole<'_>,
    wholes: &'w [Whole<'a>],
) -> Vec<Vec<&'w Whole<'a>>> {
    let met: Vec<&Whole<'_>> = wholes.iter().filter(|other| whole.meets(other)).collect();
    let mut by_kind: BTreeMap<_, Vec<&Whole<'_>>> = BTreeMap::new();
    let mut groups = Vec::new();
    for (at, one) in met.iter().copied().enumerate() {
        let kind = areas.get(one.id.as_str()).map(|area| area.kind);
        by_kind.entry(kind).or_default().push(one);
        // What is told both ways is told once.
        let is_within = one.smallest.is_subset(&whole.smallest);
        if is_within || (one.id > whole.id && !whole.smallest.is_subset(&one.smallest)) {
            groups.push(vec![one]);
        }
        let beside = met.iter().skip(at + 1).copied();
        groups.extend(beside.map(|other| vec![one, other]));
    }
    let of_kinds = by_kind.into_values().filter(|group| {
        let places = group.iter().flat_map(|part| &part.smallest);
        let different: BTreeSet<&AreaId> = places.clone().collect();
        group.len() > 2 && different.len() == places.count()
    });
    groups.extend(of_kinds);
    groups.retain(|group| !group.iter().all(|part| whole.meets_in_a_part(part)));
    groups
}
