//! What a sender is warned of at once is what the list will show.

use super::*;
use std::slice::from_ref;

/// Index and code of what events contradict that come to a view of others.
fn warned(known: &[Event], coming: &[Event]) -> Vec<(usize, &'static str)> {
    let found = view(known.to_vec()).contradicted_by(coming);
    found
        .into_iter()
        .map(|(index, kind)| (index, kind.code()))
        .collect()
}

#[test]
fn an_event_that_contradicts_what_stands_is_named_by_its_place() {
    let out = discharged("a", "2026-01-05", "agreed");
    let came = recorded(admitted("2026-01-09"), "2026-01-10");
    let before = vec![(1, "discharged-before-admission")];
    // In one batch, and to a view that has the other already.
    assert_eq!(warned(&[], &[out.clone(), came.clone()]), before);
    let later = [(0, "discharged-before-admission")];
    assert_eq!(warned(from_ref(&out), from_ref(&came)), later);
    // It is the same to whoever sends it again.
    assert_eq!(warned(&[out.clone(), came.clone()], from_ref(&came)), later);
    // Nobody is warned of what is not their event's own fault.
    let other = ready("2026-01-11");
    let of_that = warned(&[out, came], &[other]);
    assert!(
        of_that
            .iter()
            .all(|(_, kind)| *kind != "discharged-before-admission"),
        "{of_that:?}"
    );
}

#[test]
fn what_the_batch_itself_resolves_is_no_warning() {
    let back = transfer("d", "discharge-reversed", "2026-01-06");
    assert_eq!(warned(&[], from_ref(&back)), [(0, "reversal-of-nothing")]);
    let out = discharged("a", "2026-01-05", "agreed");
    assert_eq!(warned(&[], &[back.clone(), out.clone()]), []);
    assert_eq!(warned(&[out], &[back]), []);
    let retraction = event(
        "/pas",
        "e",
        "transfer.retracted",
        "2026-01-07",
        json!({ "retracts": "zzz" }),
    );
    assert_eq!(warned(&[], &[retraction]), [(0, "retraction-of-nothing")]);
}

/// How often each kind is listed.
fn kinds(events: &[Event]) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = found(events.to_vec())
        .into_iter()
        .flat_map(|(_, kind, count, _)| (0..count).map(move |_| kind))
        .collect();
    kinds.sort_unstable();
    kinds
}

proptest! {
    /// Wherever a story is cut, whatever its second part adds to the list was said to its sender, and nothing was said that
    /// the list does not have.
    #[test]
    fn warnings_are_what_the_list_will_gain(
        days in prop::collection::vec(1..28u8, 8),
        order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
        cut in 0..8usize,
    ) {
        let events = story(&days);
        let story: Vec<Event> = order.into_iter().map(|at| events[at].clone()).collect();
        let (known, coming) = story.split_at(cut);
        let mut warned: Vec<&str> = warned(known, coming).into_iter().map(|(_, kind)| kind).collect();
        warned.sort_unstable();
        let (before, mut after) = (kinds(known), kinds(&story));
        for kind in &warned {
            let at = after.iter().position(|listed| listed == kind);
            prop_assert!(at.is_some(), "{kind} is not listed");
            after.swap_remove(at.unwrap_or_default());
        }
        // What was not said was there before.
        for kind in after {
            prop_assert!(before.contains(&kind), "{kind} was not said");
        }
    }
}
