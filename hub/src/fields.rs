//! The fields of a JSON object by name and type. What has another type is an error that says so, and what nobody
//! reads is one that names the nearest field: a misspelt wish is never taken for none.

use iothub_protocol::service_error::{ErrorCode, ServiceError};
use serde_json::{Map, Value};

fn bad(text: String) -> ServiceError {
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}

/// An object, and what it is called in errors.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'v> {
    of: String,
    object: Option<&'v Map<String, Value>>,
}

impl<'v> Fields<'v> {
    /// The object itself, `of` for example "a fault".
    pub(crate) fn of(of: &str, value: &'v Value) -> Result<Self, ServiceError> {
        match value {
            Value::Object(object) => Ok(Self { of: of.to_owned(), object: Some(object) }),
            other => {
                let text = format!("{of} is a JSON object, got {}", kind(other));
                Err(ServiceError::new(ErrorCode::DeserializationError, text))
            }
        }
    }

    /// Refuses every field that is none of these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ServiceError> {
        let mut names = self.object.into_iter().flat_map(|object| object.keys());
        match names.find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(unknown) => Err(bad(match nearest(unknown, known) {
                Some(near) => format!("{} has no field \"{unknown}\": did you mean \"{near}\"?", self.of),
                None => format!("{} has no field \"{unknown}\"; it has {}", self.of, known.join(", ")),
            })),
        }
    }

    fn get(&self, name: &str) -> Option<&'v Value> {
        self.object?.get(name).filter(|value| !value.is_null())
    }

    /// Whether there is one, of whatever type; null is none.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn wrong(&self, name: &str, wanted: &str, got: &Value) -> ServiceError {
        let got = if got.is_number() { got.to_string() } else { kind(got).to_owned() };
        bad(format!("\"{name}\" of {} must be {wanted}, got {got}", self.of))
    }

    /// A text; null is absent.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'v str>, ServiceError> {
        let text = |value: &'v Value| value.as_str().ok_or_else(|| self.wrong(name, "a string", value));
        self.get(name).map(text).transpose()
    }

    /// True or false; null is absent.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ServiceError> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| self.wrong(name, "true or false", value));
        self.get(name).map(flag).transpose()
    }

    /// A number; null is absent.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, ServiceError> {
        let number = |value: &Value| value.as_f64().ok_or_else(|| self.wrong(name, "a number", value));
        self.get(name).map(number).transpose()
    }

    /// A whole number, which may be negative; null is absent.
    pub(crate) fn whole(&self, name: &str) -> Result<Option<i128>, ServiceError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match (value.as_i64(), value.as_u64()) {
            (Some(number), _) => Ok(Some(number.into())),
            (_, Some(number)) => Ok(Some(number.into())),
            _ => Err(self.wrong(name, "a whole number", value)),
        }
    }

    /// A whole number that is not negative and at most `most`; null is absent.
    pub(crate) fn count(&self, name: &str, most: u64) -> Result<Option<u64>, ServiceError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_u64() {
            Some(number) if number <= most => Ok(Some(number)),
            _ if value.is_number() => {
                let of = &self.of;
                Err(bad(format!("\"{name}\" of {of} must be a whole number from 0 to {most}, got {value}")))
            }
            _ => Err(self.wrong(name, "a number", value)),
        }
    }

    /// An object below; absent and null are one without fields.
    pub(crate) fn below(&self, name: &str) -> Result<Self, ServiceError> {
        let of = format!("\"{name}\" of {}", self.of);
        match self.get(name) {
            None => Ok(Self { of, object: None }),
            Some(Value::Object(object)) => Ok(Self { of, object: Some(object) }),
            Some(other) => Err(self.wrong(name, "an object", other)),
        }
    }

    /// A list; absent and null are an empty one.
    pub(crate) fn list(&self, name: &str) -> Result<&'v [Value], ServiceError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.wrong(name, "a list", other)),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The known name that differs least, if it is like the given one at all: without regard to case, or one
/// beginning with the other, or few letters apart.
fn nearest<'n>(given: &str, known: &[&'n str]) -> Option<&'n str> {
    let given = given.to_ascii_lowercase();
    let near = |name: &&&str| {
        let name = name.to_ascii_lowercase();
        let begins = given.len() > 2 && (name.starts_with(&given) || given.starts_with(&name));
        let apart = if begins { 0 } else { distance(&given, &name) };
        (apart, apart * 3 <= name.len().max(given.len()))
    };
    known.iter().filter(|name| near(name).1).min_by_key(|name| near(name).0).copied()
}

/// How many letters have to be put in, taken out or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let changed = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_unknown_field_is_named_with_the_nearest_known_one() {
        let known = ["set", "advanceSeconds", "stopped", "reset"];
        for (given, near) in [
            ("stoped", "did you mean \"stopped\""),
            ("advance", "did you mean \"advanceSeconds\""),
            ("Set", "did you mean \"set\""),
            ("frequency", "it has set, advanceSeconds, stopped, reset"),
        ] {
            let value = json!({ given: 1 });
            let error = Fields::of("a clock", &value).unwrap().only(&known).unwrap_err();
            assert!(error.message.contains(near) && error.message.contains(given), "{error}");
        }
        let value = json!({"set": 1, "reset": null});
        assert!(Fields::of("a clock", &value).unwrap().only(&known).is_ok());
    }

    #[test]
    fn a_field_of_another_type_is_an_error_and_null_is_absent() {
        let value = json!({"t": 5, "n": -1, "f": 1.5, "b": "yes", "o": [], "l": {}, "none": null});
        let fields = Fields::of("a body", &value).unwrap();
        assert!(fields.text("t").is_err() && fields.flag("b").is_err());
        assert!(fields.count("n", 9).is_err() && fields.count("f", 9).is_err());
        assert!(fields.below("o").is_err() && fields.list("l").is_err());
        assert_eq!(fields.text("none"), Ok(None));
        assert_eq!(fields.below("absent").unwrap().text("t"), Ok(None));
        assert_eq!(fields.count("t", 5), Ok(Some(5)));
        let error = fields.count("t", 4).unwrap_err().message;
        assert_eq!(error, "\"t\" of a body must be a whole number from 0 to 4, got 5");
        assert!(Fields::of("a body", &json!([])).is_err());
    }
}
