//! The stream as it should be has no findings, and each setting that differs has its own.

use super::*;

#[test]
fn a_new_stream_has_no_differences_from_what_is_wanted() {
    let wanted = StreamSettings {
        max_bytes: Some(1 << 30),
        replicas: Some(3),
        placement: Some(Placement {
            cluster: Some("east".to_owned()),
            tags: vec!["ssd".to_owned()],
        }),
    };
    let config = new_config("JOINEDUP", &wanted, true);
    assert!(differences(&config, &wanted, true).is_empty());
    assert!(findings("JOINEDUP", &config).is_empty());
}

#[test]
fn copies_are_raised_on_request_and_never_lowered() {
    let wanted = |replicas| StreamSettings {
        replicas: Some(replicas),
        ..StreamSettings::default()
    };
    let three = new_config("JOINEDUP", &wanted(3), false);
    assert!(differences(&three, &wanted(1), false).is_empty());
    let sentences: Vec<String> = differences(&three, &wanted(5), false)
        .iter()
        .map(|difference| difference.sentence("JOINEDUP"))
        .collect();
    assert_eq!(
        sentences,
        ["`num_replicas` of stream JOINEDUP is 3, wanted is 5: it was asked for."]
    );
}

#[test]
fn each_unsafe_setting_is_found_by_its_own_name() {
    let good = new_config("JOINEDUP", &StreamSettings::default(), false);
    for (setting, value, accept) in [
        ("storage", json!("memory"), Unsafe::MemoryStorage),
        ("retention", json!("workqueue"), Unsafe::ForgetfulRetention),
        ("discard", json!("old"), Unsafe::DiscardOld),
        ("deny_delete", json!(false), Unsafe::Deletable),
        ("deny_purge", Value::Null, Unsafe::Purgeable),
        ("max_age", json!(1), Unsafe::AgeLimit),
        ("max_msgs", json!(10), Unsafe::CountLimit),
        ("max_msgs_per_subject", json!(1), Unsafe::CountLimit),
        ("allow_msg_ttl", json!(true), Unsafe::VanishingEvents),
        ("allow_rollup_hdrs", json!(true), Unsafe::VanishingEvents),
        (
            "duplicate_window",
            json!(120_000_000_000u64),
            Unsafe::ShortDuplicateWindow,
        ),
        ("persist_mode", json!("async"), Unsafe::AsyncPersist),
    ] {
        let mut config = good.clone();
        config.insert(setting.to_owned(), value);
        let found = findings("JOINEDUP", &config);
        assert_eq!(found.len(), 1, "{setting}");
        assert_eq!(found[0].accept, Some(accept), "{setting}");
        let sentence = found[0].to_string();
        assert!(
            sentence.contains(setting) && sentence.contains(accept.name()),
            "{sentence}"
        );
    }
}
