//! Every input that was ever kept is played: the seeds, the corpora, and what once broke a rule. None breaks it now.

use iothub_fuzz::{TARGETS, corpus, seeds};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn replayed(inputs: impl Fn(&str) -> Vec<Vec<u8>>) -> usize {
    let mut count = 0;
    for target in TARGETS {
        for (number, input) in inputs(target.name).iter().enumerate() {
            let played = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
            assert!(played.is_ok(), "{}: input {number} broke a rule: {input:?}", target.name);
            count += 1;
        }
    }
    count
}

#[test]
fn no_seed_breaks_a_rule() {
    assert!(replayed(seeds::seeds) >= TARGETS.len());
}

#[test]
fn no_input_of_a_corpus_breaks_a_rule() {
    let kept = |name: &str| corpus::read(&corpus::file("corpus", name)).expect("a corpus is base64");
    assert!(replayed(kept) >= 10 * TARGETS.len());
}

#[test]
fn what_once_broke_a_rule_does_not_any_more() {
    let found = |name: &str| corpus::read(&corpus::file("found", name)).expect("findings are base64");
    replayed(found);
}
