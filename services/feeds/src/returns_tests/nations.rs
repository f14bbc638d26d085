//! The returns of Scotland, Wales, Northern Ireland and Ireland.

use super::{CsvFile, Mapping, observed, plain, rules, said, text};

#[test]
fn scotlands_totals_are_not_added_to_their_parts() {
    // July 2016 of S08000015: 2,574 = 1,976 + 0 + 472 + 126, as published.
    let rows = [
        ("18plus", "All Delay Reasons", "2574"),
        ("18plus", "Health and Social Care Reasons", "1976"),
        ("18plus", "Patient and Family Related Reasons", "0"),
        ("18plus", "Code 9 AWI", "472"),
        ("18plus", "Code 9 Non-AWI", "126"),
        ("18-74", "All Delay Reasons", "355"),
        ("75plus", "All Delay Reasons", "2219"),
    ];
    let mut csv = "MonthOfDelay,HBT,HBTQF,AgeGroup,AgeGroupQF,ReasonForDelay,ReasonForDelayQF,NumberOfDelayedBedDays,AverageDailyNumberOfDelayedBeds\n".to_owned();
    for (age, reason, days) in rows {
        csv.push_str(&format!("201607,S08000015,,{age},d,{reason},,{days},1\n"));
    }
    let council = csv.replace("HBT", "CA").replace("S08000015", "S12000028");
    for (csv, area) in [(csv, "S08000015"), (council, "S12000028")] {
        let chunk = text(None, "beds.csv", &csv);
        assert_eq!(chunk.bad, []);
        let of = |series: &str| said(&chunk, series, area, "2016-07-01");
        assert_eq!(of("phs-delayed-bed-days"), plain(2574.0));
        assert_eq!(of("phs-delayed-bed-days/code-9-awi"), plain(472.0));
        assert_eq!(chunk.items.len(), 5);
    }
}

#[test]
fn the_long_reasons_of_wales_stay_apart() {
    let csv = "lhb22_code,lhb22_name,date,delay_reason,delay_count\n\
               W11000023,Betsi,2023-08-01,Awaiting Residential care home manager to visit and assess (Standard 3 residential),17\n\
               W11000023,Betsi,2023-08-01,Awaiting Residential care home manager to visit and assess (Standard 3 nursing),8\n\
               W11000023,Betsi,2023-08-01,Awaiting equipment,3\n";
    let chunk = text(None, "wales.csv", csv);
    assert_eq!(chunk.bad, []);
    let total: f64 = chunk
        .items
        .iter()
        .filter_map(|i| observed(i).value)
        .map(|v| v.as_f64())
        .sum();
    assert_eq!((chunk.items.len(), total), (3, 28.0));
    assert_eq!(
        said(
            &chunk,
            "wales-delays/awaiting-equipment",
            "W11000023",
            "2023-08-01"
        ),
        plain(3.0)
    );
}

#[test]
fn departments_of_northern_ireland_are_added_to_their_trust() {
    let csv = "Date,Trust,Dept,Type,Under 4 Hours,Between 4 - 12 Hours,Over 12 Hours,Total,Percent Under 4 Hours (%)\n\
               31/12/2024,Belfast,Mater,Type 1,400,211,100,711,56.3\n\
               31/12/2024,Belfast,RVH,Type 1,\"1,000\",600,400,\"2,000\",50\n\
               31/12/2024,Belfast,RBHSC,Type 1,96,0,0,96,100\n";
    let chunk = text(None, "ni.csv", csv);
    assert_eq!(chunk.bad, []);
    let of = |series: &str| said(&chunk, series, "ni-belfast", "2024-12-01");
    assert_eq!(of("ae-attendances"), plain(2807.0));
    assert_eq!(of("ae-within-4h"), Some((Some(1496.0), Some(2807.0), None)));
}

#[test]
fn irelands_totals_of_regions_are_not_taken_for_hospitals() {
    let csv = "Date,Hospital,ED Trolleys,Ward Trolleys,Total,Surge Capacity in Use (Full report @14:00),Delayed Transfers of Care (As of Midnight),No of Total Waiting >24hrs,No of >75+yrs Waiting >24hrs,Region\n\
               15/01/2024,Beaumont Hospital,12,3,15,24,19,,,HSE Dublin and North East\n\
               15/01/2024,HSE Dublin and North East Total,54,4,58,,68,5,,\n\
               15/01/2024,National Total,104,13,117,,133,17,3,\n\
               16/01/2024,Beaumont Hospital,12,,12,24,,,,HSE Dublin and North East\n";
    let chunk = text(None, "uec.csv", csv);
    assert_eq!(chunk.bad, []);
    let of = |series: &str, day: &str| said(&chunk, series, "ie-beaumont", day);
    assert_eq!(of("hse-delayed-transfers", "2024-01-15"), plain(19.0));
    assert_eq!(of("hse-trolleys", "2024-01-16"), plain(12.0));
    // Nothing reported is not zero.
    assert_eq!(of("hse-delayed-transfers", "2024-01-16"), None);
    assert_eq!(chunk.items.len(), 3);
}

#[test]
fn a_header_in_two_rows_is_one_header() {
    let below = "15/01/2024,Beaumont Hospital,12,3,15,24,4,28,19,HSE Dublin and North East\n\
                 15/01/2024,National Total,104,13,117,30,5,35,133,\n";
    let table = |second: &str| {
        format!(
            "Daily report,,,,,,,,,\nDate,Hospital,Trolleys,,,Surge,,,Delayed Transfers of Care (As of Midnight),Region\n{second}{below}"
        )
    };
    // Of titles that are there twice the one above says which.
    let twice = table(",,ED,Ward,Total,ED,Ward,Total,,\n");
    let mapping = include_str!("../../../mappings/hse-delayed-transfers.toml");
    let own = mapping.replace("\"Total\"", "\"Trolleys total\"");
    let once = table(",,ED,Ward,Total,ED,Ward,All,,\n");
    for (mapping, csv) in [(None, &once), (Some(own.as_str()), &twice)] {
        let mapping = mapping.map(|own| Mapping::parse("own", own).unwrap());
        let table = CsvFile::open_text(csv.as_bytes(), "uec.csv", mapping, rules());
        let chunk = table.unwrap().chunk(usize::MAX).unwrap().unwrap();
        assert_eq!(chunk.bad, []);
        let of = |series: &str| said(&chunk, series, "ie-beaumont", "2024-01-15");
        assert_eq!(of("hse-delayed-transfers"), plain(19.0));
        assert_eq!(of("hse-trolleys"), plain(15.0));
        assert_eq!(chunk.items.len(), 2);
    }
}
