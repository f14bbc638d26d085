//! Frameworks rated and answered on pages, in a browser: raters who agree, a round of eighty ratings, questionnaires, and
//! what is refused; all of a local framework as of a shipped one.

use super::pages::empty;
use joinedup_tests::browser::{Browser, Key, Page};
use joinedup_tests::http;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};

/// A local team's own: a framework that places are rated by, and a questionnaire.
pub const OWN: &str = include_str!("own_frameworks.toml");

/// Twenty answers in a spreadsheet, one of them off the scale.
fn spreadsheet(off: &str) -> String {
    let rows = (1..=20).map(|day| {
        let answer = if day == 7 { off } else { "agree" };
        format!("{day:02}/03/2026\t{answer}\tyes")
    });
    let rows: Vec<String> = rows.collect();
    format!("Date\tA say in decisions\tCarer\n{}", rows.join("\n"))
}

/// A server that knows the local team's frameworks.
pub fn with_own() -> Joinedup {
    let options = JoinedupOptions::new("serve", &["--catalogue", "own.toml"]);
    Joinedup::start(options.file("own.toml", OWN))
}

fn accessible(page: &mut Page) {
    let mut bad = page.accessibility_violations();
    bad.retain(|v| matches!(v.impact.as_str(), "serious" | "critical"));
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(!page.scrolls_sideways());
}

fn clean(page: &mut Page) {
    assert_eq!(page.complaints(), &[] as &[String]);
    assert_eq!(page.requests_that_left(), Vec::new());
}

/// Chooses by the keyboard alone, one digit a field, and saves.
fn type_levels(page: &mut Page, levels: &[u8]) {
    // Keys that come before the first picture are lost to any page.
    let painted = "performance.getEntriesByName('first-contentful-paint').length > 0";
    page.wait_until(painted, "the page is shown");
    if page.count("form.answers") > 0 {
        let focused = "document.activeElement.matches('#a-0-0 input')";
        page.wait_until(focused, "the first question has the focus");
    } else {
        page.evaluate("document.querySelector('.ballot input').focus()");
    }
    // What is not saved is not left without a question.
    let asks = "(() => { const leaving = new Event('beforeunload', { cancelable: true }); return !dispatchEvent(leaving) })()";
    let is_sheet = page.count("form.sheet") > 0;
    assert_eq!(page.evaluate(asks), false);
    for level in levels {
        page.press(Key::Digit(*level));
    }
    assert_eq!(page.evaluate(asks), is_sheet);
    assert!(page.focused().contains("Save"), "{}", page.focused());
    // The page before this one may say that something was saved as well.
    page.evaluate("document.body.dataset.before = ''");
    page.press(Key::Enter);
    let saved = "!('before' in document.body.dataset) && document.querySelector('#saved') !== null";
    page.wait_until(saved, "the next page says that it is saved");
}

#[test]
fn twenty_questionnaires_are_pasted_from_a_spreadsheet_or_none_of_them() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let paste = |page: &mut Page, table: &str| {
        page.click("#many summary");
        page.click("#text");
        page.evaluate("document.querySelector('#text').value = ''");
        page.type_text(table);
        page.click("#many button");
    };
    page.goto(&product.url("/frameworks/i-statements/answers?area=havenshire-north"));
    paste(&mut page, &spreadsheet("9"));
    page.wait_for("#refused");
    accessible(&mut page);
    let refused = page.text("#refused");
    assert!(
        refused.contains("Line 8, A say in decisions: The answer must be from 1 to 5"),
        "{refused}"
    );
    assert_eq!(product.caught_up(), 0);
    assert_eq!(
        page.evaluate("document.querySelector('#text').value.split('\\n').length"),
        json!(21)
    );
    page.goto(&product.url("/frameworks/i-statements/answers?area=havenshire-north"));
    paste(&mut page, &spreadsheet("5"));
    page.wait_for("#saved");
    let said = page.text("#saved");
    assert!(said.contains("20 answers. 20 questionnaires"), "{said}");
    assert_eq!(product.caught_up(), 20);
    let chart = product
        .json("/api/v1/charts/ex-involved-agree?area=havenshire-north&carer=yes")
        .unwrap();
    let last = chart["points"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["period_start"] == "2026-03-01")
        .unwrap()
        .clone();
    assert_eq!((&last["value"], &last["n"]), (&json!(1.0), &json!(20)));
}

/// Three raters and the county: they differ by two levels at most, but for one item.
const RATERS: [(&str, [u8; 12]); 3] = [
    ("r1", [3, 2, 1, 4, 3, 2, 5, 3, 0, 4, 2, 3]),
    ("r2", [3, 3, 1, 4, 4, 2, 4, 3, 1, 4, 2, 2]),
    ("r3", [4, 2, 2, 5, 3, 1, 4, 3, 5, 4, 3, 3]),
];
/// The medians of the three, and what is settled where they do not agree.
const SETTLED: [u8; 12] = [3, 2, 1, 4, 3, 2, 4, 3, 1, 4, 2, 3];

#[test]
fn three_raters_come_to_a_consensus_and_a_radar() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let sheet = product.url("/frameworks/scirocco/sheet?area=havenshire&of=itself&round=2026");
    for (rater, levels) in RATERS {
        page.goto(&format!("{sheet}&rater={rater}"));
        // Whoever rates alone does not see what the others gave.
        assert_eq!(page.count(".ballot input:checked"), 0);
        type_levels(&mut page, &levels);
        assert!(page.text("#saved").contains("12 entries saved"));
        let progress = page.text("#sheet-name");
        assert!(progress.ends_with("12 of 12 rated"), "{progress}");
    }
    page.goto(&format!("{sheet}&view=moderate"));
    accessible(&mut page);
    assert_eq!(
        page.texts("thead th").len(),
        6,
        "an item, three raters, what stands, why"
    );
    let first = page.text("tbody tr:first-child");
    assert!(
        first.contains("agreed: progressing. Median 3; 0 of 3 outside"),
        "{first}"
    );
    let split = page.text("tbody tr:nth-child(9)");
    assert!(split.contains("not agreed"), "{split}");
    assert_eq!(
        page.count("#level-0-8 input:checked"),
        0,
        "what is not agreed is not suggested"
    );
    page.click("#level-0-8 input[value='1']");
    page.click("tbody tr:nth-child(9) input[type=text]");
    page.type_text("Only one service evaluates so far.");
    page.click("button[value=publish]");
    page.wait_for("#saved");
    let said = page.text("#saved");
    assert!(
        said.contains("12 entries saved and 12 ratings published in round 2026"),
        "{said}"
    );
    assert_eq!(
        page.focused(),
        "div#saved 12 entries saved and 12 ratings published in round 2026."
    );

    page.click("nav.choices a[href*='/results']");
    page.wait_for("svg.radar[role=img]");
    accessible(&mut page);
    let aloud = page.attribute("svg.radar[role=img]", "aria-label").unwrap();
    assert!(
        aloud.contains("Readiness to change 3, Structure and governance 2"),
        "{aloud}"
    );
    let shown: Vec<String> = page.texts("#as-levels td:nth-child(2) .level");
    assert_eq!(shown, SETTLED.map(|level| level.to_string()));
    assert_eq!(page.count("svg.radar polygon.one"), 1);
    let csv =
        http::get_ok(&product.url("/frameworks/scirocco/results.csv?area=havenshire")).unwrap();
    let rows: Vec<String> = csv.text().lines().map(ToOwned::to_owned).collect();
    assert_eq!(rows.len(), 13);
    assert!(rows[1].contains("2026,published,3,,3,3,,"), "{}", rows[1]);
    // The API says the same.
    let ratings = product
        .json("/api/v1/assessments?area=havenshire&framework=scirocco")
        .unwrap();
    let ninth = ratings["assessments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["item"] == "evaluation-methods");
    let round = &ninth.unwrap()["rounds"][0];
    assert_eq!(
        (&round["published"], &round["consensus"]["agreed"]),
        (&json!(1), &json!(false))
    );
    clean(&mut page);
}

#[test]
fn a_round_of_eighty_ratings_takes_eighty_one_clicks_and_last_years_stands_beside_it() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.viewport(1366, 768);
    // A server without data begins in England, whose councils are too many for one sheet.
    page.goto(&product.url("/frameworks/scie/sheet"));
    accessible(&mut page);
    assert_eq!(page.count("#level-0-0"), 1);
    assert_eq!(page.count("#level-1-0"), 0);
    page.goto(&product.url("/frameworks?area=havenshire"));
    page.click("a[href*='/frameworks/scie/sheet']");
    page.wait_for("form.sheet");
    accessible(&mut page);
    let questions = page.texts("tr.group").join(" ");
    assert!(questions.matches('?').count() == 2, "{questions}");
    let mut clicks = 0;
    let mut click = |page: &mut Page, selector: &str| {
        page.click(selector);
        clicks += 1;
    };
    for row in 0..20 {
        for column in 0..4 {
            let level = 1 + (row + column) % 5;
            click(
                &mut page,
                &format!("#level-{column}-{row} input[value='{level}']"),
            );
        }
    }
    click(&mut page, "button[value=save]");
    page.wait_for("#saved");
    assert!(page.text("#saved").contains("80 entries saved"));
    assert!(page.text("#sheet-name").ends_with("80 of 80 rated"));
    assert!(clicks < 100, "{clicks} clicks");

    // Last year's, entered late with its day, in one place.
    let past = "/frameworks/scie/sheet?area=havenshire-north&of=itself&round=2025";
    page.goto(&product.url(past));
    page.evaluate("document.querySelector('#on').value = '2025-09-10'");
    type_levels(&mut page, &[2; 20]);
    for (area, round) in [
        ("havenshire-north&of=itself", "2025"),
        ("havenshire", "2026"),
    ] {
        page.goto(&product.url(&format!(
            "/frameworks/scie/sheet?area={area}&round={round}&view=moderate"
        )));
        page.click("button[value=publish]");
        page.wait_for("#saved");
    }
    page.goto(&product.url("/frameworks/scie/results?area=havenshire-north"));
    let heading = page.text("#results-name");
    assert!(
        heading.ends_with("round 2026 compared with round 2025"),
        "{heading}"
    );
    // The second column of the sheet is the north: level 2 in the first row, 3 in the second.
    let rows = page.texts("#as-levels tbody tr");
    assert!(
        rows[0].contains("same") && rows[1].contains("1 higher"),
        "{rows:?}"
    );
    page.goto(&product.url("/frameworks/scie/results?area=havenshire"));
    // Levels 1, 2, 3 and 4 in the first row: the lower median is 2.
    let together = page.text("#as-levels tbody tr:first-child td");
    assert!(together.starts_with('2'), "{together}");
    clean(&mut page);
}

#[test]
fn what_is_refused_stays_on_the_sheet_with_the_reason_at_its_field() {
    let product = empty();
    let mut browser = Browser::start();
    let (mut one, mut two) = (browser.page(), browser.page());
    let sheet =
        product.url("/frameworks/dmic-cluster/sheet?area=havenshire-north&of=itself&round=2026");
    one.goto(&sheet);
    two.goto(&sheet);
    one.click("#level-0-0 input[value='1']");
    one.click("#level-0-3 input[value='1']");
    one.click("button[value=save]");
    one.wait_for("#saved");
    two.click("#level-0-0 input[value='2']");
    two.click("#level-0-1 input[value='2']");
    two.click("button[value=save]");
    two.wait_for("#refused");
    accessible(&mut two);
    let said = two.text("#refused");
    assert!(
        said.contains("1 entry saved") && said.contains("Somebody else recorded"),
        "{said}"
    );
    assert!(
        two.text("#level-0-0 .why")
            .contains("Compare with what stands now")
    );
    assert_eq!(two.count("#level-0-0 input[value='2']:checked"), 1);
    // What the second never touched shows what the first saved.
    assert_eq!(two.count("#level-0-3 input[value='1']:checked"), 1);
    // Having seen it, the second means it, and means no other.
    two.click("button[value=save]");
    two.wait_for("#saved");
    let said = two.text("#saved");
    assert!(said.contains("1 entry saved"), "{said}");

    let plan = product.url("/frameworks/dmic-cluster/sheet?area=havenshire-north&view=plan");
    one.goto(&plan);
    one.click("#level-0-2 input[value='2']");
    one.evaluate("document.querySelector('#by').value = '2020-01-01'");
    one.click("#note-0-1");
    one.type_text("One front door.");
    one.click("#note-0-2");
    one.type_text("Two teams share one rota.");
    one.click("#note-0-3");
    one.type_text("Seen by 943 476 5919 in March.");
    one.click("button[value=save]");
    one.wait_for("#refused");
    assert!(one.text("#level-0-2 .why").contains("future"));
    assert!(one.text("#refused").contains("What is written"));
    assert_eq!(
        one.evaluate("document.querySelector('#note-0-3').value"),
        json!("Seen by 943 476 5919 in March.")
    );
    let written = "[...document.querySelectorAll('#note-0-1, #note-0-2')].map(note => note.value)";
    assert_eq!(
        one.evaluate(written),
        json!(["", "Two teams share one rota."]),
        "what was taken is not sent again, and evidence of what was not waits for it"
    );
    one.evaluate("document.querySelector('#by').value = '2028-03-31'; document.querySelector('#note-0-3').value = ''");
    one.click("button[value=save]");
    one.wait_for("#saved");
    let rated = product
        .json("/api/v1/assessments?area=havenshire-north&framework=dmic-cluster")
        .unwrap();
    let notes = |item: &Value| item["notes"].as_array().map_or(0, Vec::len);
    let all = rated["assessments"].as_array().unwrap();
    assert_eq!(all.iter().map(notes).sum::<usize>(), 2);
    let third = rated["assessments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["item"] == "interprofessional-teamwork")
        .unwrap();
    assert_eq!(third["ambition"]["by"], "2028-03-31");
    assert_eq!(third["notes"].as_array().unwrap().len(), 1);
}

#[test]
fn the_names_of_the_places_stay_in_sight() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let sheet = product.url("/frameworks/scie/sheet?area=havenshire&of=within&round=2026");
    page.viewport(1366, 768);
    page.goto(&sheet);
    let name = page.text("form.sheet thead th:nth-child(2)");
    let name = name.lines().next().unwrap().to_owned();
    // On a wide screen the name stands in the header alone.
    let label = "document.querySelector('form.sheet td .only-narrow')";
    let is_shown = format!("{label}.offsetHeight > 0");
    assert_eq!(page.evaluate(&is_shown), json!(false));
    page.evaluate(
        "document.querySelector('#level-0-10').scrollIntoView({ block: 'center', behavior: 'instant' })",
    );
    let is_seen = "(b => Boolean(document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2)?.closest('thead')))\
        (document.querySelector('form.sheet thead th:nth-child(2)').getBoundingClientRect())";
    assert_eq!(page.evaluate(is_seen), json!(true));
    accessible(&mut page);
    page.viewport(390, 800);
    page.goto(&sheet);
    assert_eq!(page.evaluate(&is_shown), json!(true));
    assert_eq!(page.evaluate(&format!("{label}.textContent")), json!(name));
    accessible(&mut page);
    clean(&mut page);
}

#[test]
fn a_local_framework_is_rated_and_answered_without_code() {
    let product = with_own();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/frameworks"));
    page.click("a[href*='/frameworks/our-readiness/sheet']");
    page.wait_for("form.sheet");
    page.goto(
        &product.url("/frameworks/our-readiness/sheet?area=havenshire-west&of=itself&round=2026"),
    );
    type_levels(&mut page, &[0, 2, 3]);
    page.goto(&product.url("/frameworks/our-readiness/results?area=havenshire-west"));
    page.wait_for("svg.radar[role=img]");
    accessible(&mut page);
    assert!(
        page.text("#as-levels tbody tr:first-child")
            .contains("not published")
    );

    // A local component stands among the shipped ones.
    page.goto(&product.url("/frameworks/scie/sheet?area=havenshire-west&of=itself&round=2026"));
    assert!(page.text("form.sheet").contains("Supported work"));

    page.goto(&product.url("/frameworks/our-ward-card/answers?area=havenshire-west"));
    type_levels(&mut page, &[3, 1]);
    let said = page.text("#saved");
    assert!(
        said.contains("Saved: 2 answers. 1 questionnaire entered"),
        "{said}"
    );
    clean(&mut page);
}

#[test]
fn paper_questionnaires_are_typed_in_one_after_another() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/frameworks/p3c-eq/answers?area=havenshire-north"));
    accessible(&mut page);
    // Eleven items, 0 to 3; the item on repeating information counts the other way round.
    for _ in 0..8 {
        type_levels(&mut page, &[2; 11]);
    }
    assert!(
        page.text("#saved")
            .contains("8 questionnaires entered in this sitting")
    );
    // Who typed it sees its score, which is stored nowhere.
    let scores = page.text("#scores");
    assert!(
        scores.contains("Coordination 7 (from 0 to 12)") && scores.contains("14 (from 0 to 21)"),
        "{scores}"
    );
    accessible(&mut page);
    // Four items of coordination: 2 + 2 + 2 and, turned round, 1. Seven of the other scale: 14.
    for (measure, value) in [
        ("ex-p3ceq-coordination", 7.0),
        ("ex-p3ceq-person-centred", 14.0),
    ] {
        let chart = product
            .json(&format!("/api/v1/charts/{measure}?area=havenshire-north"))
            .unwrap();
        let last = chart["points"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&last["value"], &last["n"]),
            (&json!(value), &json!(8)),
            "{measure}"
        );
    }
    assert!(
        page.text("#so-far").contains("from 8 people,"),
        "{}",
        page.text("#so-far")
    );
    clean(&mut page);
    // What the door refuses is said at the field, and nothing is lost.
    page.goto(&product.url("/frameworks/tci-14/answers?area=havenshire-north"));
    assert_eq!(
        page.count("select#respondent, #with-carer"),
        0,
        "a team's members answer themselves"
    );
    page.evaluate("document.querySelector('.ballot input').focus()");
    for _ in 0..14 {
        page.press(Key::Digit(4));
    }
    page.press(Key::Enter);
    page.wait_for("#refused");
    accessible(&mut page);
    assert!(
        page.text("#team-why").contains("must be given"),
        "{}",
        page.text("#refused")
    );
    assert_eq!(page.count(".ballot input[value='4']:checked"), 14);
    page.click("#team");
    page.type_text("north-1");
    page.click("#save");
    page.wait_for("#saved");
    assert!(page.text("#saved").contains("14 answers"));
    assert!(page.text("#scores").contains(" 4 (from 1 to 5)"));
}
