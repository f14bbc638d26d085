//! Checks on append conditions.

use futures::future::try_join_all;

use super::{Opener, Outcome, append, conditional, ensure, event, read_all};
use crate::{AppendError, EventLog, NewEvent, Position, RecordedEvent};

/// The subject is new, or its last event is where the writer believes it to be; other subjects don't matter.
pub async fn a_condition_that_holds_lets_the_event_in(opener: &dyn Opener) -> Outcome {
    let log = opener.open("holds").await?;
    let first = append(&*log, vec![conditional("a", "1", Position::ORIGIN)]).await?[0].position;
    append(&*log, vec![event("b", "2")]).await?;
    let second = append(&*log, vec![conditional("a", "3", first)]).await?[0].position;
    append(
        &*log,
        vec![
            conditional("c", "4", Position::ORIGIN),
            conditional("a", "5", second),
        ],
    )
    .await?;
    ensure!(
        read_all(&*log).await?.len() == 5,
        "not every event whose condition held was stored"
    );
    Ok(())
}

/// A conflict names both positions and stores nothing, and the log goes on.
pub async fn a_broken_condition_is_refused_with_the_actual_position(
    opener: &dyn Opener,
) -> Outcome {
    let log = opener.open("broken").await?;
    let first = append(&*log, vec![event("a", "1")]).await?[0].position;
    let second = append(&*log, vec![event("a", "2"), event("b", "3")]).await?[0].position;
    for (name, expected, actual) in [
        ("a", Position::ORIGIN, second),
        ("a", first, second),
        ("new", first, Position::ORIGIN),
    ] {
        conflict(
            &*log,
            vec![conditional(name, "late", expected)],
            expected,
            actual,
        )
        .await?;
    }
    ensure!(
        read_all(&*log).await?.len() == 3,
        "an event was stored although its condition was broken"
    );
    append(&*log, vec![conditional("a", "late", second)]).await?;
    Ok(())
}

/// On an error those before the failed event may be stored; neither it nor those after it are.
pub async fn what_follows_a_conflict_in_one_append_is_not_stored(opener: &dyn Opener) -> Outcome {
    let log = opener.open("follows").await?;
    let taken = append(&*log, vec![event("a", "taken")]).await?[0].position;
    let mixed = vec![
        event("b", "before"),
        conditional("a", "failed", Position::ORIGIN),
        event("b", "after"),
    ];
    conflict(&*log, mixed, Position::ORIGIN, taken).await?;
    let stored = read_all(&*log).await?;
    for id in ["failed", "after"] {
        ensure!(
            !holds(&stored, id),
            "the event `{id}` is stored although the append failed at or before it"
        );
    }
    Ok(())
}

/// A writer that lost the answer sends the same event with the same condition, which its own event now breaks.
pub async fn a_repeat_with_its_old_condition_is_a_duplicate_and_no_conflict(
    opener: &dyn Opener,
) -> Outcome {
    let log = opener.open("old-condition").await?;
    let first = append(&*log, vec![conditional("a", "1", Position::ORIGIN)]).await?[0].position;
    let second = append(&*log, vec![conditional("a", "2", first)]).await?[0].position;
    for (id, expected, position) in [
        ("2", first, second),
        ("1", Position::ORIGIN, first),
        ("2", first, second),
    ] {
        let again = append(&*log, vec![conditional("a", id, expected)]).await?[0];
        ensure!(
            again.duplicate,
            "the repeat of a conditional event was stored or refused"
        );
        ensure!(
            again.position == position,
            "the repeat was answered with {}, not {position}",
            again.position
        );
    }
    ensure!(
        read_all(&*log).await?.len() == 2,
        "the repeat of a conditional event was stored"
    );
    Ok(())
}

/// Promise 5: of many who decide on the same state one wins, and the others learn the subject's present position.
pub async fn of_concurrent_deciders_exactly_one_wins(opener: &dyn Opener) -> Outcome {
    const DECIDERS: usize = 8;
    let log = opener.open("deciders").await?;
    let mut last = Position::ORIGIN;
    for round in 0..10 {
        let deciders = (0..DECIDERS).map(|decider| {
            let log = log.clone();
            tokio::spawn(async move {
                log.append(vec![conditional("a", &format!("{round}-{decider}"), last)])
                    .await
            })
        });
        let outcomes = try_join_all(deciders)
            .await
            .map_err(|error| format!("a decider ended badly: {error}"))?;
        let mut winners = Vec::new();
        let mut reported = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(answers) => winners.extend(answers.into_iter().map(|answer| answer.position)),
                Err(AppendError::Conflict { actual, .. }) => reported.push(actual),
                Err(other) => {
                    return Err(format!(
                        "a decider got neither a position nor a conflict: {other}"
                    ));
                }
            }
        }
        ensure!(
            winners.len() == 1,
            "{} of {DECIDERS} concurrent deciders won",
            winners.len()
        );
        ensure!(
            reported.iter().all(|actual| *actual == winners[0]),
            "a loser got another position than the winner's"
        );
        last = winners[0];
    }
    ensure!(
        read_all(&*log).await?.len() == 10,
        "the log does not hold exactly one event a round"
    );
    Ok(())
}

fn holds(stored: &[RecordedEvent], id: &str) -> bool {
    let payload = event("any", id).payload;
    stored.iter().any(|recorded| recorded.payload == payload)
}

/// The append must fail with exactly this conflict.
async fn conflict(
    log: &dyn EventLog,
    events: Vec<NewEvent>,
    wanted: Position,
    is: Position,
) -> Outcome {
    match log.append(events).await {
        Err(AppendError::Conflict { expected, actual }) => {
            ensure!(
                expected == wanted,
                "the conflict names {expected} as expected, it was {wanted}"
            );
            ensure!(
                actual == is,
                "the conflict names {actual} as the subject's last position, it is {is}"
            );
            Ok(())
        }
        Err(other) => Err(format!(
            "a broken condition was answered with another error: {other}"
        )),
        Ok(_) => Err("an append whose condition was broken succeeded".to_owned()),
    }
}
