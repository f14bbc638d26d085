//! Percentages and counts, and weeks: what would be added up or counted to another week is refused, or is read as what it is.

use super::*;

/// A choice for the last column of a file whose first columns are its period and its place.
fn chosen(file: &TableFile, series: &str, whole: Option<&str>) -> Choice {
    let look = look(file);
    let column = &look.columns[2];
    Choice {
        place: Some(PlaceOf::Column(look.columns[1].key.clone())),
        numbers: vec![Numbers {
            column: column.key.clone(),
            series: Slug::new(series).unwrap(),
            denominator: whole.map(str::to_owned),
        }],
        ..look.guess
    }
}

/// A month of a trust in each row, with a number in a format.
fn workbook(title: &str, numbers: &[f64], format: &rust_xlsxwriter::Format) -> TableFile {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (at, title) in (0..).zip(["Month", "Trust", title]) {
        sheet.write_string(0, at, title).unwrap();
    }
    for (row, number) in (1..).zip(numbers) {
        sheet.write_string(row, 0, format!("2026-0{row}")).unwrap();
        sheet.write_string(row, 1, "RAJ").unwrap();
        let written = sheet.write_number_with_format(row, 2, *number, format);
        written.unwrap();
    }
    file("a.xlsx", workbook.save_to_buffer().unwrap())
}

/// What is read of each series, in the order of the table.
fn by_series(table: &ReadTable) -> Vec<(String, String, f64)> {
    let facts = table.facts.iter().zip(amounts(table));
    let of = |((_, event), (_, start, value)): (
        &(u64, joinedup_events::Event),
        (String, String, f64),
    )| {
        let Fact::Observation(ObservationFact::Observed(o)) = &event.fact else {
            panic!("no observation");
        };
        (o.series.to_string(), start, value)
    };
    facts.map(of).collect()
}

#[test]
fn each_text_of_a_column_that_says_what_is_counted_is_a_column() {
    let long = file(
        "kpis.csv",
        "Month,Trust,Indicator,Value\nApr 2026,RAJ,Falls *,5\nApr 2026,RAJ,Complaints,2\nMay 2026,RAJ,falls *,6\nMay 2026,RAJ,Complaints,3\n",
    );
    let wide = file(
        "kpis.csv",
        "Trust,Indicator,Apr 2026,May 2026\nRAJ,Falls *,5,6\nRAJ,Complaints,2,3\nR0D,Complaints,0,1\n",
    );
    for file in [&long, &wide] {
        let look = look(file);
        assert_eq!(
            look.counted_by.map(|at| look.kinds[at].as_str()),
            Some("Indicator")
        );
        let titles: Vec<&str> = look
            .columns
            .iter()
            .filter(|c| c.has_numbers)
            .map(|c| c.title.as_str())
            .collect();
        assert_eq!(titles, ["Falls *", "Complaints"]);
        let mut choice = look.guess.clone();
        let is_of = |c: &&joinedup_application::tables::Column| {
            c.has_numbers && c.title.starts_with("Falls")
        };
        let falls = look.columns.iter().find(is_of).unwrap();
        choice.numbers = vec![Numbers {
            column: falls.key.clone(),
            series: Slug::new("local-falls").unwrap(),
            denominator: None,
        }];
        let read = by_series(&read(file, &choice));
        let falls = |start: &str, n| ("local-falls".to_owned(), start.to_owned(), n);
        assert_eq!(read, [falls("2026-04-01", 5.0), falls("2026-05-01", 6.0)]);
    }
    let plain = TableFile {
        counted: CountedBy::Titles,
        ..long
    };
    assert!(look(&plain).columns.iter().any(|c| c.title == "Value"));
}

#[test]
fn titles_in_two_rows_are_read_together_below_a_banner_too() {
    let rows = "Month,Inpatient falls,,Bed days,\n,All,With harm,Occupied,Available\nApr 2026,5,1,100,120\nMay 2026,6,2,101,120\n";
    for banner in [
        "",
        "Falls and beds,,,,\n",
        "Falls and beds,,,,\nBI team,,,,\n\n",
    ] {
        let look = look(&file("falls.csv", format!("{banner}{rows}")));
        let titles: Vec<&str> = look.columns.iter().map(|c| c.title.as_str()).collect();
        assert_eq!(
            titles[1..3],
            ["Inpatient falls All", "Inpatient falls With harm"],
            "{banner}"
        );
    }
}

#[test]
fn numbers_of_one_row_are_divided_by_each_other_and_by_those_of_no_other() {
    let file = file(
        "kpis.csv",
        "Month,Trust,Measure,Numerator,Denominator\nApr 2026,RAJ,Seen,5,10\nApr 2026,RAJ,Sent,2,8\nMay 2026,RAJ,Seen,6,10\nMay 2026,RAJ,Sent,3,9\n",
    );
    let look = look(&file);
    let key = |title: &str| {
        look.columns
            .iter()
            .find(|c| c.title == title)
            .unwrap()
            .key
            .clone()
    };
    let choice = |whole: &str| Choice {
        numbers: vec![Numbers {
            column: key("Seen: Numerator"),
            series: Slug::new("local-seen").unwrap(),
            denominator: Some(key(whole)),
        }],
        ..look.guess.clone()
    };
    assert_eq!(
        values(&read(&file, &choice("Seen: Denominator"))),
        [5.0, 6.0]
    );
    assert!(refused(&file, &choice("Sent: Denominator")).contains("of the same row"));
}

/// A sheet of notes, an empty one, and two that are laid out alike.
fn of_two_years() -> TableFile {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let notes = workbook.add_worksheet();
    notes
        .write_string(0, 0, "Counted by the site team")
        .unwrap();
    workbook.add_worksheet();
    for (year, number) in [("2025", 5.0), ("2026", 6.0)] {
        let sheet = workbook.add_worksheet();
        sheet.set_name(year).unwrap();
        for (at, title) in (0..).zip(["Month", "Trust", "Falls"]) {
            sheet.write_string(0, at, title).unwrap();
        }
        sheet.write_string(1, 0, format!("{year}-04")).unwrap();
        sheet.write_string(1, 1, "RAJ").unwrap();
        sheet.write_number(1, 2, number).unwrap();
    }
    file("falls.xlsx", workbook.save_to_buffer().unwrap())
}

#[test]
fn of_several_sheets_the_one_that_was_chosen_is_read_and_named_for_next_month() {
    let first = of_two_years();
    let second = TableFile {
        sheet: 1,
        ..first.clone()
    };
    for (file, year, number) in [(&first, "2025", 5.0), (&second, "2026", 6.0)] {
        assert_eq!(look(file).sheets, ["2025", "2026"]);
        let read = amounts(&read(file, &chosen(file, "local-falls", None)));
        assert_eq!(read, [("RAJ".to_owned(), format!("{year}-04-01"), number)]);
    }
    let third = TableFile { sheet: 2, ..first };
    assert!(AddedTables.look(&third, &DEFINITIONS).is_err());
    let one = workbook("Falls", &[1.0], &rust_xlsxwriter::Format::new());
    let made = AddedTables.mapping(&one, &chosen(&one, "local-falls", None), &DEFINITIONS);
    assert!(
        !made.unwrap().toml.contains("sheet"),
        "next month's may have another name"
    );
}

fn refused(file: &TableFile, choice: &Choice) -> String {
    let made = AddedTables.mapping(file, choice, &DEFINITIONS);
    made.map(|_| ()).unwrap_err().to_string()
}

fn values(table: &ReadTable) -> Vec<f64> {
    amounts(table).iter().map(|a| a.2).collect()
}

#[test]
fn percentages_are_shares_however_they_are_written() {
    for (title, cells, is_share) in [
        ("Seen", ["90%", "91.5 %"], true),
        ("% seen in 4 hours", ["90", "91.5"], true),
        ("Percentage seen", ["90", "91.5"], true),
        ("Seen (target 95%)", ["90", "91.5"], false),
        ("Seen", ["90", "91.5%"], false),
    ] {
        let text = format!(
            "month,trust,{title}\n2026-01,RAJ,{}\n2026-02,RAJ,{}\n",
            cells[0], cells[1]
        );
        let file = file("a.csv", text);
        assert_eq!(look(&file).columns[2].is_share, is_share, "{title}");
        let table = read(&file, &chosen(&file, "local-seen", None));
        let wanted: &[f64] = if is_share {
            &[0.9, 0.915]
        } else {
            &[90.0, 91.5]
        };
        let wanted = &wanted[..table.facts.len()];
        assert_eq!(values(&table), wanted, "{title} {cells:?}");
        // One percentage among counts is refused, and not made a small number.
        let is_one = cells[1] == "91.5%" && !is_share;
        assert_eq!(table.refused.len(), usize::from(is_one), "{title}");
    }
}

#[test]
fn a_comma_before_decimals_is_known_where_no_number_speaks_against_it() {
    let table = |cells: [&str; 3]| {
        let row = |(month, cell): (usize, &str)| format!("0{month}.2026;RAJ;{cell}\n");
        let rows: String = (1..).zip(cells).map(row).collect();
        file("a.csv", format!("Month;Trust;Wait\n{rows}"))
    };
    for (cells, wanted) in [
        (["12,5", "7", "1.234,5"], Some([12.5, 7.0, 1_234.5])),
        (
            ["12,5", "1.234", "\u{20ac}0,25"],
            Some([12.5, 1_234.0, 0.25]),
        ),
        (["12.5", "1,234", "7"], Some([12.5, 1_234.0, 7.0])),
        // One of them is a mistake.
        (["12,5", "12.5", "7"], None),
    ] {
        let file = table(cells);
        let table = read(&file, &chosen(&file, "local-wait", None));
        assert!(look(&file).columns[2].has_numbers, "{cells:?}");
        match wanted {
            Some(wanted) => assert_eq!(values(&table), wanted, "{cells:?}"),
            None => assert_eq!(table.refused.len(), 1, "{cells:?}"),
        }
    }
}

#[test]
fn a_workbook_holds_percentages_as_parts_of_one() {
    let cases: [(&str, &[f64], &[f64], bool); 8] = [
        ("% seen", &[0.9, 0.915], &[0.9, 0.915], true),
        ("% seen", &[90.0, 91.5], &[0.9, 0.915], true),
        ("% occupied", &[0.95, 0.97, 1.02], &[0.95, 0.97, 1.02], true),
        ("% change", &[0.1, 0.2, -0.05], &[0.1, 0.2, -0.05], true),
        ("Seen in 4 hours", &[0.9, 0.915], &[0.9, 0.915], true),
        ("Vacancies (WTE)", &[0.5, 0.4], &[0.5, 0.4], false),
        ("Falls per 1,000 bed days", &[0.5, 0.4], &[0.5, 0.4], false),
        ("Falls", &[1.0, 1.0], &[1.0, 1.0], false),
    ];
    for (title, numbers, read_as, is_share) in cases {
        let file = workbook(title, numbers, &rust_xlsxwriter::Format::new());
        assert_eq!(look(&file).columns[2].is_share, is_share, "{title}");
        let table = read(&file, &chosen(&file, "local-seen", None));
        assert_eq!(values(&table), read_as, "{title}");
    }
    let text = "month,trust,% seen\n2026-01,RAJ,0.9\n2026-02,RAJ,0.915\n";
    let file = file("a.csv", text);
    let unclear = refused(&file, &chosen(&file, "local-seen", None));
    assert!(unclear.contains("with the sign"), "{unclear}");
}

#[test]
fn a_cell_that_a_workbook_shows_as_a_percentage_is_one() {
    let percent = rust_xlsxwriter::Format::new().set_num_format("0.00%");
    // Most of a change are more than one, and a title need not speak of percentages.
    for (title, numbers) in [("% change", [1.5, 2.25]), ("Seen", [1.0, 0.0])] {
        let file = workbook(title, &numbers, &percent);
        assert!(look(&file).columns[2].is_share, "{title}");
        let table = read(&file, &chosen(&file, "local-seen", None));
        assert_eq!(values(&table), numbers, "{title}");
    }
}

#[test]
fn a_share_needs_what_it_is_out_of_and_a_count_is_no_percentage() {
    let text = "month,trust,Seen,All\n2026-01,RAJ,91.5%,2000\n2026-02,RAJ,101%,2000\n";
    let file = file("a.csv", text);
    let without = refused(&file, &chosen(&file, "ae-within-4h", None));
    assert!(without.contains("out of"), "{without}");
    let of_counts = refused(&file, &chosen(&file, "emergency-bed-days", None));
    assert!(of_counts.contains("percentages"), "{of_counts}");
    let table = read(&file, &chosen(&file, "ae-within-4h", Some("All")));
    assert_eq!(values(&table), [1830.0]);
    assert_eq!(table.refused.len(), 1);
    assert!(table.refused[0].sentence.contains("100 %"));
}

#[test]
fn what_cannot_be_is_refused_by_row() {
    let text = "month,trust,Days,All\n2026-01,RAJ,-5,9\n2026-02,RAJ,(6),9\n2026-03,RAJ,7,9\n2026-04,RAJ,10,9\n";
    let file = file("a.csv", text);
    let of = |series, whole| {
        let table = read(&file, &chosen(&file, series, whole));
        let lines: Vec<u64> = table.refused.iter().map(|r| r.line).collect();
        (values(&table), lines)
    };
    assert_eq!(
        of("emergency-bed-days", None),
        (vec![7.0, 10.0], vec![2, 3])
    );
    assert_eq!(of("ae-within-4h", Some("All")), (vec![7.0], vec![2, 3, 5]));
    // What a site has of its own may be a difference.
    assert_eq!(of("local-net", None).1, Vec::<u64>::new());
}

#[test]
fn weeks_are_seen_in_titles_cells_and_dates() {
    for (title, dates, first, noted) in [
        (
            "Week commencing",
            ["04/03/2024", "18/03/2024"],
            "2024-03-04",
            false,
        ),
        (
            "Week ending",
            ["10/03/2024", "24/03/2024"],
            "2024-03-04",
            false,
        ),
        ("w/e", ["10/03/2024", "17/03/2024"], "2024-03-04", false),
        (
            "Period",
            ["w/c 04/03/2024", "w/c 11/03/2024"],
            "2024-03-04",
            false,
        ),
        ("Date", ["08/03/2024", "15/03/2024"], "2024-03-04", true),
        ("Date", ["10/03/2024", "17/03/2024"], "2024-03-04", true),
        ("Week of", ["07/03/2024", "13/03/2024"], "2024-03-04", true),
    ] {
        let text = format!(
            "{title},trust,beds\n{},RAJ,5\n{},RAJ,6\n",
            dates[0], dates[1]
        );
        let file = file("a.csv", text);
        let choice = chosen(&file, "local-beds", None);
        assert_eq!(
            (choice.period.as_deref(), choice.grain),
            (Some(title), Grain::Week)
        );
        let made = AddedTables.mapping(&file, &choice, &DEFINITIONS).unwrap();
        assert_eq!(made.note.is_some(), noted, "{title} {dates:?}");
        let table = read(&file, &choice);
        assert_eq!(table.refused, []);
        assert_eq!(amounts(&table)[0].1, first, "{title} {dates:?}");
    }
}

#[test]
fn weeks_that_are_not_from_monday_to_sunday_are_refused_in_words() {
    for (title, dates) in [
        ("Week commencing (Sunday)", ["03/03/2024", "10/03/2024"]),
        ("w/e Friday", ["01/03/2024", "08/03/2024"]),
        ("Week ending", ["01/03/2024", "08/03/2024"]),
        (
            "Week commencing",
            ["Friday 1 Mar 2024", "Friday 8 Mar 2024"],
        ),
        ("Period", ["w/c 01/03/2024", "w/c 08/03/2024"]),
    ] {
        let text = format!(
            "{title},trust,beds\n{},RAJ,5\n{},RAJ,6\n",
            dates[0], dates[1]
        );
        let file = file("a.csv", text);
        let mut choice = chosen(&file, "local-beds", None);
        assert_eq!(choice.grain, Grain::Week, "{title}");
        assert!(refused(&file, &choice).contains("Mondays"), "{title}");
        choice.grain = Grain::Day;
        // Cells that say that they are weeks are refused one by one.
        if title == "Period" {
            assert_eq!(read(&file, &choice).facts.len(), 0);
        } else {
            assert!(refused(&file, &choice).contains("has weeks"), "{title}");
        }
    }
}

#[test]
fn dates_with_the_month_first_are_refused_in_words() {
    let text = "Date,trust,beds\n03/04/2024,RAJ,5\n03/05/2024,RAJ,6\n03/14/2024,RAJ,7\n";
    let file = file("a.csv", text);
    let choice = chosen(&file, "local-beds", None);
    assert!(refused(&file, &choice).contains("month before the day"));
}

#[test]
fn a_column_of_a_week_that_is_another_is_not_passed_over() {
    let text = "Place,w/c 04/03/2024,w/c 12/03/2024\nRAJ,4,5\nRDE,6,7\n";
    let file = file("a.csv", text);
    let mut choice = look(&file).guess;
    assert_eq!(choice.grain, Grain::Week);
    choice.numbers = vec![Numbers {
        column: "Number".to_owned(),
        series: Slug::new("local-beds").unwrap(),
        denominator: None,
    }];
    assert!(refused(&file, &choice).contains("Mondays"));
}

#[test]
fn titles_and_neighbours_tell_years_from_months() {
    for (title, cells, grain) in [
        ("When", ["2010-11", "2011-12"], Grain::Year),
        ("Financial year", ["2011-12", "2011-12"], Grain::Year),
        ("When", ["2025-26", "2024-25"], Grain::Year),
        ("When", ["2011-11", "2011-12"], Grain::Month),
        ("When", ["Q1 2025/26", "Q4 25/26"], Grain::Quarter),
        ("Quarter", ["01/04/2025", "01/04/2025"], Grain::Quarter),
        ("When", ["Apr-25", "Sept 2025"], Grain::Month),
    ] {
        let text = format!(
            "{title},trust,beds\n{},RAJ,5\n{},RDE,6\n",
            cells[0], cells[1]
        );
        let guess = look(&file("a.csv", text)).guess;
        assert_eq!(
            (guess.period.as_deref(), guess.grain),
            (Some(title), grain),
            "{cells:?}"
        );
    }
}
