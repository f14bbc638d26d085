//! Feeds that the server runs by itself: folders that are watched, and systems that send HL7 messages.

use crate::line_lists::{discharges, files, has_no_canary, key, list};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::{folders, http};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A mapping of published returns.
const FALLS: &str = "name = \"falls\"\n[period]\ncolumn = \"week\"\ngrain = \"week\"\n[area]\ncolumn = \"trust\"\n\
                     [[series]]\nid = \"falls\"\nvalue = \"falls\"\n";

/// The folders and files of two feeds: a trust's list of spells, and a published return.
struct Places {
    folder: tempfile::TempDir,
}

impl Places {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["lists", "returns"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        key(folder.path());
        fs::write(folder.path().join("falls.toml"), FALLS).unwrap();
        let places = Self { folder };
        let at = |name: &str| places.at(name).display().to_string();
        let feeds = format!(
            "[[feed]]\nname = \"spells\"\nkind = \"folder\"\nmapping = \"spells\"\narea = \"RAJ\"\npseudonym_key_file = {:?}\n\
             path = {:?}\ndone = {:?}\npattern = \"*.csv\"\nlook_every_seconds = 1\nexpected_hours = 24\n\
             [[feed]]\nname = \"returns\"\nkind = \"folder\"\nmapping = {:?}\npath = {:?}\ndone = {:?}\nlook_every_seconds = 1\n",
            at("key"),
            at("lists"),
            at("lists-done"),
            at("falls.toml"),
            at("returns"),
            at("returns-done"),
        );
        fs::write(places.at("feeds.toml"), feeds).unwrap();
        places
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn flags(&self) -> [String; 2] {
        [
            "--feeds".to_owned(),
            self.at("feeds.toml").display().to_string(),
        ]
    }

    /// Puts a file into a folder in one step, waits until it is put away, and returns its report.
    fn feed(&self, folder: &str, file: &str, text: &str, taken: bool) -> String {
        let whole = self.at("whole");
        fs::write(&whole, text).unwrap();
        fs::rename(whole, self.at(folder).join(file)).unwrap();
        let done = self.at(&format!("{folder}-done"));
        let done = if taken { done } else { done.join("refused") };
        let report = done.join(format!("{file}.report.txt"));
        eventually("the file is put away with its report", || {
            if !done.join(file).exists() {
                return Err(format!("{} is not there", done.join(file).display()));
            }
            fs::read_to_string(&report).map_err(|error| error.to_string())
        })
    }
}

fn state(product: &Joinedup, name: &str) -> Value {
    let feeds = product.json("/api/v1/feeds").unwrap();
    let page = http::get_ok(&product.url("/sources")).unwrap().text();
    for feed in feeds["feeds"].as_array().unwrap() {
        assert!(page.contains(feed["name"].as_str().unwrap()), "{page}");
    }
    let all = feeds["feeds"].as_array().unwrap();
    all.iter()
        .find(|feed| feed["name"] == name)
        .unwrap()
        .clone()
}

#[test]
fn files_in_watched_folders_are_imported_once_and_name_nobody() {
    let places = Places::new();
    let flags = places.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &flags));

    let report = places.feed("lists", "monday.csv", &list(), true);
    assert!(report.contains("facts stored: 100\n"), "{report}");
    let before = discharges(&product);
    assert!(before > 0);
    let cells = product.cells();

    // The same list again, under another name, changes nothing; nor does it after what is remembered was lost.
    let report = places.feed("lists", "tuesday.csv", &list(), true);
    assert!(report.contains("facts stored: 0\n"), "{report}");
    product.kill9();
    fs::remove_file(product.folder().join("data/feeds/spells.snapshot")).unwrap();
    product.restart();
    let report = places.feed("lists", "wednesday.csv", &list(), true);
    assert!(report.contains("facts stored: 0\n"), "{report}");
    product.caught_up();
    assert_eq!(product.cells(), cells);

    // A list that lost its rows on the way is put aside, and the feed says so until a whole one comes.
    let report = places.feed("lists", "torn.csv", &list()[..700], false);
    assert!(report.contains("of 20 rows known"), "{report}");
    eventually("the feed fails", || {
        let feed = state(&product, "spells");
        let problem = feed["problem"].as_str().unwrap_or_default().to_owned();
        let since = feed["failing_since"].is_string();
        (since && problem.contains(".accept") && feed["refused"] == 1)
            .then_some(())
            .ok_or(feed)
    });
    places.feed("lists", "thursday.csv", &list(), true);
    eventually("the feed works again", || {
        let feed = state(&product, "spells");
        (feed["failing_since"].is_null() && feed["last"] == "thursday.csv")
            .then_some(())
            .ok_or(feed)
    });

    // A folder that was away for a while leaves nothing behind, though no file comes.
    let (lists, away) = (places.at("lists"), places.at("away"));
    fs::rename(&lists, &away).unwrap();
    eventually("the folder is missed", || {
        let feed = state(&product, "spells");
        feed["failing_since"].is_string().then_some(()).ok_or(feed)
    });
    fs::rename(&away, &lists).unwrap();
    eventually("the folder is there", || {
        let feed = state(&product, "spells");
        (feed["failing_since"].is_null() && feed["problem"].is_null())
            .then_some(())
            .ok_or(feed)
    });

    let returns = "week,trust,falls\n2026-06-01,RAJ,7\n2026-06-08,RAJ,many\n2026-06-15,RAJ,5\n";
    let report = places.feed("returns", "falls.csv", returns, true);
    assert!(report.contains("facts stored: 2\n"), "{report}");
    assert!(
        report.contains("rejects: 1\n  falls.csv:3: falls: "),
        "{report}"
    );
    assert!(!report.contains("many"), "{report}");
    let report = places.feed("returns", "other.csv", "a,b\n1,2\n", false);
    assert!(report.contains("refused: "), "{report}");

    product.caught_up();
    for path in files(product.folder()) {
        has_no_canary(&path.display().to_string(), &fs::read(&path).unwrap());
    }
    let is_report = |path: &PathBuf| path.to_string_lossy().ends_with(".report.txt");
    let reports: Vec<PathBuf> = files(places.folder.path())
        .into_iter()
        .filter(is_report)
        .collect();
    assert_eq!(reports.len(), 7);
    for path in reports {
        has_no_canary(&path.display().to_string(), &fs::read(&path).unwrap());
    }
    assert_eq!(product.sigterm().code(), Some(0), "{}", product.log());
}

#[test]
fn an_amount_restated_to_what_it_was_stands_and_an_older_list_takes_nothing_back() {
    let places = Places::new();
    let flags = places.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let product = Joinedup::start(JoinedupOptions::new("serve", &flags));
    let published = |file: &str, falls: u32| {
        let text = format!("week,trust,falls\n2026-06-01,RAJ,{falls}\n");
        let report = places.feed("returns", file, &text, true);
        product.caught_up();
        (report.contains("facts stored: 1\n"), product.cells())
    };
    let (first, then) = (published("a.csv", 7), published("b.csv", 9));
    let (again, same) = (published("c.csv", 7), published("d.csv", 7));
    assert_eq!(
        [first.0, then.0, again.0, same.0],
        [true, true, true, false]
    );
    assert_ne!(first.1, then.1);
    assert_eq!([&again.1, &same.1], [&first.1, &first.1]);
    // A command cannot know whether its file is an old one, and says so.
    let url = product.url("");
    let import = |falls: u32, flags: &[&str]| {
        let file = places.at("falls.csv");
        fs::write(&file, format!("week,trust,falls\n2026-06-08,RAJ,{falls}\n")).unwrap();
        let (mapping, file) = (places.at("falls.toml"), file.display().to_string());
        let mapping = mapping.display().to_string();
        let own = ["import", "--mapping", &mapping, "--url", &url];
        let run = product::run(own.iter().chain(flags).copied().chain([file.as_str()]));
        run.succeeded();
        product.caught_up();
        (run.stderr.contains("--edition"), product.cells())
    };
    let (first, then, again) = (import(7, &[]), import(9, &[]), import(7, &[]));
    assert_eq!([first.0, then.0, again.0], [false, false, true]);
    assert_eq!(again.1, then.1);
    let third = import(7, &["--edition", "third"]);
    assert!(!third.0 && third.1 == first.1);

    places.feed("lists", "monday.csv", &list(), true);
    let shorter = list().trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
    places.feed("lists", "tuesday.csv", &shorter, true);
    product.caught_up();
    let cells = product.cells();
    let whole = places.at("whole");
    fs::write(&whole, list()).unwrap();
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(86_400);
    let file = fs::File::options().write(true).open(&whole).unwrap();
    file.set_modified(yesterday).unwrap();
    fs::rename(whole, places.at("lists").join("old.csv")).unwrap();
    let report = places.at("lists-done/refused/old.csv.report.txt");
    let report = eventually("the older list is put aside", || {
        fs::read_to_string(&report)
    });
    assert!(
        report.contains("made before the list that was taken last"),
        "{report}"
    );
    product.caught_up();
    assert_eq!(product.cells(), cells);
    // A copy has a new time, and is known by what it holds.
    let report = places.feed("lists", "copy.csv", &list(), false);
    assert!(
        report.contains("the very same file was taken before"),
        "{report}"
    );
    product.caught_up();
    assert_eq!(product.cells(), cells);
}

#[test]
fn what_is_wrong_with_a_feed_stops_the_start_with_a_sentence() {
    let places = Places::new();
    let check = |change: &dyn Fn(String) -> String| {
        let text = fs::read_to_string(places.at("feeds.toml")).unwrap();
        let changed = places.at("changed.toml");
        fs::write(&changed, change(text)).unwrap();
        let data = places.at("data");
        let flags = [
            "--feeds".as_ref(),
            changed.as_os_str(),
            "--data".as_ref(),
            data.as_os_str(),
        ];
        let run = product::run(["serve".as_ref()].into_iter().chain(flags));
        assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
        run.stderr
    };
    let unknown = check(&|text| text.replace("pattern", "patern"));
    assert!(
        unknown.contains("`spells`") && unknown.contains("`patern`"),
        "{unknown}"
    );
    let mapping = check(&|text| text.replace("\"spells\"\narea", "\"spelz\"\narea"));
    assert!(mapping.contains("spelz"), "{mapping}");
    let area = check(&|text| text.replace("\"RAJ\"", "\"ZZZ9\""));
    assert!(area.contains("`area`"), "{area}");
    let folder = check(&|text| text.replace("/lists\"", "/no-such\""));
    assert!(folder.contains("no-such"), "{folder}");
    fs::set_permissions(places.at("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let key = check(&|text| text);
    assert!(key.contains("open to others"), "{key}");
}

#[test]
fn the_examples_of_the_manual_are_sound_feeds() {
    let manual = fs::read_to_string(folders::repository().join("docs/feeds.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    key(folder.path());
    fs::create_dir(folder.path().join("in")).unwrap();
    let blocks = manual.split("```toml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let (feeds, mappings): (Vec<&str>, Vec<&str>) =
        blocks.partition(|block| block.starts_with("[[feed]]"));
    assert_eq!((feeds.len(), mappings.len()), (4, 1));
    fs::write(folder.path().join("site.toml"), mappings[0]).unwrap();
    let here = folder.path().display().to_string();
    let file = folder.path().join("feeds.toml");
    fs::write(&file, feeds.concat().replace("/srv/joinedup", &here)).unwrap();
    let data = folder.path().join("data");
    let run = product::run([
        "check",
        "--feeds",
        file.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ]);
    run.succeeded();
    assert!(run.stderr.contains("4 feeds"), "{}", run.stderr);
}

#[test]
fn a_file_is_posted_with_a_token_that_is_bound_to_its_feed() {
    let places = Places::new();
    let feeds = format!(
        "[[feed]]\nname = \"lists\"\nkind = \"http\"\nmapping = \"spells\"\narea = \"RAJ\"\npseudonym_key_file = {:?}\n",
        places.at("key")
    );
    fs::write(places.at("feeds.toml"), feeds).unwrap();
    let flags = places.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut options = JoinedupOptions::new("serve", &flags);
    let mut settings = String::new();
    for (name, roles, sources) in [
        ("warehouse", "publisher", "sources = [\"/import/lists\"]"),
        ("other", "publisher", "sources = [\"/county/east\"]"),
        ("reader", "reader", ""),
        ("admin", "admin", ""),
    ] {
        options = options.file(name, &format!("{name}-0123456789abcdef0123456789abcdef"));
        settings.push_str(&format!(
            "[[tokens]]\nname = \"{name}\"\nfile = \"{name}\"\nroles = [\"{roles}\"]\n{sources}\n"
        ));
    }
    let product = Joinedup::start(options.file("joinedup.toml", &settings));
    let post = |token: &str, path: &str, body: &str| {
        let bearer = format!("Bearer {token}-0123456789abcdef0123456789abcdef");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "text/csv"),
        ];
        let url = product.url(&format!("/api/v1/feeds/{path}"));
        let answer = http::send("POST", &url, &headers, body.as_bytes()).unwrap();
        (answer.status, answer.text())
    };
    assert_eq!(post("reader", "lists", &list()).0, 403);
    assert_eq!(post("other", "lists", &list()).0, 403);
    assert_eq!(post("warehouse", "other", &list()).0, 404);
    let (status, report) = post("warehouse", "lists", &list());
    assert!(
        status == 200 && report.contains("facts stored: 100\n"),
        "{report}"
    );
    let (status, report) = post("warehouse", "lists", &list());
    assert!(
        status == 200 && report.contains("facts stored: 0\n"),
        "{report}"
    );
    let (status, problem) = post("warehouse", "lists", &list()[..700]);
    assert!(
        status == 422 && problem.contains("?accept=large-change"),
        "{problem}"
    );
    has_no_canary("the problem", problem.as_bytes());
    let (status, report) = post("warehouse", "lists?accept=large-change", &list()[..700]);
    assert!(
        status == 200 && !report.contains("facts stored: 0\n"),
        "{report}"
    );
    let (status, problem) = post("warehouse", "lists", "a,b\n1,2\n");
    assert!(
        status == 422 && problem.contains("LocalPatientID"),
        "{problem}"
    );
    for path in files(product.folder()) {
        has_no_canary(&path.display().to_string(), &fs::read(&path).unwrap());
    }
}
