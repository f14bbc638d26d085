//! What was added from a file by mistake is taken back on the page, and can be added again.

use joinedup_tests::http::{self, Response};
use joinedup_tests::product::Joinedup;

use super::add_data::{bring, second};
use super::pages::empty;

const CHOICES: &str = "use=own&name=ward&grain=month&date=0&place=2&v1=emergency-bed-days";

/// A month of a file, brought: the address of its second step.
fn brought(product: &Joinedup, days: u32) -> String {
    let table = format!("Month,Emergency bed days,Ward\n2026-05,{days},RAJ\n2026-06,{days},RAJ\n");
    let step = second(&bring(product, "ward.csv", table.as_bytes(), &[]));
    product.url(step.split('?').next().unwrap())
}

fn send(product: &Joinedup, path: &str, form: &str) -> Response {
    let origin = product.url("");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let answer = http::send("POST", path, &headers, form.as_bytes()).unwrap();
    product.caught_up();
    answer
}

#[test]
fn a_file_that_was_added_by_mistake_is_taken_back_and_what_stood_before_stands_again() {
    let product = empty();
    let right = brought(&product, 120);
    let added = send(&product, &right, CHOICES).text();
    assert!(added.contains("2 numbers were added"), "{added}");
    let cells = product.cells();

    let wrong = brought(&product, 990);
    let added = send(&product, &wrong, CHOICES).text();
    assert!(added.contains("2 numbers replaced what"), "{added}");
    assert!(product.cells().contains("990"));
    let undone = send(&product, &wrong, "do=undo").text();
    assert!(undone.contains("2 entries were taken back"), "{undone}");
    assert_eq!(product.cells(), cells);
    // Once is all.
    assert_eq!(send(&product, &wrong, "do=undo").status, 400);

    // Added again it stands, and once more it is there already.
    let added = send(&product, &wrong, CHOICES).text();
    assert!(added.contains("2 numbers replaced what"), "{added}");
    assert!(product.cells().contains("990"));
    let again = send(&product, &wrong, CHOICES).text();
    assert!(again.contains("2 numbers were there already"), "{again}");
    let undone = send(&product, &wrong, "do=undo").text();
    assert!(undone.contains("2 entries were taken back"), "{undone}");
    assert_eq!(product.cells(), cells);
}

#[test]
fn what_was_added_into_nothing_leaves_nothing_and_goes_in_again() {
    let product = empty();
    let nothing = product.cells();
    let path = brought(&product, 120);
    for _ in 0..2 {
        let added = send(&product, &path, CHOICES).text();
        assert!(added.contains("2 numbers were added"), "{added}");
        assert!(product.cells().contains("120"));
        let undone = send(&product, &path, "do=undo").text();
        assert!(undone.contains("2 entries were taken back"), "{undone}");
        assert_eq!(product.cells(), nothing);
    }
}
