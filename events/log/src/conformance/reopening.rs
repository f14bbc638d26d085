//! Checks on a log that is closed and opened again, and on which log it is.

use super::{
    Opener, Outcome, append, conditional, ensure, event, events, head, identity, read_all, same,
    subject, subscribe, take,
};
use crate::{AppendError, Position};

/// Promise 2, as far as an orderly end goes: all events, their positions, the head; and it goes on above them.
pub async fn a_log_reopened_has_everything_it_had(opener: &dyn Opener) -> Outcome {
    let mut all = Vec::new();
    let mut answers = Vec::new();
    for round in 0..3 {
        let log = opener.open("reopened").await?;
        same(&read_all(&*log).await?, &all, &answers)?;
        let last = answers
            .last()
            .map_or(Position::ORIGIN, |answer: &crate::Appended| answer.position);
        ensure!(
            head(&*log).await? == last,
            "the head is another after the log was opened again"
        );
        let more = events(&format!("o{round}"), 100);
        answers.extend(append(&*log, more.clone()).await?);
        all.extend(more);
        let mut subscription = subscribe(&*log, Position::ORIGIN).await?;
        same(&take(&mut *subscription, all.len()).await?, &all, &answers)?;
    }
    Ok(())
}

/// What decides about an append is kept as well: the ids in the window and the last event of each subject.
pub async fn a_log_reopened_still_knows_repeats_and_conditions(opener: &dyn Opener) -> Outcome {
    let log = opener.open("still-knows").await?;
    let first = append(&*log, vec![event("a", "1"), event("b", "2")]).await?;
    drop(log);
    let log = opener.open("still-knows").await?;
    let again = append(&*log, vec![event("a", "1")]).await?[0];
    ensure!(
        again.duplicate && again.position == first[0].position,
        "a repeat was not known after reopening"
    );
    let last = log
        .last_on_subject(&subject("a"))
        .await
        .map_err(|error| format!("the last event on a subject could not be read: {error}"))?;
    ensure!(
        last.map(|event| event.position) == Some(first[0].position),
        "the last event on a subject was not known after reopening"
    );
    let late = log
        .append(vec![conditional("a", "3", Position::ORIGIN)])
        .await;
    ensure!(
        matches!(late, Err(AppendError::Conflict { actual, .. }) if actual == first[0].position),
        "a broken condition was not refused after reopening"
    );
    append(&*log, vec![conditional("a", "3", first[0].position)]).await?;
    Ok(())
}

/// Which log it is stays the same over appends and reopening, and no two logs are the same.
pub async fn the_identity_stays_with_the_log_and_differs_from_another(
    opener: &dyn Opener,
) -> Outcome {
    let log = opener.open("identity").await?;
    let before = identity(&*log).await?;
    append(&*log, events("i", 5)).await?;
    ensure!(
        identity(&*log).await? == before,
        "an append changed the identity of the log"
    );
    let other = opener.open("identity-other").await?;
    ensure!(
        identity(&*other).await? != before,
        "two logs have the same identity"
    );
    drop((log, other));
    let log = opener.open("identity").await?;
    ensure!(
        identity(&*log).await? == before,
        "the log has another identity after it was opened again"
    );
    Ok(())
}
