//! Whether a condition holds for a twin. A field that is not there makes every comparison false, as in the
//! hub's language; only `NOT` and `IS_DEFINED` tell it from one that differs.

use super::parse::{Comparison, Condition, Operand, TextTest};
use serde_json::Value;
use std::cmp::Ordering;

/// The value at a path.
pub(super) fn field<'v>(document: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(document, |value, part| value.get(part))
}

pub(super) fn holds(condition: &Condition, document: &Value) -> bool {
    match condition {
        Condition::And(left, right) => holds(left, document) && holds(right, document),
        Condition::Or(left, right) => holds(left, document) || holds(right, document),
        Condition::Not(inside) => !holds(inside, document),
        Condition::IsDefined(path) => field(document, path).is_some(),
        Condition::In(path, values, none_of) => field(document, path).is_some_and(|value| {
            values.iter().any(|one| order(value, one) == Some(Ordering::Equal)) != *none_of
        }),
        Condition::Text(test, path, text) => {
            field(document, path).and_then(Value::as_str).is_some_and(|value| test_text(*test, value, text))
        }
        Condition::Compare(left, comparison, right) => {
            let (Some(left), Some(right)) = (operand(left, document), operand(right, document)) else {
                return false;
            };
            compare(left, *comparison, right)
        }
    }
}

fn operand<'v>(operand: &'v Operand, document: &'v Value) -> Option<&'v Value> {
    match operand {
        Operand::Field(path) => field(document, path),
        Operand::Literal(value) => Some(value),
    }
}

fn compare(left: &Value, comparison: Comparison, right: &Value) -> bool {
    let order = order(left, right);
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::Different => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// Numbers by value, texts by their bytes; values of different kinds have no order.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (left, right) => (left == right).then_some(Ordering::Equal),
    }
}

fn test_text(test: TextTest, value: &str, text: &str) -> bool {
    match test {
        TextTest::StartsWith => value.starts_with(text),
        TextTest::EndsWith => value.ends_with(text),
        TextTest::Contains => value.contains(text),
    }
}
