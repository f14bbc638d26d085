//! An archive gives back the log it came from, and any change to it is found at its line.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::memory::MemoryLog;

async fn log_of(events: &[(String, Bytes)]) -> MemoryLog {
    let log = MemoryLog::new();
    let events = events.iter().map(|(subject, payload)| NewEvent {
        subject: subject.clone(),
        message_id: message_id(payload),
        payload: payload.clone(),
        condition: None,
    });
    log.append(events.collect()).await.unwrap();
    log
}

async fn archive_of(log: &MemoryLog) -> (Vec<u8>, Summary) {
    let mut archive = Vec::new();
    let summary = export(log, &mut archive, Position::ORIGIN).await.unwrap();
    (archive, summary)
}

fn some_events() -> Vec<(String, Bytes)> {
    (0..30)
        .map(|n| {
            let payload = match n % 3 {
                0 => format!("{{\"id\":\"{n}\", \"data\": [1.50, \"é\\u0000\"]}}").into_bytes(),
                1 => format!("{{\"pretty\":\n  {n}}}").into_bytes(),
                _ => vec![0xff, n, b'\n'],
            };
            (format!("joinedup.test.{}", n % 4), payload.into())
        })
        .collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        // JSON, with the spaces, breaks and spellings of numbers that a parser would not give back.
        "[ \n]?\\{\"id\": ?\"[a-zé\\\\n]{0,9}\",\"n\":-?[1-9]{1,30}(\\.[0-9]{1,9})?(e[1-9])?\\}[ \r]?".prop_map(Into::into),
    ]
}

proptest! {
    #[test]
    fn a_restored_log_has_the_same_events_in_the_same_order_and_restoring_again_changes_nothing(
        events in proptest::collection::vec(("[a-z.\"é]{1,9}", payload().prop_map(Bytes::from)), 0..20),
    ) {
        block_on(async {
            let log = log_of(&events).await;
            let (archive, summary) = archive_of(&log).await;
            assert_eq!(verify(archive.as_slice()).unwrap(), summary);
            let restored = MemoryLog::new();
            let first = restore(archive.as_slice(), &restored, false, |_| false).await.unwrap();
            assert_eq!(first, Restored { archive: summary.clone(), repeats: 0  });
            let again = restore(archive.as_slice(), &restored, false, |_| false).await.unwrap();
            assert_eq!(again.repeats, summary.events);
            let all = async |log: &MemoryLog| log.read(Position::ORIGIN, usize::MAX).await.unwrap();
            assert_eq!(all(&restored).await, all(&log).await);
        });
    }
}

#[test]
fn a_changed_byte_is_found_in_the_line_that_has_it() {
    let (archive, _) = block_on(async { archive_of(&log_of(&some_events()).await).await });
    for at in 0..archive.len() - 1 {
        let line = 1 + archive[..at].iter().filter(|&&byte| byte == b'\n').count() as u64;
        for change in [1, 2, 0x20] {
            let mut changed = archive.clone();
            changed[at] ^= change;
            let error = verify(changed.as_slice()).expect_err("a change was not found");
            assert_eq!(error.line, line, "byte {at}: {error}");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("line {line} of the archive"))
            );
        }
    }
}

#[test]
fn lines_removed_swapped_or_cut_short_are_found() {
    let (archive, _) = block_on(async { archive_of(&log_of(&some_events()).await).await });
    let lines: Vec<&[u8]> = archive.split_inclusive(|&byte| byte == b'\n').collect();
    let removed = [&lines[..4], &lines[5..]].concat().concat();
    let swapped = [&lines[..4], &[lines[5], lines[4]], &lines[6..]]
        .concat()
        .concat();
    for wrong in [removed, swapped] {
        let error = verify(wrong.as_slice()).unwrap_err();
        assert_eq!(error.line, 5);
        assert!(matches!(error.problem, Problem::Unchained));
    }
    let error = verify(&archive[..archive.len() - 1]).unwrap_err();
    assert_eq!(error.line, 30, "a last line without its end is not whole");
}

#[test]
fn an_archive_without_its_beginning_becomes_no_log_by_itself_and_goes_behind_what_is_there() {
    block_on(async {
        let log = log_of(&some_events()).await;
        let (whole, summary) = archive_of(&log).await;
        assert_eq!(summary.begins_late(), None);
        let mut late = Vec::new();
        let summary = export(&log, &mut late, Position(3)).await.unwrap();
        assert_eq!(summary.begins_late(), Some(Position(4)));
        let empty = MemoryLog::new();
        let refused = restore(late.as_slice(), &empty, false, |_| false).await;
        assert!(matches!(
            refused,
            Err(RestoreError::BeginsLate(Position(4)))
        ));
        assert_eq!(empty.head().await.unwrap(), Position::ORIGIN);
        let taken = restore(late.as_slice(), &empty, true, |_| false)
            .await
            .unwrap();
        assert_eq!(taken.archive, summary);
        let behind = MemoryLog::new();
        for archive in [whole, late] {
            restore(archive.as_slice(), &behind, false, |_| false)
                .await
                .unwrap();
        }
        assert_eq!(behind.head().await.unwrap(), log.head().await.unwrap());
    });
}

#[test]
fn a_damaged_archive_restores_nothing_of_its_batch_and_names_the_line() {
    block_on(async {
        let (mut archive, _) = archive_of(&log_of(&some_events()).await).await;
        let at = archive.len() / 2;
        archive[at] ^= 1;
        let log = MemoryLog::new();
        assert!(matches!(
            restore(archive.as_slice(), &log, false, |_| false).await,
            Err(RestoreError::Archive(_))
        ));
        assert_eq!(log.head().await.unwrap(), Position::ORIGIN);
    });
}

#[test]
fn an_archive_can_be_continued_later() {
    block_on(async {
        let log = log_of(&some_events()).await;
        let (whole, of_whole) = archive_of(&log).await;
        let mut rest = Vec::new();
        let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
        let first = lines[..12].concat();
        let of_first = verify(first.as_slice()).unwrap();
        let last = of_first.last.unwrap();
        let end = end_of(&of_first);
        let of_rest = export_from(&log, &mut rest, last, Some(&end))
            .await
            .unwrap();
        assert_eq!(of_rest.starts_from, of_first.hash);
        assert_eq!(of_rest.hash, of_whole.hash);
        assert_eq!(verify(rest.as_slice()).unwrap(), of_rest);
        assert_eq!([first, rest].concat(), whole);
    });
}

fn end_of(archive: &Summary) -> End {
    End {
        hash: archive.hash.clone(),
        prev: archive.prev.clone(),
    }
}

#[test]
fn an_archive_is_not_continued_from_another_log_or_an_older_copy() {
    block_on(async {
        let events = some_events();
        let log = log_of(&events).await;
        let (_, summary) = archive_of(&log).await;
        let (last, end) = (summary.last.unwrap(), end_of(&summary));
        let continued = async |log: &MemoryLog, end: Option<&End>| {
            let mut more = Vec::new();
            export_from(log, &mut more, last, end).await
        };
        let unknown = End {
            prev: None,
            ..end.clone()
        };
        for end in [Some(&end), Some(&unknown), None] {
            assert_eq!(continued(&log, end).await.unwrap().events, 0);
        }
        // Shorter, then written on: with another event there, or with the same ones and more.
        let mut copy = events[..20].to_vec();
        for end in [Some(&end), Some(&unknown), None] {
            let refused = continued(&log_of(&copy).await, end).await.unwrap_err();
            assert!(refused.to_string().contains("position 20"), "{refused}");
        }
        copy.extend((0..20).map(|n| ("other".to_owned(), format!("{{\"n\":{n}}}").into())));
        let refused = continued(&log_of(&copy).await, Some(&end)).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("not the one that the archive ends with"));
        let whole = [events, vec![("more".to_owned(), "{}".into())]].concat();
        let of_more = continued(&log_of(&whole).await, Some(&end)).await.unwrap();
        assert_eq!((of_more.events, of_more.prev), (1, Some(end.hash)));
    });
}

#[test]
fn events_are_kept_as_json_where_their_bytes_come_back_so() {
    let events = [
        ("a", "{\"id\":1.50}"),
        ("b", "{\"id\":\n1}"),
        ("c", "no JSON"),
    ];
    let events = events.map(|(subject, payload)| (subject.to_owned(), Bytes::from(payload)));
    let (archive, _) = block_on(async { archive_of(&log_of(&events).await).await });
    let text = String::from_utf8(archive).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("\"payload\":{\"id\":1.50}"));
    assert!(lines[1].contains("\"base64\":\"eyJpZCI6CjF9\"") && !lines[1].contains("payload"));
    assert!(lines[2].contains("\"base64\":\"bm8gSlNPTg==\""));
}

#[test]
fn a_message_with_the_body_null_is_archived_and_one_that_was_archived_as_null_is_read() {
    block_on(async {
        let events = ["{}", "null", "[null]"];
        let events = events.map(|payload| ("a".to_owned(), Bytes::from(payload)));
        let log = log_of(&events).await;
        let (archive, summary) = archive_of(&log).await;
        let text = String::from_utf8(archive).unwrap();
        assert!(text.contains("\"base64\":\"bnVsbA==\""), "{text}");
        let before = text.replace("\"base64\":\"bnVsbA==\"", "\"payload\":null");
        for text in [text, before] {
            assert_eq!(verify(text.as_bytes()).unwrap(), summary);
            let restored = MemoryLog::new();
            restore(text.as_bytes(), &restored, false, |_| false)
                .await
                .unwrap();
            let all = async |log: &MemoryLog| log.read(Position::ORIGIN, 9).await.unwrap();
            assert_eq!(all(&restored).await, all(&log).await);
        }
        let neither = r#"{"position":1,"subject":"a","prev":"","hash":""}"#;
        let error = verify(format!("{neither}\n").as_bytes()).unwrap_err();
        assert!(matches!(error.problem, Problem::Malformed));
    });
}
