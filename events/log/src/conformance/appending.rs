//! Checks on appends: order, answers, repeats, sizes.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::future::try_join_all;

use super::{
    Opener, Outcome, append, ensure, event, events, head, increasing, read, read_all, same,
};
use crate::{NewEvent, Position};

/// Promises 1 and 3: positions increase, in the order of the append, and all of it is readable when it returns.
pub async fn appended_events_are_read_back_in_order(opener: &dyn Opener) -> Outcome {
    let log = opener.open("order").await?;
    ensure!(read_all(&*log).await?.is_empty(), "a new log is not empty");
    let mut all = Vec::new();
    let mut answers = Vec::new();
    for (n, size) in [1, 5, 2, 40, 1].into_iter().enumerate() {
        let some = events(&format!("a{n}"), size);
        answers.extend(append(&*log, some.clone()).await?);
        all.extend(some);
        same(&read_all(&*log).await?, &all, &answers)?;
    }
    ensure!(
        answers.iter().all(|answer| !answer.duplicate),
        "a first append was taken for a repeat"
    );
    Ok(())
}

/// An append of nothing is answered with nothing.
pub async fn an_empty_append_is_accepted_and_changes_nothing(opener: &dyn Opener) -> Outcome {
    let log = opener.open("empty").await?;
    append(&*log, Vec::new()).await?;
    ensure!(
        head(&*log).await? == Position::ORIGIN,
        "an empty append moved the head"
    );
    append(&*log, events("a", 3)).await?;
    let before = head(&*log).await?;
    append(&*log, Vec::new()).await?;
    ensure!(
        head(&*log).await? == before,
        "an empty append moved the head"
    );
    Ok(())
}

/// Payloads are opaque: from none to 64 KiB, every byte value, nothing changed.
pub async fn payloads_of_every_size_come_back_byte_for_byte(opener: &dyn Opener) -> Outcome {
    let log = opener.open("sizes").await?;
    let sizes = [
        0,
        1,
        2,
        255,
        256,
        351,
        4095,
        4096,
        4097,
        32 * 1024,
        64 * 1024 - 1,
        64 * 1024,
    ];
    let sized: Vec<NewEvent> = sizes
        .iter()
        .map(|&size| {
            let payload: Vec<u8> = (0..size)
                .map(|byte: usize| (byte * 31 + size) as u8)
                .collect();
            NewEvent {
                payload: Bytes::from(payload),
                ..event("sizes", &format!("size-{size}"))
            }
        })
        .collect();
    let answers = append(&*log, sized.clone()).await?;
    same(&read_all(&*log).await?, &sized, &answers)?;
    for (event, answer) in sized.iter().zip(&answers) {
        let alone = read(&*log, Position(answer.position.0 - 1), 1).await?;
        same(&alone, std::slice::from_ref(event), &[*answer])?;
    }
    Ok(())
}

/// Promise 3 for an append far larger than any backend's own batch.
pub async fn ten_thousand_events_in_one_append_keep_their_order(opener: &dyn Opener) -> Outcome {
    let log = opener.open("large").await?;
    let large = events("large", 10_000);
    let answers = append(&*log, large.clone()).await?;
    same(&read_all(&*log).await?, &large, &answers)?;
    let at_once = read(&*log, Position::ORIGIN, 20_000).await?;
    same(&at_once, &large, &answers)
}

/// Promise 4, over appends: whatever else is the same or different, the id decides.
pub async fn a_repeated_id_is_answered_with_the_first_position(opener: &dyn Opener) -> Outcome {
    let log = opener.open("repeats").await?;
    let first = append(&*log, vec![event("a", "one"), event("a", "two")]).await?;
    let other_subject = event("b", "one");
    let other_payload = NewEvent {
        payload: Bytes::from_static(b"other"),
        ..event("a", "two")
    };
    let again = append(&*log, vec![event("a", "one"), other_payload, other_subject]).await?;
    for (answer, expected) in again.iter().zip([&first[0], &first[1], &first[0]]) {
        ensure!(
            answer.duplicate,
            "a repeated id was not answered as a duplicate"
        );
        ensure!(
            answer.position == expected.position,
            "a repeat was answered with position {}, the first copy stands at {}",
            answer.position,
            expected.position
        );
    }
    ensure!(
        read_all(&*log).await?.len() == 2,
        "a repeated id was stored again"
    );
    Ok(())
}

/// Promise 4, a few repeats far apart in a large append: each is recognised, and its neighbours are stored in order.
pub async fn a_few_known_ids_among_many_are_found(opener: &dyn Opener) -> Outcome {
    let log = opener.open("repeats-among").await?;
    let all = events("among", 1000);
    let known = [3, 4, 700, 999];
    let before = append(&*log, known.map(|at: usize| all[at].clone()).to_vec()).await?;
    let answers = append(&*log, all).await?;
    let repeats: Vec<usize> = (0..1000).filter(|at| answers[*at].duplicate).collect();
    ensure!(repeats == known, "the repeats were given as {repeats:?}");
    for (at, first) in known.into_iter().zip(&before) {
        ensure!(
            answers[at].position == first.position,
            "a repeat was answered with another position"
        );
    }
    let fresh: Vec<_> = answers.iter().filter(|answer| !answer.duplicate).collect();
    ensure!(
        fresh.is_sorted_by(|one, next| one.position < next.position),
        "what was new was not stored in the order of the append"
    );
    ensure!(
        read_all(&*log).await?.len() == 1000,
        "an event was lost or stored again"
    );
    Ok(())
}

/// Promise 4, within one append, small and large enough for a backend's own batches.
pub async fn a_repeated_id_within_one_append_is_stored_once(opener: &dyn Opener) -> Outcome {
    let log = opener.open("repeats-within").await?;
    let small = vec![
        event("a", "x"),
        event("a", "y"),
        event("a", "x"),
        event("a", "z"),
    ];
    let answers = append(&*log, small).await?;
    let repeats: Vec<bool> = answers.iter().map(|answer| answer.duplicate).collect();
    ensure!(
        repeats == [false, false, true, false],
        "the duplicates were given as {repeats:?}"
    );
    ensure!(
        answers[2].position == answers[0].position,
        "the repeat was answered with another position"
    );

    let mut large = events("within", 600);
    large.extend(events("within", 600));
    let answers = append(&*log, large).await?;
    for (first, repeat) in answers[..600].iter().zip(&answers[600..]) {
        ensure!(
            !first.duplicate && repeat.duplicate,
            "a repeat within one append was not recognised"
        );
        ensure!(
            first.position == repeat.position,
            "a repeat was answered with another position"
        );
    }
    ensure!(
        read_all(&*log).await?.len() == 603,
        "a repeated id was stored again"
    );
    Ok(())
}

/// What every writer does after [`AppendError::Unconfirmed`](crate::AppendError::Unconfirmed): the same events
/// again, of which some are stored already.
pub async fn a_large_append_repeated_after_a_lost_answer_adds_only_what_was_missing(
    opener: &dyn Opener,
) -> Outcome {
    let log = opener.open("lost-answer").await?;
    let all = events("lost", 2500);
    let partly: Vec<NewEvent> = all[..1300].to_vec();
    let first = append(&*log, partly).await?;
    let answers = append(&*log, all.clone()).await?;
    for (n, answer) in answers.iter().enumerate() {
        ensure!(
            answer.duplicate == (n < 1300),
            "event {n} was wrongly taken for a repeat or for a new event"
        );
    }
    let before: Vec<Position> = first.iter().map(|answer| answer.position).collect();
    let repeated: Vec<Position> = answers[..1300]
        .iter()
        .map(|answer| answer.position)
        .collect();
    ensure!(
        before == repeated,
        "the repeats were answered with other positions"
    );
    same(&read_all(&*log).await?, &all, &answers)
}

/// Concurrent appends neither lose nor double anything, and each keeps its own order.
pub async fn appends_from_many_tasks_are_all_stored_once(opener: &dyn Opener) -> Outcome {
    const WRITERS: usize = 8;
    let log = opener.open("writers").await?;
    let writers = (0..WRITERS).map(|writer| {
        let log = log.clone();
        tokio::spawn(async move {
            let mut positions = Vec::new();
            for round in 0..5 {
                let some = events(&format!("w{writer}-{round}"), 20);
                positions.extend(
                    append(&*log, some)
                        .await?
                        .into_iter()
                        .map(|answer| answer.position),
                );
            }
            Ok::<_, String>(positions)
        })
    });
    let mut distinct = BTreeSet::new();
    for positions in try_join_all(writers)
        .await
        .map_err(|error| format!("a writer ended badly: {error}"))?
    {
        let positions = positions?;
        ensure!(
            positions.windows(2).all(|pair| pair[0] < pair[1]),
            "a writer's own events changed their order"
        );
        distinct.extend(positions);
    }
    let all = read_all(&*log).await?;
    increasing(&all)?;
    ensure!(
        distinct.len() == WRITERS * 100,
        "two events were answered with the same position"
    );
    let stored: BTreeSet<Position> = all.iter().map(|event| event.position).collect();
    ensure!(
        stored == distinct,
        "{} events are stored, {} were acknowledged",
        stored.len(),
        distinct.len()
    );
    Ok(())
}
