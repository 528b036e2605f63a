//! Is the simulation worth its name? Breaks the device on purpose, one fault at a time, in a copy of the sources,
//! and says which rule or which test notices. The faults are in `mutants.json`; nothing of them is ever built into
//! the device itself.
//!
//! Run it from the root of the repository: `cargo run -p iothub-simulation --bin mutants [-- NAME]`. It prints a row
//! for each fault and puts it into the table of `docs/proof.md`. Fails when a fault is not noticed.

use serde_json::Value;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

/// So many schedules does `cargo test` play.
const SCHEDULES: &str = "2000";
/// What the copy needs to build the simulation.
const PARTS: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "clippy.toml", "src", "protocol", "device", "hub", "tests/simulation"];

fn main() -> io::Result<ExitCode> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let copy = PathBuf::from("target/mutants/tree");
    let mutants: Value = serde_json::from_str(&fs::read_to_string("tests/simulation/mutants.json")?)?;
    let mutants = mutants.as_array().map_or(&[][..], Vec::as_slice);
    let names: Vec<&str> = mutants.iter().map(|mutant| text(mutant, "name")).collect();
    let mut survivors = 0;
    let mut out = io::stdout();
    for mutant in mutants {
        let name = text(mutant, "name");
        if !name.contains(&wanted) {
            continue;
        }
        refresh(&copy)?;
        apply(mutant, &copy)?;
        let noticed = verdict(&copy)?;
        survivors += usize::from(noticed.is_none());
        let row = format!("| {name} | {} |", noticed.as_deref().unwrap_or("**nothing**"));
        writeln!(out, "{row}")?;
        write_down(&names, name, row)?;
    }
    Ok(if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const DOCUMENT: &str = "docs/proof.md";
const MARKS: [&str; 2] = ["<!-- mutants: written by its command -->", "<!-- /mutants -->"];

/// Puts the row into the table between the marks, in the order of the list. Rows of other faults stay as they are.
fn write_down(names: &[&str], name: &str, row: String) -> io::Result<()> {
    let document = fs::read_to_string(DOCUMENT)?;
    let parts = document.split_once(MARKS[0]).and_then(|(before, rest)| {
        let (table, after) = rest.split_once(MARKS[1])?;
        Some((before, table, after))
    });
    let (before, table, after) =
        parts.ok_or_else(|| io::Error::other(format!("{DOCUMENT} has no marks {}", MARKS.join(" and "))))?;
    let mut lines = vec!["| Fault | Noticed by |".to_owned(), "|---|---|".to_owned()];
    for other in names {
        let start = format!("| {other} |");
        let known = table.lines().find(|line| line.starts_with(&start)).map(str::to_owned);
        lines.extend(if *other == name { Some(row.clone()) } else { known });
    }
    let (first, last) = (MARKS[0], MARKS[1]);
    fs::write(DOCUMENT, format!("{before}{first}\n\n{}\n\n{last}{after}", lines.join("\n")))
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Makes the copy what the sources are. Files that are the same keep their times, so that little is built again.
fn refresh(copy: &Path) -> io::Result<()> {
    for part in PARTS {
        copy_changed(Path::new(part), &copy.join(part))?;
    }
    let manifest = fs::read_to_string("Cargo.toml")?;
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap_or_default();
    let few = r#"members = ["protocol", "device", "hub", "tests/simulation"]"#;
    write_changed(&copy.join("Cargo.toml"), manifest.replace(members, few).as_bytes())
}

fn copy_changed(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_changed(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if from.ends_with("Cargo.toml") && from.parent() == Some(Path::new("")) {
        return Ok(());
    }
    write_changed(to, &fs::read(from)?)
}

fn write_changed(to: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, content)
}

fn apply(mutant: &Value, copy: &Path) -> io::Result<()> {
    let file = copy.join(text(mutant, "file"));
    let mut source = fs::read_to_string(&file)?;
    for edit in mutant.get("edits").and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
        let (from, to) = (text(edit, "from"), text(edit, "to"));
        if source.matches(from).count() != 1 {
            let why = format!("mutants.json: \"{from}\" is not there once in {}", file.display());
            return Err(io::Error::other(why));
        }
        source = source.replacen(from, to, 1);
    }
    fs::write(file, source)
}

fn cargo(copy: &Path, arguments: &[&str]) -> io::Result<Output> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let target = std::env::current_dir()?.join(target).join("mutants");
    Command::new(cargo).args(arguments).env("CARGO_TARGET_DIR", target).current_dir(copy).output()
}

/// Who notices: the random schedules, else the tests of the link.
fn verdict(copy: &Path) -> io::Result<Option<String>> {
    let built = cargo(copy, &["build", "--offline", "-p", "iothub-simulation", "--bin", "simulate"])?;
    if !built.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned()));
    }
    let run = ["run", "--offline", "-q", "-p", "iothub-simulation", "--bin", "simulate", "--", "--brief"];
    let played = cargo(copy, &[&run[..], &["--schedules", SCHEDULES]].concat())?;
    if !played.status.success() {
        let said = String::from_utf8_lossy(&played.stdout).into_owned();
        let rule = said.lines().find(|line| line.starts_with("seed ")).unwrap_or("a panic");
        return Ok(Some(format!("random schedules, {rule}")));
    }
    let tested = cargo(copy, &["test", "--offline", "-q", "-p", "iothub-simulation", "--test", "links"])?;
    let said = String::from_utf8_lossy(&tested.stdout).into_owned();
    let failed = said.lines().filter_map(|line| line.strip_prefix("---- ")?.strip_suffix(" stdout ----"));
    let failed: Vec<String> = failed.map(|name| format!("`{name}`")).collect();
    Ok((!tested.status.success()).then(|| failed.join(", ")))
}
