//! Percentages on the page Add data: shown as they were read, and never added up.

use joinedup_tests::http;
use joinedup_tests::product::{Joinedup, JoinedupOptions};

use super::add_data::{bring, second};
use super::pages::empty;

#[test]
fn percentages_are_shown_as_read_and_never_added_up() {
    let product = empty();
    let table =
        "Month,Trust,% seen in 4 hours\n2026-01,RAJ,90.1%\n2026-02,RAJ,91%\n2026-03,RAJ,192%\n";
    let step = second(&bring(&product, "seen.csv", table.as_bytes(), &[]));
    let path = product.url(step.split('?').next().unwrap());
    let origin = product.url("");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let choices =
        |series: &str| format!("use=own&name=seen&grain=month&date=0&place=1&v2={series}");
    let send = |series: &str| {
        let choices = choices(series);
        http::send("POST", &path, &headers, choices.as_bytes()).unwrap()
    };
    // The share of a measure is of something, and the file does not say of what.
    let refused = send("ae-within-4h");
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("are out of"), "{}", refused.text());
    let page = http::get_ok(&format!("{path}?{}", choices("own"))).unwrap();
    let sample = page.text();
    let (_, sample) = sample.split_once("id=\"sample\"").unwrap();
    assert!(
        sample.contains("90.1%") && sample.contains("Jan 2026"),
        "{sample}"
    );
    assert!(sample.contains("more than 100 %"), "{sample}");
    let taken = send("own").text();
    assert!(taken.contains("2 numbers were added"), "{taken}");
    assert!(
        taken.contains("aggregate = &quot;as_reported&quot;"),
        "{taken}"
    );
    // Who looks again learns that it was added.
    let again = http::get_ok(&format!("{path}?{}", choices("own"))).unwrap();
    assert!(
        !again.text().contains("Nothing is saved"),
        "{}",
        again.text()
    );
    // With that measure 85 is 85%, whatever the title says.
    let lines = taken.split("<pre class=\"explained\"").nth(1).unwrap();
    let lines = lines
        .split_once('>')
        .unwrap()
        .1
        .split("</pre>")
        .next()
        .unwrap();
    let options = JoinedupOptions::new("serve", &["--measures", "own.toml"])
        .file("own.toml", &lines.replace("&quot;", "\""));
    let with_measure = Joinedup::start(options);
    let table = "Month,Trust,Seen in 4 hours\n2026-04,RAJ,85\n2026-05,RAJ,92.5\n";
    let step = second(&bring(&with_measure, "seen.csv", table.as_bytes(), &[]));
    let path = with_measure.url(step.split('?').next().unwrap());
    let page = http::get_ok(&format!("{path}?{}", choices("local-seen-in-4-hours"))).unwrap();
    assert!(page.text().contains("92.5%"), "{}", page.text());
}

#[test]
fn what_is_counted_may_stand_in_a_column_and_nothing_unseen_is_added() {
    let product = empty();
    let table = "Month,Trust,Indicator,Value\n2026-01,RAJ,Falls,5\n2026-01,RAJ,Complaints,2\n2026-02,RAJ,Falls,6\n2026-02,RAJ,Complaints,3\n";
    let step = second(&bring(&product, "kpis.csv", table.as_bytes(), &[]));
    let page = http::get_ok(&product.url(&step)).unwrap().text();
    for offered in [
        "This column says it: Indicator",
        "<strong>Falls</strong>",
        "<strong>Complaints</strong>",
    ] {
        assert!(page.contains(offered), "{offered} in {page}");
    }
    let path = product.url(step.split('?').next().unwrap());
    let origin = product.url("");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let send = |kind: &str| {
        let form = format!(
            "use=own&name=kpis&sheet=0&kind={kind}&seen=0-0&grain=month&date=0&place=1&v2=own"
        );
        http::send("POST", &path, &headers, form.as_bytes()).unwrap()
    };
    // The columns that the form has are not those that it asks for.
    let unseen = send("titles");
    assert_eq!(unseen.status, 422);
    assert!(
        unseen.text().contains("id=\"other-part\""),
        "{}",
        unseen.text()
    );
    let taken = send("0");
    assert!(
        taken.text().contains("2 numbers were added"),
        "{}",
        taken.text()
    );
    // The next file corrects one of them.
    let corrected = table.replace("Falls,6", "Falls,7");
    let step = second(&bring(&product, "kpis.csv", corrected.as_bytes(), &[]));
    let path = product.url(step.split('?').next().unwrap());
    let form = "use=own&name=kpis&kind=0&grain=month&date=0&place=1&v2=own";
    let check = http::get_ok(&format!("{path}?{form}")).unwrap().text();
    assert!(
        check.contains("1 number replaces what was reported before"),
        "{check}"
    );
    let again = http::send("POST", &path, &headers, form.as_bytes())
        .unwrap()
        .text();
    for words in [
        "1 number replaced what was reported before",
        "1 number was there already",
    ] {
        assert!(again.contains(words), "{words} in {again}");
    }
}
