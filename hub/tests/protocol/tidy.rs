//! Holds tests, sheet and `docs/hub-rows.md` together: every test cites a row, every row that speaks of the hub
//! has a test, and the table names exactly the tests that are there.
//!
//! A citation is a line of a test's documentation: `PROTOCOL {section}, {row} [{evidence}]`, where the evidence
//! is left out when the sheet gives none. `HUB_ROWS=write cargo test -p iothub-hub --test protocol` writes the
//! table anew.

use crate::sheet::{Row, SHEET, Speaks};
use std::fmt::Write as _;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

macro_rules! sources {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!($name, ".rs")))),*] };
}

const SOURCES: &[(&str, &str)] = &sources![
    "identity_fields",
    "user_name",
    "session",
    "connack",
    "token",
    "token_life",
    "packets",
    "subscriptions",
    "topics",
    "bag",
    "properties",
    "telemetry",
    "c2d",
    "twin",
    "twin_limits",
    "twin_document",
    "methods",
    "modules",
    "rest",
    "identity_json",
    "errors",
    "quotas",
    "disagreements",
    "unknowns",
];
const TABLE: &str = include_str!("../../../docs/hub-rows.md");

/// One line of a test's documentation.
struct Citation {
    section: String,
    row: String,
    evidence: String,
    test: String,
}

fn citation(line: &str, test: &str) -> Option<Citation> {
    let (section, rest) = line.split_once(", ")?;
    let (row, evidence) = match rest.rsplit_once(" [") {
        Some((row, tags)) => (row, tags.strip_suffix(']')?),
        None => (rest, "-"),
    };
    let [section, row, evidence, test] = [section, row, evidence, test].map(str::to_owned);
    Some(Citation { section, row, evidence, test })
}

/// The tests with what they cite.
fn tests() -> Vec<(String, Vec<Citation>)> {
    let mut found = Vec::new();
    for (module, source) in SOURCES {
        let mut lines: Vec<&str> = Vec::new();
        let mut is_test = false;
        for line in source.lines() {
            if let Some(cited) = line.strip_prefix("/// PROTOCOL ") {
                lines.push(cited);
            } else if line == "#[test]" {
                is_test = true;
            } else if let Some(rest) = line.strip_prefix("fn ") {
                let name = format!("{module}::{}", rest.split('(').next().unwrap());
                let read = |line: &&str| {
                    citation(line, &name).unwrap_or_else(|| panic!("{name}: \"{line}\" is no citation"))
                };
                let cited: Vec<Citation> = lines.iter().map(read).collect();
                if std::mem::take(&mut is_test) {
                    found.push((name, cited));
                }
                lines.clear();
            }
        }
    }
    found
}

fn citations() -> Vec<Citation> {
    tests().into_iter().flat_map(|(_, cited)| cited).collect()
}

fn matches(citation: &Citation, (section, row, ..): &Row) -> bool {
    citation.section == *section && citation.row == *row
}

#[test]
fn every_test_cites_a_row_with_the_evidence_of_the_sheet() {
    for (name, cited) in tests() {
        assert!(!cited.is_empty(), "{name} cites no row");
    }
    for citation in citations() {
        let Citation { section, row, evidence, test } = &citation;
        let known = SHEET.iter().find(|r| matches(&citation, r));
        let (_, _, tags, speaks) =
            known.unwrap_or_else(|| panic!("{test}: the sheet has no {section}, {row}"));
        assert_eq!(evidence, tags, "{test}: {section}, {row}");
        assert_eq!(*speaks, Speaks::Hub, "{test}: {section}, {row}");
    }
}

#[test]
fn every_row_that_speaks_of_the_hub_has_a_test() {
    let cited = citations();
    let open: Vec<_> = SHEET
        .iter()
        .filter(|row| row.3 == Speaks::Hub && !cited.iter().any(|c| matches(c, row)))
        .map(|(section, row, ..)| format!("{section}, {row}"))
        .collect();
    assert!(open.is_empty(), "no test cites\n{}", open.join("\n"));
}

#[test]
fn no_test_has_the_name_of_another() {
    let mut names: Vec<String> = tests().into_iter().map(|(name, _)| name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn the_table_names_exactly_the_tests_that_are_there() {
    let written = write_table();
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var("HUB_ROWS").as_deref() == Ok("write") {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/hub-rows.md"), &written).unwrap();
        return;
    }
    let line = TABLE.lines().zip(written.lines()).find(|(have, want)| have != want);
    let say = "run HUB_ROWS=write cargo test -p iothub-hub --test protocol";
    assert_eq!(line, None, "docs/hub-rows.md (left) is not what the tests say (right): {say}");
    assert_eq!(TABLE.lines().count(), written.lines().count(), "{say}");
}

const HEAD: &str = "# The rows of the protocol sheet, and the tests that hold the hub to them

Written by `HUB_ROWS=write cargo test -p iothub-hub --test protocol`; the same test fails when this table and the
tests differ. Tests are in `hub/tests/protocol/`, named `file::test`.

Evidence: **D** Microsoft's documentation, **S** source of an official SDK, **E** source of Microsoft's own servers
for the same protocol (edge hub, protocol gateway), **I** field traces and issue threads, **X** measured with the
released SDKs, **?** inferred or unknown. `-` where the sheet gives none.
";

fn write_table() -> String {
    let cited = citations();
    let mut out = HEAD.to_owned();
    let mut section = "";
    for row in SHEET {
        if row.0 != section {
            section = row.0;
            let _ = write!(out, "\n## Section {section}\n\n| Row | Evidence | Test |\n|---|---|---|\n");
        }
        let tests: Vec<String> =
            cited.iter().filter(|c| matches(c, row)).map(|c| format!("`{}`", c.test)).collect();
        let place = match row.3 {
            Speaks::Hub => tests.join("<br>"),
            Speaks::NotOfTheHub(why) => format!("not of the hub: {why}"),
            Speaks::Elsewhere(place) => place.to_owned(),
        };
        let evidence: Vec<String> = row.2.chars().map(String::from).collect();
        let _ = writeln!(out, "| {} | {} | {place} |", row.1, evidence.join(" "));
    }
    out
}
