//! People sign in with a real OpenID Connect provider, in a real browser: what they may then do, and what does not get
//! anybody in.

use joinedup_tests::browser::{Browser, Page};
use joinedup_tests::care::stay;
use joinedup_tests::http::{self, Response};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::sign_in::Provider;
use serde_json::Value;

const TOKEN: &str = "admin-0123456789abcdef0123456789abcdef";

fn settings(public_url: &str, issuer: &str, more: &str) -> String {
    format!(
        r#"
[[tokens]]
name = "admin"
file = "admin"
roles = ["admin"]

[sign_in]
issuer = "{issuer}"
client_id = "joinedup"
client_secret_file = "secret"
public_url = "{public_url}"
scopes = ["profile", "email", "groups"]
claim = "groups"
contact = "the improvement team, extension 1234"
people_file = "people.toml"
{more}

[[sign_in.grants]]
value = "north-team"
roles = ["operator", "assessor"]
areas = ["havenshire-north"]

[[sign_in.grants]]
value = "board"
roles = ["reader"]
"#
    )
}

/// A product with a provider beside it.
fn start(more: &str) -> (Joinedup, Provider) {
    let options = JoinedupOptions::new("serve", &[]);
    let public_url = format!("http://{}", options.listen);
    let provider = Provider::start(&public_url);
    let settings = settings(&public_url, &provider.issuer(), more);
    (launch(options, &settings), provider)
}

fn launch(options: JoinedupOptions, settings: &str) -> Joinedup {
    let people = "[[person]]\nemail = \"Listed@example.nhs.uk\"\nroles = [\"assessor\"]\n";
    let options = options
        .file("joinedup.toml", settings)
        .file("admin", TOKEN)
        .file("secret", Provider::SECRET)
        .file("people.toml", people);
    Joinedup::start(options)
}

fn with_token(product: &Joinedup, path: &str) -> Response {
    let bearer = format!("Bearer {TOKEN}");
    http::send(
        "GET",
        &product.url(path),
        &[("authorization", &bearer)],
        &[],
    )
    .unwrap()
}

/// The status of what the page's own script asks for.
fn status(page: &mut Page, path: &str) -> Value {
    page.evaluate(&format!("fetch('{path}').then(r => r.status)"))
}

/// Opens an address of the product and waits until the browser is at an address that begins so, whoever sent it there.
fn open(page: &mut Page, product: &Joinedup, path: &str, arrives_at: &str) {
    page.goto(&product.url(path));
    arrives(page, arrives_at);
}

fn arrives(page: &mut Page, at: &str) {
    let here = format!("location.href.startsWith('{at}') && document.readyState === 'complete'");
    page.wait_until(&here, &format!("the browser is at {at}"));
}

fn people(product: &Joinedup) {
    let places = [("t-north", "hv-north-2"), ("t-west", "hv-west-1")];
    let of = |(id, area): (&str, &str)| {
        stay(id, area, "2026-09-01", "2026-09-07", "2026-09-10")[..2].to_vec()
    };
    let events: Vec<Value> = places.into_iter().flat_map(of).collect();
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/cloudevents-batch+json"),
    ];
    let body = Value::from(events).to_string();
    let url = product.url("/api/v1/events");
    let sent = http::send("POST", &url, &headers, body.as_bytes()).unwrap();
    assert_eq!(sent.status, 202, "{}", sent.text());
    eventually("both people on the board", || {
        let rows = with_token(product, "/api/v1/waiting").json()["transfers"].clone();
        match rows.as_array().map(Vec::len) {
            Some(2) => Ok(()),
            other => Err(other),
        }
    });
}

#[test]
fn somebody_signs_in_sees_their_own_area_and_signs_out() {
    let (product, provider) = start("");
    people(&product);
    let mut browser = Browser::start();
    let mut page = browser.page();
    let board = "/board?area=havenshire";
    open(&mut page, &product, board, &provider.issuer());
    provider.sign_in(&mut page, "ward.north-team");
    // Back on the page that was asked for, with the role of the claim and no more than its area.
    arrives(&mut page, &product.url(board));
    assert!(page.text("#people-name").contains("1 person"));
    assert!(page.text("#only").contains("your own areas only"));
    assert!(page.text(".who").contains("ZQ"), "{}", page.text(".who"));
    assert_eq!(status(&mut page, "/api/v1/entities/transfer/t-north"), 200);
    assert_eq!(status(&mut page, "/api/v1/entities/transfer/t-west"), 404);
    assert_eq!(status(&mut page, "/api/v1/quarantine"), 403);
    assert_eq!(page.evaluate("document.cookie"), "", "no script reads it");
    let mut write = |area: &str| {
        let body = format!(
            r#"{{"action":"target-set","area":"{area}","measure":"tr-ready-now","target":3,"from":"2026-09-01","reason":"Agreed by the board.","version":0}}"#
        );
        page.evaluate(&format!(
            "fetch('/api/v1/changes', {{method:'POST', headers:{{'content-type':'application/json'}}, body:'{body}'}}).then(r => r.status)"
        ))
    };
    assert_eq!(write("hv-west-1"), 403);
    assert_eq!(write("hv-north-2"), 201);
    // A way back that was used once, and one that was never begun, get nobody in.
    let back = page
        .requests()
        .iter()
        .map(|request| request.url.clone())
        .find(|url| url.contains("/sign-in/return?code="))
        .unwrap();
    page.click(".who button");
    arrives(&mut page, &provider.issuer());
    page.click("button[value=yes]");
    arrives(&mut page, &product.url("/signed-out"));
    assert_eq!(status(&mut page, "/api/v1/areas"), 401);
    page.goto(&back);
    assert!(page.text("h1").contains("not signed in"));
    assert_eq!(status(&mut page, "/api/v1/areas"), 401);
    open(&mut page, &product, "/", &provider.issuer());
    page.goto(&product.url("/sign-in/return?code=abc&state=guessed"));
    assert!(page.text("h1").contains("not signed in"));
    assert_eq!(status(&mut page, "/api/v1/areas"), 401);
    // And signing out is nothing that another site can do to somebody.
    let foreign = [("origin", "https://evil.example")];
    let url = product.url("/sign-out");
    assert_eq!(
        http::send("POST", &url, &foreign, b"x").unwrap().status,
        403
    );
}

#[test]
fn two_tabs_that_were_sent_to_sign_in_are_both_signed_in() {
    let (product, provider) = start("");
    let mut browser = Browser::start();
    let (mut first, mut second) = (browser.page(), browser.page());
    open(&mut first, &product, "/measures", &provider.issuer());
    open(&mut second, &product, "/model", &provider.issuer());
    // A way back that nobody was sent on takes nothing from either.
    let mut third = browser.page();
    third.goto(&product.url("/sign-in/return?code=abc&state=guessed"));
    provider.sign_in(&mut first, "chair.board");
    arrives(&mut first, &product.url("/measures"));
    provider.sign_in(&mut second, "chair.board");
    arrives(&mut second, &product.url("/model"));
    assert_eq!(status(&mut first, "/api/v1/areas"), 200);
}

#[test]
fn who_has_no_role_is_refused_and_another_site_is_no_way_back() {
    let (product, provider) = start("");
    let mut browser = Browser::start();
    let mut page = browser.page();
    let evil = "/sign-in?back=https%3A%2F%2Fevil.example%2F";
    open(&mut page, &product, evil, &provider.issuer());
    provider.sign_in(&mut page, "stranger.other-team");
    arrives(&mut page, &product.url("/sign-in/return"));
    assert!(page.text("main").contains("extension 1234"));
    assert_eq!(status(&mut page, "/api/v1/areas"), 401);
    // A new browser, so that the provider asks again.
    let mut browser = Browser::start();
    let mut page = browser.page();
    open(&mut page, &product, evil, &provider.issuer());
    provider.sign_in(&mut page, "listed");
    arrives(&mut page, &product.url("/"));
    assert_eq!(page.address(), product.url("/"));
    // By the people file: an assessor reads, and sees no people.
    assert_eq!(status(&mut page, "/api/v1/areas"), 200);
    assert_eq!(status(&mut page, "/api/v1/waiting"), 403);
    let mut asked = page.requests().iter();
    assert!(!asked.any(|request| request.url.starts_with("https://evil.example")));
}

#[test]
fn a_session_that_nobody_uses_ends() {
    let (product, provider) = start("idle_minutes = 0.05");
    let mut browser = Browser::start();
    let mut page = browser.page();
    open(&mut page, &product, "/measures", &provider.issuer());
    provider.sign_in(&mut page, "chair.board");
    arrives(&mut page, &product.url("/measures"));
    // What the page's script asks for does not keep it alive.
    eventually("the session is over", || {
        match status(&mut page, "/api/v1/areas") {
            over if over == 401 => Ok(()),
            other => Err(other),
        }
    });
    // A page that was left open says so once its stream has ended, and leads back to itself.
    page.evaluate("(now => { Date.now = () => now() + 20000; })(Date.now.bind(Date))");
    page.wait_until(
        "document.querySelector('#live-note a')?.getAttribute('href') === '/measures'",
        "the page says that nobody is signed in",
    );
    assert!(page.text("#live-note").contains("signed out"));
    // The provider still knows the person, and lets them in again without a word.
    open(&mut page, &product, "/model", &product.url("/model"));
    assert!(page.text(".who").contains("ZQ"));
}

#[test]
fn no_page_of_another_site_uses_up_the_tries_of_everybody_at_an_address() {
    let options = JoinedupOptions::new("serve", &[]);
    let public_url = format!("http://{}", options.listen);
    let nobody = format!("http://localhost:{}", joinedup_tests::ports::free_port());
    let product = launch(options, &settings(&public_url, &nobody, ""));
    let ask = |path: &str, mode: &str| {
        let headers = [("sec-fetch-mode", mode), ("sec-fetch-site", "cross-site")];
        http::send("GET", &product.url(path), &headers, &[]).unwrap()
    };
    let back = "/sign-in/return?code=abc&state=guessed";
    for _ in 0..70 {
        // In a tab of its own, and as a picture.
        assert_eq!(ask(back, "navigate").status, 400);
        assert_eq!(ask(back, "no-cors").status, 403);
        assert_eq!(ask("/sign-in", "no-cors").status, 403);
    }
    // The provider is away, but there are tries left.
    let begun = ask("/sign-in", "navigate");
    assert_eq!(begun.status, 503, "{}", begun.text());
}

#[test]
fn while_the_provider_is_away_tokens_work_and_trying_has_an_end() {
    let options = JoinedupOptions::new("serve", &[]);
    let public_url = format!("http://{}", options.listen);
    let nobody = format!("http://localhost:{}", joinedup_tests::ports::free_port());
    let product = launch(options, &settings(&public_url, &nobody, ""));
    let html = [("accept", "text/html")];
    let sent = http::send("GET", &product.url("/board"), &html, &[]).unwrap();
    assert_eq!(sent.status, 303);
    assert_eq!(sent.header("location"), Some("/sign-in?back=%2Fboard"));
    let try_to = || http::send("GET", &product.url("/sign-in"), &html, &[]).unwrap();
    let away = try_to();
    assert_eq!(away.status, 503, "{}", away.text());
    assert!(
        away.text().contains("Tokens work as ever"),
        "{}",
        away.text()
    );
    assert_eq!(with_token(&product, "/api/v1/areas").status, 200);
    let refused = (0..200)
        .map(|_| try_to())
        .find(|answer| answer.status == 429);
    let refused = refused.unwrap();
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(with_token(&product, "/api/v1/areas").status, 200);
    // What is not a browser is asked for a token, and not for a password.
    let bare = http::get(&product.url("/api/v1/areas")).unwrap();
    assert_eq!(bare.status, 401);
    assert!(
        bare.header("www-authenticate")
            .unwrap()
            .starts_with("Bearer")
    );
}
