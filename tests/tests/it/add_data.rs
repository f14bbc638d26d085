//! Data added on a page: from a spreadsheet to a chart, in a browser and without a command; and who may not.

use super::pages::empty;
use joinedup_tests::browser::{Browser, Page};
use joinedup_tests::http::{self, Response};
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tokens::{token, with_tokens};
use std::collections::BTreeSet;
use std::fs;

/// Three columns: month, place, number. One number is none, and one place is not ours.
const CANARY: &str = "Mrs Canary";
const TABLE: &str = "Month,Place,Days in bed\nJan 2026,North Havenshire,120\nFeb 2026,North Havenshire,131\nMar 2026,North Havenshire,Mrs Canary\n\
                     Mar 2026,The New Ward,90\n";

fn accessible(page: &mut Page) {
    let bad: Vec<_> = page
        .accessibility_violations()
        .into_iter()
        .filter(|v| matches!(v.impact.as_str(), "serious" | "critical"))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(!page.scrolls_sideways());
}

/// Sends the first step as a browser does, and answers with what came.
pub fn bring(product: &Joinedup, name: &str, bytes: &[u8], headers: &[(&str, &str)]) -> Response {
    let field = format!("file\"; filename=\"{name}");
    bring_in(product, &field, bytes, headers)
}

/// The same in a field: what is pasted is in another than what is chosen.
fn bring_in(product: &Joinedup, field: &str, bytes: &[u8], headers: &[(&str, &str)]) -> Response {
    let mut body =
        format!("--edge\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n").into_bytes();
    body.extend(bytes);
    body.extend(b"\r\n--edge--\r\n");
    let origin = product.url("");
    let own = [
        ("content-type", "multipart/form-data; boundary=edge"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let headers: Vec<_> = own.into_iter().chain(headers.iter().copied()).collect();
    http::send("POST", &product.url("/data/add"), &headers, &body).unwrap()
}

/// Where the second step is.
pub fn second(answer: &Response) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

#[test]
fn a_pasted_table_becomes_a_chart() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/"));
    page.click("a[href*='/data/add']");
    page.wait_for("textarea[name=text]");
    accessible(&mut page);
    page.click("textarea[name=text]");
    page.type_text(TABLE);
    page.click("main button");
    page.wait_for("#take");
    accessible(&mut page);
    // What the numbers are cannot be seen from the title of the column.
    assert!(page.text("#to-do").contains("Choose what the numbers are"));
    page.choose("select[name=v2]", "emergency-bed-days");
    page.click("form.steps button.quiet");
    page.wait_for("#unknown");
    accessible(&mut page);
    let counts = page.text("#counts");
    assert!(
        counts.starts_with("2 numbers from 4 rows: 1 place, 2 periods"),
        "{counts}"
    );
    let refused = page.text("#refused");
    assert!(
        refused.contains("4") && refused.contains("Days in bed"),
        "{refused}"
    );
    assert!(refused.contains("is not a place that we know"), "{refused}");
    assert!(page.text("#unknown").contains("The New Ward"));
    let is_shown = |page: &mut Page| {
        let source = page.evaluate("document.documentElement.outerHTML");
        source.as_str().unwrap().contains(CANARY) || page.address().contains("Canary")
    };
    assert!(!is_shown(&mut page));
    page.click("#unknown input");
    page.type_text("havenshire-west");
    page.click("form.steps button.quiet");
    page.wait_until(
        "document.querySelector('#counts')?.innerText.startsWith('3 numbers from 4 rows: 2 places')",
        "the place that was chosen counts",
    );
    assert!(!page.address().contains("New"), "{}", page.address());
    page.click("#take");
    page.wait_for("#taken");
    accessible(&mut page);
    assert!(!is_shown(&mut page));
    assert!(page.text("#taken").starts_with("3 numbers were added."));
    page.click("#charts a");
    page.wait_for("#points");
    let shown = "document.querySelector('#points [data-start=\"2026-02-01\"] [data-value]')?.dataset.value === '131'";
    page.wait_until(shown, "the chart has the numbers");
    assert_eq!(page.complaints(), &[] as &[String]);
    assert_eq!(page.requests_that_left(), Vec::new());
}

#[test]
fn a_workbook_becomes_a_chart_without_a_correction() {
    let product = empty();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (at, title) in (0..).zip(["Month", "Area", "Emergency bed days"]) {
        sheet.write_string(2, at, title).unwrap();
    }
    sheet
        .write_string(0, 0, "Made by the information team")
        .unwrap();
    let date = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
    for (row, month) in (3..).zip(1..=9) {
        let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2025, month, 1).unwrap();
        sheet
            .write_datetime_with_format(row, 0, &day, &date)
            .unwrap();
        sheet.write_string(row, 1, "havenshire-north").unwrap();
        sheet.write_number(row, 2, f64::from(month) * 10.0).unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/data/add"));
    let script = format!(
        "(() => {{ const all = new DataTransfer(); all.items.add(new File([new Uint8Array({bytes:?})], 'beds.xlsx')); \
         document.querySelector('input[type=file]').files = all.files; }})()"
    );
    page.evaluate(&script);
    page.click("main button");
    page.wait_for("#take");
    let counts = page.text("#counts");
    assert!(
        counts.starts_with("9 numbers from 9 rows: 1 place, 9 periods"),
        "{counts}"
    );
    page.click("#take");
    page.wait_for("#charts a");
    page.click("#charts a");
    page.wait_until(
        "document.querySelector('#points [data-start=\"2025-09-01\"] [data-value]')?.dataset.value === '90'",
        "the chart has the numbers",
    );
}

#[test]
fn the_saved_choices_import_the_next_file() {
    let product = empty();
    let table = "Week ending,Emergency bed days,Ward\n05/04/2026,12,Nine\n12/04/2026,15,Nine\n";
    let step = second(&bring(&product, "nine.csv", table.as_bytes(), &[]));
    // Which place "Nine" is, is the field of the form that has no name of ours.
    let choices = "use=own&name=nine&grain=week&date=0&place=2&v1=emergency-bed-days";
    let form = http::get_ok(&product.url(&format!("{step}?{choices}")))
        .unwrap()
        .text();
    let (_, after) = form.split_once("type=\"text\" name=\"p").unwrap();
    let field = after.split('"').next().unwrap();
    let choices = format!("{choices}&p{field}=RAJ");
    let path = step.split('?').next().unwrap();
    let saved = http::get_ok(&product.url(&format!("{path}/mapping.toml?{choices}"))).unwrap();
    assert_eq!(
        saved.header("content-disposition"),
        Some("attachment; filename=\"nine.toml\"")
    );
    let origin = product.url("");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let taken = http::send("POST", &product.url(path), &headers, choices.as_bytes()).unwrap();
    assert!(
        taken.text().contains("2 numbers were added"),
        "{}",
        taken.text()
    );
    let again = http::send("POST", &product.url(path), &headers, choices.as_bytes()).unwrap();
    assert!(
        again.text().contains("2 numbers were there already"),
        "{}",
        again.text()
    );

    let folder = tempfile::tempdir().unwrap();
    let (mapping, file) = (
        folder.path().join("nine.toml"),
        folder.path().join("next.csv"),
    );
    fs::write(&mapping, saved.text()).unwrap();
    fs::write(&file, format!("{table}19/04/2026,9,Nine\n")).unwrap();
    let url = product.url("");
    let arguments = [
        "import".as_ref(),
        "--url".as_ref(),
        url.trim_end_matches('/').as_ref(),
        "--mapping".as_ref(),
        mapping.as_os_str(),
        file.as_os_str(),
    ];
    let run = product::run(arguments);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let output = format!("{}{}", run.stdout, run.stderr);
    assert!(output.contains("1 accepted, 2 duplicates"), "{output}");
}

#[test]
fn a_number_that_is_put_back_to_what_it_was_stands() {
    let product = empty();
    let origin = product.url("");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let choices = "use=own&name=ward&grain=month&date=0&place=2&v1=emergency-bed-days";
    let add = |days: u32| {
        let table = format!("Month,Emergency bed days,Ward\n2026-05,{days},RAJ\n");
        let step = second(&bring(&product, "ward.csv", table.as_bytes(), &[]));
        let path = product.url(step.split('?').next().unwrap());
        let taken = http::send("POST", &path, &headers, choices.as_bytes()).unwrap();
        taken.text()
    };
    for (days, words) in [
        (120, "was added"),
        (130, "replaced what"),
        (120, "replaced what"),
    ] {
        let taken = add(days);
        assert!(
            taken.contains(&format!("1 number {words}")),
            "{days}: {taken}"
        );
        product.caught_up();
    }
    let again = add(120);
    assert!(again.contains("1 number was there already"), "{again}");
    let cells = product.cells();
    assert!(cells.contains("120") && !cells.contains("130"), "{cells}");
}

#[test]
fn what_no_measure_takes_is_kept_and_charted_once_the_lines_are_a_file() {
    let product = empty();
    let table = "Month,Trust,Falls with harm\n2026-01,RAJ,3\n2026-02,RAJ,4\n";
    let step = second(&bring(&product, "falls.csv", table.as_bytes(), &[]));
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url(&step));
    page.choose("select[name=v2]", "own");
    page.click("#take");
    page.wait_for("pre.explained");
    accessible(&mut page);
    assert!(
        page.text("main")
            .contains("observation.local-falls-with-harm")
    );
    let lines = page.text("pre.explained");
    let options =
        JoinedupOptions::new("serve", &["--measures", "own.toml"]).file("own.toml", &lines);
    let with_measure = Joinedup::start(options);
    let step = second(&bring(&with_measure, "falls.csv", table.as_bytes(), &[]));
    page.goto(&with_measure.url(&step));
    page.wait_for("#take");
    page.click("#take");
    page.wait_for("#charts a");
    page.click("#charts a");
    page.wait_until(
        "document.querySelector('#points [data-start=\"2026-02-01\"] [data-value]')?.dataset.value === '4'",
        "the chart has the numbers",
    );
}

#[test]
fn a_published_return_is_offered_as_what_it_is() {
    let product = empty();
    let mapping =
        fs::read_to_string(joinedup_tests::folders::repository().join("services/mappings/ae.toml"))
            .unwrap();
    let columns: BTreeSet<&str> = mapping
        .lines()
        .filter_map(|line| line.strip_prefix("value = \"")?.strip_suffix('"'))
        .collect();
    let table = format!(
        "month,trust_code,{}\n2026-01,RAJ{}\n",
        columns.iter().copied().collect::<Vec<_>>().join(","),
        ",7".repeat(columns.len())
    );
    let step = second(&bring(&product, "ae.csv", table.as_bytes(), &[]));
    let page = http::get_ok(&product.url(&step)).unwrap().text();
    assert!(
        page.contains("We know this table")
            && page.contains("Accident and emergency, by trust and month"),
        "{page}"
    );
}

#[test]
fn what_was_pasted_or_chosen_is_still_in_a_form_that_comes_back() {
    let product = empty();
    let answer = bring_in(&product, "text", b"a table <of> one cell", &[]);
    assert_eq!(answer.status, 422);
    let page = answer.text();
    assert!(
        page.contains(">a table &lt;of&gt; one cell</textarea>"),
        "{page}"
    );
    assert!(
        page.contains("What you pasted is still in the form"),
        "{page}"
    );
    let table = "Month,Emergency bed days,Ward\n2026-05,12,Nine\n";
    let step = second(&bring(&product, "ward.csv", table.as_bytes(), &[]));
    let choices = "grain=week&date=0&place=one&one=Quillfeather&v1=own&name=two+words";
    let page = http::get_ok(&product.url(&format!("{step}?{choices}")))
        .unwrap()
        .text();
    for kept in [
        "value=\"one\" selected",
        "value=\"Quillfeather\"",
        "value=\"own\" selected",
        "value=\"two words\"",
        "value=\"week\" selected",
    ] {
        assert!(page.contains(kept), "{kept}: {page}");
    }
}

#[test]
fn a_wrong_file_is_answered_in_words() {
    let product = empty();
    for (name, bytes, word) in [
        ("a.csv", &b"hello"[..], "no table"),
        ("a.json", b"[{}]", "not a table"),
        ("a.xlsx", b"PK\x03\x04 Mrs Canary", "not a workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xlsx"),
        ("a.csv", b" \n", "Choose a file"),
    ] {
        let answer = bring(&product, name, bytes, &[]);
        assert_eq!(answer.status, 422, "{name}");
        let text = answer.text();
        assert!(
            text.contains("There is a problem") && text.contains(word),
            "{text}"
        );
        assert!(!text.contains("Canary"), "{text}");
    }
    let large = "1,2\n".repeat((4 << 20) / 4 + 1);
    let answer = bring(&product, "a.csv", large.as_bytes(), &[]);
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("4 MiB"), "{}", answer.text());
    // What is as large as that is taken.
    let rows = "2026-01,RAJ,7\n".repeat(200_000);
    let answer = bring(
        &product,
        "a.csv",
        format!("month,trust,n\n{rows}").as_bytes(),
        &[],
    );
    assert_eq!(answer.status, 303, "{}", answer.text());
}

const SETTINGS: &str = r#"
[[tokens]]
name = "admin"
file = "admin"
roles = ["admin"]

[[tokens]]
name = "reader"
file = "reader"
roles = ["reader", "assessor"]

[[tokens]]
name = "north"
file = "north"
roles = ["publisher", "reader"]
areas = ["havenshire-north"]
"#;

#[test]
fn only_publishers_add_data_and_only_of_their_areas_and_from_our_own_pages() {
    let names = ["admin", "reader", "north"];
    let product = Joinedup::start(with_tokens(SETTINGS, &names));
    let bearer = |name: &str| format!("Bearer {}", token(name));
    let ask = |name: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let bearer = bearer(name);
        let headers: Vec<_> = headers
            .iter()
            .copied()
            .chain([("authorization", bearer.as_str())])
            .collect();
        http::send(method, &product.url(path), &headers, body).unwrap()
    };
    let table =
        "month,place,Emergency bed days\n2026-01,havenshire-north,5\n2026-01,havenshire-west,6\n";
    assert_eq!(ask("reader", "GET", "/data/add", &[], b"").status, 403);
    let sent = |name: &str| {
        bring(
            &product,
            "a.csv",
            table.as_bytes(),
            &[("authorization", &bearer(name))],
        )
    };
    assert_eq!(sent("reader").status, 403);
    assert!(
        !ask("reader", "GET", "/sources", &[], b"")
            .text()
            .contains("/data/add")
    );
    assert!(
        ask("north", "GET", "/sources", &[], b"")
            .text()
            .contains("/data/add")
    );

    let step = second(&sent("north"));
    // It is the sender's alone, and whose name is known is not enough.
    assert_eq!(ask("admin", "GET", &step, &[], b"").status, 404);
    let page = ask("north", "GET", &step, &[], b"").text();
    assert!(page.contains("1 number from 2 rows"), "{page}");
    let path = step.split('?').next().unwrap();
    let head = product_head(&product, &bearer("admin"));
    let elsewhere = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://elsewhere.example"),
    ];
    assert_eq!(ask("north", "POST", path, &elsewhere, b"").status, 403);
    assert_eq!(ask("north", "POST", path, &[elsewhere[0]], b"").status, 403);
    assert_eq!(product_head(&product, &bearer("admin")), head);
    let origin = product.url("");
    let own = [elsewhere[0], ("origin", origin.trim_end_matches('/'))];
    let taken = ask("north", "POST", path, &own, b"");
    assert!(
        taken.text().contains("1 number was added"),
        "{}",
        taken.text()
    );
}

/// What is in the log, as far as it is seen.
fn product_head(product: &Joinedup, bearer: &str) -> String {
    let headers = [("authorization", bearer)];
    let cells = http::send("GET", &product.url("/api/v1/export/cells"), &headers, b"");
    cells.unwrap().text()
}
