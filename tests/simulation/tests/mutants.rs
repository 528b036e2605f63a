//! The list of deliberate faults is in step with the sources: each text that it replaces is there, once.

use serde_json::Value;
use std::path::Path;

#[test]
fn every_fault_of_the_list_can_be_made() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(here.join("mutants.json")).unwrap();
    let mutants: Value = serde_json::from_str(&list).unwrap();
    let mutants = mutants.as_array().unwrap();
    assert!(mutants.len() >= 12);
    for mutant in mutants {
        let file = here.join("../..").join(mutant["file"].as_str().unwrap());
        let source = std::fs::read_to_string(&file).unwrap();
        for edit in mutant["edits"].as_array().unwrap() {
            let from = edit["from"].as_str().unwrap();
            assert_eq!(source.matches(from).count(), 1, "{}: {from}", mutant["name"]);
        }
    }
}
