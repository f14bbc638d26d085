//! Checks on reads, the head, and subscriptions.

use std::time::{Duration, Instant};

use super::{
    Opener, Outcome, PATIENCE, append, ensure, event, events, head, read, read_all, same, subject,
    subscribe, take,
};
use crate::Position;

/// Promise 6: after a position, in order, none left out, at most the limit.
pub async fn a_read_returns_what_is_after_a_position_up_to_the_limit(
    opener: &dyn Opener,
) -> Outcome {
    let log = opener.open("read").await?;
    append(&*log, events("r", 50)).await?;
    let all = read(&*log, Position::ORIGIN, usize::MAX).await?;
    ensure!(
        all.len() == 50,
        "a read without a limit returned {} of 50 events",
        all.len()
    );
    for start in 0..=50 {
        let after = if start == 0 {
            Position::ORIGIN
        } else {
            all[start - 1].position
        };
        for limit in [0, 1, 7, 50, 51] {
            let some = read(&*log, after, limit).await?;
            let end = (start + limit).min(50);
            ensure!(
                some == all[start..end],
                "a read of {limit} after {after} returned {} events, not events {start} to {end}",
                some.len()
            );
        }
    }
    Ok(())
}

/// Promise 7: nothing there is not an error, in an empty log as well.
pub async fn a_read_at_or_above_the_head_is_empty(opener: &dyn Opener) -> Outcome {
    let log = opener.open("above").await?;
    for after in [0, 1, 1000] {
        ensure!(
            read(&*log, Position(after), 10).await?.is_empty(),
            "an empty log returned events"
        );
    }
    append(&*log, events("a", 3)).await?;
    let head = head(&*log).await?;
    for above in [0, 1, 1000, u64::MAX - head.0] {
        let after = Position(head.0 + above);
        ensure!(
            read(&*log, after, 10).await?.is_empty(),
            "a read after {after} returned events; the head is {head}"
        );
    }
    Ok(())
}

/// The head of an empty log is the origin, and then the last position that was answered.
pub async fn the_head_is_the_position_of_the_last_event(opener: &dyn Opener) -> Outcome {
    let log = opener.open("head").await?;
    ensure!(
        head(&*log).await? == Position::ORIGIN,
        "the head of an empty log is not the origin"
    );
    for n in 0..5 {
        let answers = append(&*log, events(&format!("h{n}"), n + 1)).await?;
        let last = answers.last().map(|answer| answer.position);
        let now = head(&*log).await?;
        ensure!(
            Some(now) == last,
            "the head is {now} after an append that ended at {last:?}"
        );
    }
    let before = head(&*log).await?;
    append(&*log, events("h4", 5)).await?;
    ensure!(head(&*log).await? == before, "repeats moved the head");
    Ok(())
}

/// The exact subject, neither a longer nor a shorter one, and its last event.
pub async fn the_last_event_on_a_subject_is_found_by_the_exact_subject(
    opener: &dyn Opener,
) -> Outcome {
    let log = opener.open("last").await?;
    let last = |name: &'static str| {
        let log = log.clone();
        async move {
            log.last_on_subject(&subject(name))
                .await
                .map_err(|error| format!("the last event on a subject could not be read: {error}"))
        }
    };
    ensure!(
        last("a").await?.is_none(),
        "an empty log has a last event on a subject"
    );
    append(
        &*log,
        vec![
            event("a.b", "1"),
            event("a", "2"),
            event("a.b", "3"),
            event("ab", "4"),
        ],
    )
    .await?;
    let all = read_all(&*log).await?;
    for (name, index) in [("a.b", 2), ("a", 1), ("ab", 3)] {
        let found = last(name).await?;
        ensure!(
            found.as_ref() == Some(&all[index]),
            "the last event on {name} is not the one that was appended"
        );
    }
    for name in ["a.b.c", "b", "abc"] {
        ensure!(
            last(name).await?.is_none(),
            "an event was found on {name}, where none is"
        );
    }
    Ok(())
}

/// First those that exist and then those that come, none twice, none left out.
pub async fn a_subscription_gives_what_exists_and_then_what_comes(opener: &dyn Opener) -> Outcome {
    let log = opener.open("subscribe").await?;
    let mut all = events("s0", 10);
    let mut answers = append(&*log, all.clone()).await?;
    let mut subscription = subscribe(&*log, Position::ORIGIN).await?;
    let mut seen = take(&mut *subscription, 10).await?;
    for n in 1..6 {
        let more = events(&format!("s{n}"), n * 3);
        answers.extend(append(&*log, more.clone()).await?);
        seen.extend(take(&mut *subscription, more.len()).await?);
        all.extend(more);
        same(&seen, &all, &answers)?;
    }
    Ok(())
}

/// A subscription from an empty log, from the middle, and from the head.
pub async fn a_subscription_starts_after_its_position(opener: &dyn Opener) -> Outcome {
    let log = opener.open("middle").await?;
    let mut from_nothing = subscribe(&*log, Position::ORIGIN).await?;
    append(&*log, events("m", 20)).await?;
    let all = take(&mut *from_nothing, 20).await?;
    let mut from_middle = subscribe(&*log, all[11].position).await?;
    let mut from_head = subscribe(&*log, all[19].position).await?;
    ensure!(
        take(&mut *from_middle, 8).await? == all[12..],
        "a subscription did not start after its position"
    );
    append(&*log, vec![event("m", "next")]).await?;
    let next = take(&mut *from_nothing, 1).await?;
    ensure!(
        take(&mut *from_middle, 1).await? == next,
        "subscribers were given different events"
    );
    ensure!(
        take(&mut *from_head, 1).await? == next,
        "a subscription from the head did not give the next event"
    );
    Ok(())
}

/// Subscribers don't take events from each other, and one that goes disturbs nobody.
pub async fn every_subscriber_sees_every_event(opener: &dyn Opener) -> Outcome {
    let log = opener.open("several").await?;
    append(&*log, events("v", 30)).await?;
    let mut readers = Vec::new();
    for _ in 0..4 {
        readers.push(subscribe(&*log, Position::ORIGIN).await?);
    }
    drop(readers.pop());
    append(&*log, events("w", 30)).await?;
    let all = read_all(&*log).await?;
    for reader in &mut readers {
        ensure!(
            take(&mut **reader, 60).await? == all,
            "a subscriber did not see what the log holds"
        );
    }
    Ok(())
}

/// A backlog many times larger than a batch.
pub async fn a_large_backlog_is_delivered_whole_and_in_order(opener: &dyn Opener) -> Outcome {
    let log = opener.open("backlog").await?;
    let backlog = events("b", 10_000);
    let answers = append(&*log, backlog.clone()).await?;
    let mut subscription = subscribe(&*log, Position::ORIGIN).await?;
    same(
        &take(&mut *subscription, backlog.len()).await?,
        &backlog,
        &answers,
    )
}

/// A reader waits with a time limit, or for several things at once: it drops `next` and asks again.
pub async fn a_next_that_is_dropped_loses_nothing(opener: &dyn Opener) -> Outcome {
    let log = opener.open("dropped").await?;
    let mut subscription = subscribe(&*log, Position::ORIGIN).await?;
    let writer = tokio::spawn({
        let log = log.clone();
        async move {
            for n in 0..40 {
                append(&*log, events(&format!("d{n}"), 5)).await?;
            }
            Ok::<_, String>(())
        }
    });
    let mut seen = Vec::new();
    let begun = Instant::now();
    while seen.len() < 200 {
        ensure!(
            begun.elapsed() < PATIENCE,
            "{} of 200 events came within {PATIENCE:?}",
            seen.len()
        );
        let soon = Duration::from_micros(300);
        if let Ok(batch) = tokio::time::timeout(soon, subscription.next()).await {
            seen.extend(
                batch
                    .map_err(|error| format!("the subscription ended: {error}"))?
                    .events,
            );
        }
    }
    writer
        .await
        .map_err(|error| format!("the writer ended badly: {error}"))??;
    ensure!(
        seen == read_all(&*log).await?,
        "a reader that dropped `next` did not see what the log holds"
    );
    Ok(())
}
