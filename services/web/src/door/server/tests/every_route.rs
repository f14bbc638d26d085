//! Every address of the list × every role, without a token, with a wrong one, and from another site.

use super::*;
use crate::door::routes::{Need, ROUTES, Route};
use tokio::io::{AsyncBufReadExt, BufReader};

const ROLES: [(&str, Role); 5] = [
    ("publisher", Role::Publisher),
    ("reader", Role::Reader),
    ("operator", Role::Operator),
    ("assessor", Role::Assessor),
    ("admin", Role::Admin),
];

/// What a role may do besides what it is for, as SECURITY.md has it.
fn includes(held: Role, needed: Role) -> bool {
    held == needed
        || held == Role::Admin
        || needed == Role::Reader && matches!(held, Role::Operator | Role::Assessor)
}

/// The status and the body of an answer. Of a stream that does not end only the status.
async fn ask(door: &Door, method: &str, path: &str, headers: &str) -> (u16, String) {
    let kind = if path.starts_with("/api/") {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: 0\r\n{headers}\r\n"
    );
    let mut stream = BufReader::new(door.open().await);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut rest = Vec::new();
    if !path.ends_with("/stream") {
        stream.read_to_end(&mut rest).await.unwrap();
    }
    (status, String::from_utf8_lossy(&rest).into_owned())
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

/// An address of a route, with something in each of its parts.
pub(super) fn address(route: &Route) -> String {
    let part = |part: &str| match part {
        "{measure}" | "{id}" | "{link}" => "tr-ready-now".to_owned(),
        "{*id}" => "t-1".to_owned(),
        "{family}" => "transfer".to_owned(),
        "{position}" => "1".to_owned(),
        "{what}" => "target".to_owned(),
        "{*call}" | "{name}" => "other".to_owned(),
        plain => plain.to_owned(),
    };
    let parts: Vec<String> = route.path.split('/').map(part).collect();
    parts.join("/")
}

fn is_write(route: &Route) -> bool {
    route.method == "POST" && !route.path.starts_with("/prometheus/")
}

#[tokio::test]
async fn every_address_lets_in_whom_it_is_for_and_nobody_else() {
    let door = door(&ROLES, |_| {}).await;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for route in ROUTES {
        let path = address(route);
        let nobody = ask(&door, route.method, &path, "").await.0;
        let stranger = ask(&door, route.method, &path, &bearer(&secret("guessed")))
            .await
            .0;
        let closed = route.need != Need::Nothing;
        tried += 2;
        if (nobody == 401) != closed || (stranger == 401) != closed {
            wrong.push(format!(
                "{route:?}: nobody {nobody}, a wrong token {stranger}"
            ));
        }
        for (name, role) in ROLES {
            let may = match route.need {
                Need::Nothing | Need::Known => true,
                Need::Any(roles) => roles.iter().any(|needed| includes(role, *needed)),
            };
            let token = bearer(&secret(name));
            // A page's form has to come from a page: what the handler refuses of others is not what is asked here.
            let own = format!("{token}origin: http://localhost\r\n");
            let (status, body) = ask(&door, route.method, &path, &own).await;
            let is_there = !body.contains("There is nothing at this address");
            let right = if may {
                status != 401 && status != 403
            } else {
                status == 403
            };
            // 501: this build was made without Parquet, and says so.
            let failed = status >= 500 && status != 501;
            if !right || !is_there || status == 405 || failed {
                wrong.push(format!("{route:?} as {name}: {status} {body}"));
            }
            let foreign = format!("{token}origin: https://evil.example\r\n");
            let from_elsewhere = ask(&door, route.method, &path, &foreign).await.0;
            let expected = if is_write(route) { 403 } else { status };
            if from_elsewhere != expected {
                wrong.push(format!(
                    "{route:?} as {name} from elsewhere: {from_elsewhere}"
                ));
            }
            tried += 2;
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(tried > 600, "{tried}");
}

#[tokio::test]
async fn no_address_has_a_method_that_is_not_in_the_list() {
    let door = door(&ROLES, |_| {}).await;
    let admin = format!("{}origin: http://localhost\r\n", bearer(&secret("admin")));
    let mut forms = 0;
    for route in ROUTES
        .iter()
        .filter(|route| !route.path.contains("{*call}"))
    {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let listed = ROUTES
                .iter()
                .any(|other| other.path == route.path && other.method == method);
            if !listed {
                let (status, head) = ask(&door, method, &address(route), &admin).await;
                // The address of a form leads back to the page that holds it.
                let of_page = !route.path.starts_with("/api/") && !route.path.starts_with("/prom");
                let leads = method == "GET" && route.method == "POST" && of_page;
                assert_eq!(
                    status,
                    if leads { 303 } else { 405 },
                    "{method} {}",
                    route.path
                );
                if leads {
                    let to = head
                        .lines()
                        .find_map(|l| l.strip_prefix("location: "))
                        .unwrap();
                    let (status, _) = ask(&door, "GET", to, &admin).await;
                    assert!(
                        status != 405 && !(300..400).contains(&status),
                        "{to}: {status}"
                    );
                    forms += 1;
                }
            }
        }
    }
    assert!(forms >= 6, "{forms}");
    // Nor is somebody who is not known asked who they are with one that is none of HTTP's.
    assert_eq!(ask(&door, "XYZZY", "/measures", "").await.0, 405);
}

#[test]
fn a_form_is_opened_again_on_the_page_that_holds_it() {
    let page = crate::door::routes::page_of_form;
    for (known, path, wanted) in [
        (
            "/measures/{id}/{what}",
            "/measures/tr-x/target",
            Some("/measures/tr-x"),
        ),
        (
            "/frameworks/{id}/answers/links/stop",
            "/frameworks/p3c-eq/answers/links/stop",
            Some("/frameworks/p3c-eq/answers"),
        ),
        ("/findings/table", "/findings/table", Some("/findings")),
        ("/sign-out", "/sign-out", Some("/")),
        ("/board", "/board", None),
    ] {
        assert_eq!(page(known, path).as_deref(), wanted, "{known}");
    }
}

#[test]
fn every_address_that_the_router_is_made_of_is_in_the_list() {
    let sources = [
        ("/api/v1", include_str!("../../../api.rs")),
        ("", include_str!("../../../lib.rs")),
        ("", include_str!("../../../pages.rs")),
        ("", include_str!("../../../pages/sign_in.rs")),
        ("", include_str!("../../../scrapes.rs")),
        ("/prometheus/api/v1", include_str!("../../../prometheus.rs")),
    ];
    let mut found = 0;
    for (prefix, source) in sources {
        for call in source.split(".route(").skip(1) {
            let path = format!("{prefix}{}", call.split('"').nth(1).unwrap());
            found += 1;
            assert!(ROUTES.iter().any(|route| route.path == path), "{path}");
        }
    }
    assert!(found > 40, "{found}");
}
