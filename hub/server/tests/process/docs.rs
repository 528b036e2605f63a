//! `docs/hub.md` is complete: options, calls, reasons, faults and switches are all in it.

use crate::support::{command, within};
use iothub_hub::Reason;
use serde_json::Value;

fn page() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hub.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_reason_is_listed() {
    let page = page();
    for reason in Reason::ALL {
        assert!(page.contains(&format!("| `{}` |", reason.code())), "{}", reason.code());
    }
}

#[tokio::test]
async fn every_option_and_switch_is_listed() {
    let page = page();
    let output = within("the help", command(&["--help"]).output()).await.unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let options: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .filter(|word| !["--help", "--version", "--help,", "--version,"].contains(word))
        .collect();
    assert!(options.len() >= 15, "{options:?}");
    for option in options {
        assert!(page.contains(&format!("`{option}")), "{option}");
    }
    for line in help.lines().filter_map(|line| line.trim().strip_prefix("- ")) {
        let (name, _) = line.split_once(':').unwrap();
        assert!(page.to_lowercase().contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_call_and_every_fault_is_listed() {
    let page = page();
    let document: Value = serde_json::from_str(include_str!("../../src/openapi.json")).unwrap();
    for path in document["paths"].as_object().unwrap().keys().filter(|path| !path.contains("{moduleId}")) {
        let shown = path.replace("{deviceId}", "{id}");
        let known = page.contains(&shown) || path == "/local/faults/{id}";
        assert!(known, "{path}");
    }
    for kind in document["components"]["schemas"]["Fault"]["properties"]["kind"]["enum"].as_array().unwrap() {
        assert!(page.contains(&format!("| `{}` |", kind.as_str().unwrap())), "{kind}");
    }
    for kind in document["components"]["schemas"]["Event"]["properties"]["type"]["enum"].as_array().unwrap() {
        assert!(page.contains(&format!("| `{}` |", kind.as_str().unwrap())), "{kind}");
    }
}
