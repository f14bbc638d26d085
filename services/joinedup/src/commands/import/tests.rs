//! What is imported into a log and to a server.

use super::*;
use clap::FromArgMatches;
use joinedup_application::config::Config;
use joinedup_events::{Event, example};
use joinedup_log::EventLog;
use joinedup_log::memory::MemoryLog;

const FALLS: &str = "name = \"falls\"\n[period]\ncolumn = \"week\"\ngrain = \"week\"\n[area]\ncolumn = \"trust\"\n\
                     [[series]]\nid = \"falls\"\nvalue = \"falls\"\n";

fn rules() -> Rules {
    let now = Utc::now();
    Rules {
        areas: Arc::new(Areas::built_in().unwrap()),
        now,
        recorded_at: now,
        edition: None,
    }
}

fn into(log: Arc<MemoryLog>) -> Sink {
    Sink::log(log, Definitions::read(&Config::default()).unwrap())
}

async fn imported(path: &Path, sink: &Sink) -> Result<Report, Failure> {
    transferred(Input::open(path, None, &rules()).unwrap(), path, sink).await
}

async fn transferred(input: Input, path: &Path, sink: &Sink) -> Result<Report, Failure> {
    let flags = Import::augment_args(clap::Command::new("import"));
    let matches = flags.get_matches_from([Path::new("import"), path]);
    let import = Import::from_arg_matches(&matches).unwrap();
    transfer(vec![input], &import, &rules(), sink).await
}

#[tokio::test]
async fn an_archive_with_a_changed_line_goes_nowhere() {
    let log = Arc::new(MemoryLog::new());
    let events: Vec<Event> = example::all()
        .iter()
        .filter_map(|(_, e)| {
            joinedup_events::admit(e.to_string().as_bytes(), &rules().areas, Utc::now()).ok()
        })
        .collect();
    assert!(events.len() > 40);
    let own = into(log.clone());
    let sent = own.send(&events).await.unwrap();
    let mut archived = Vec::new();
    archive::export(&*log, &mut archived, Position::ORIGIN)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (whole, changed) = (folder.path().join("whole"), folder.path().join("changed"));
    std::fs::write(&whole, &archived).unwrap();
    let text = String::from_utf8(archived).unwrap();
    std::fs::write(&changed, text.replacen("example", "examplf", 1)).unwrap();
    // The server is never asked: nothing listens at this address.
    let server = Sink::Server(Client::new("http://127.0.0.1:9", None, None).unwrap());
    let copy = Arc::new(MemoryLog::new());
    for sink in [server, into(copy.clone())] {
        let refused = imported(&changed, &sink).await;
        assert!(refused.is_err_and(|e| e.to_string().contains("changed")));
    }
    assert_eq!(copy.head().await.unwrap(), Position::ORIGIN);
    let report = imported(&whole, &into(copy)).await.unwrap();
    assert_eq!(report.accepted, sent.accepted);
}

#[tokio::test]
async fn a_row_with_several_faults_is_one_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    let (_, mut event) = example::all().remove(0);
    event["data"]["area"] = "nowhere".into();
    event["time"] = "2090-01-01T00:00:00Z".into();
    std::fs::write(&file, format!("{event}\n{{}}\n")).unwrap();
    let report = imported(&file, &into(Arc::new(MemoryLog::new())))
        .await
        .unwrap();
    assert_eq!((report.rows, report.sent, report.refused), (2, 0, 2));
}

#[tokio::test]
async fn a_log_without_a_server_says_what_was_restated_since() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("falls.csv");
    let mapping = Mapping::parse("falls", FALLS).unwrap();
    let sink = into(Arc::new(MemoryLog::new()));
    let mut said = Vec::new();
    for falls in [7, 9, 7, 9] {
        std::fs::write(&file, format!("week,trust,falls\n2026-06-01,RAJ,{falls}\n")).unwrap();
        let input = Input::open(&file, Some(&mapping), &rules()).unwrap();
        let report = transferred(input, &file, &sink).await.unwrap();
        said.push((report.accepted, report.duplicates, report.superseded));
    }
    assert_eq!(said, [(1, 0, 0), (1, 0, 0), (0, 1, 1), (0, 1, 0)]);
}

#[tokio::test]
async fn a_log_that_has_forgotten_a_file_says_that_it_had_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("falls.csv");
    let mapping = Mapping::parse("falls", FALLS).unwrap();
    // It remembers one id alone.
    let sink = into(Arc::new(MemoryLog::with_window(1)));
    let mut said = Vec::new();
    for (falls, others) in [(7, 1), (9, 2), (7, 1), (7, 3)] {
        let rows = format!("2026-06-01,RAJ,{falls}\n2026-06-01,RDE,{others}\n");
        std::fs::write(&file, format!("week,trust,falls\n{rows}")).unwrap();
        let input = Input::open(&file, Some(&mapping), &rules()).unwrap();
        let report = transferred(input, &file, &sink).await.unwrap();
        said.push((report.accepted, report.again, report.superseded));
    }
    assert_eq!(said, [(2, 0, 0), (2, 0, 0), (2, 2, 2), (2, 1, 1)]);
}

#[tokio::test]
async fn a_log_without_a_server_takes_what_a_server_takes() {
    let mut event = example::all()
        .into_iter()
        .find(|(name, _)| name.contains("referral.received"))
        .unwrap()
        .1;
    event["data"]["population"] = "nobody".into();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    std::fs::write(&file, format!("{event}\n")).unwrap();
    let report = imported(&file, &into(Arc::new(MemoryLog::new()))).await;
    let report = report.unwrap();
    assert_eq!((report.accepted, report.refused), (0, 1));
}
