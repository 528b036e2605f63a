//! Whether a condition holds for a twin. A field that is not there makes every comparison false, as in the
//! hub's language; only `NOT` and `IS_DEFINED` tell it from one that differs.

use super::parse::{Comparison, Condition, Field, Operand, Path, TextTest};
use serde_json::Value;
use std::cmp::Ordering;

/// The value at a path.
pub(super) fn field<'v>(document: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(document, |value, part| value.get(part))
}

/// The fields of a query, each looked up once in a twin.
pub(super) struct Looked<'v>(Vec<Option<&'v Value>>);

impl<'v> Looked<'v> {
    pub(super) fn up(fields: &[Path], document: &'v Value) -> Self {
        Self(fields.iter().map(|path| field(document, path)).collect())
    }

    fn field(&self, field: Field) -> Option<&'v Value> {
        self.0.get(field).copied().flatten()
    }

    pub(super) fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::And(left, right) => self.holds(left) && self.holds(right),
            Condition::Or(left, right) => self.holds(left) || self.holds(right),
            Condition::Not(inside) => !self.holds(inside),
            Condition::IsDefined(field) => self.field(*field).is_some(),
            Condition::In(field, values, none_of) => self.field(*field).is_some_and(|value| {
                values.iter().any(|one| order(value, one) == Some(Ordering::Equal)) != *none_of
            }),
            Condition::Text(test, field, text) => {
                let value = self.field(*field).and_then(Value::as_str);
                value.is_some_and(|value| test_text(*test, value, text))
            }
            Condition::Compare(left, comparison, right) => {
                let (Some(left), Some(right)) = (self.operand(left), self.operand(right)) else {
                    return false;
                };
                compare(left, *comparison, right)
            }
        }
    }

    fn operand<'a>(&'a self, operand: &'a Operand) -> Option<&'a Value> {
        match operand {
            Operand::Field(field) => self.field(*field),
            Operand::Literal(value) => Some(value),
        }
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
