//! The rules of a twin section: merge, size, and what the hub refuses with status 400.
//!
//! The hub applies them to every patch; the device checks a reported patch before it is sent. A section is
//! one of `tags`, `desired` and `reported`: a JSON object without the hub's own `$version` and `$metadata`.

use crate::limits;
use serde_json::{Map, Value};

/// A JSON object, as twin sections and patches are.
pub type Object = Map<String, Value>;

/// Which part of a twin a patch is for; its size limit hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Service only.
    Tags,
    /// Written by the service, read by the device.
    Desired,
    /// Written by the device, read by the service.
    Reported,
}

impl Section {
    /// The name the section has in a twin document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::Desired => "desired",
            Self::Reported => "reported",
        }
    }
}

/// What a hub takes in a twin. It changed in 2020.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether arrays are values.
    pub arrays: bool,
    /// Deepest nesting of objects in a section.
    pub depth: usize,
    /// Largest `desired` and `reported` section; `tags` have their own limit.
    pub section_bytes: usize,
}

impl Rules {
    /// Today's hub.
    pub const TODAY: Self =
        Self { arrays: true, depth: limits::TWIN_DEPTH, section_bytes: limits::TWIN_SECTION_BYTES };

    fn limit(self, section: Section) -> usize {
        match section {
            Section::Tags => limits::TWIN_TAGS_BYTES,
            Section::Desired | Section::Reported => self.section_bytes,
        }
    }
}

/// Why a patch or a section is refused. The path says where, in dots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TwinError {
    /// The body is no JSON object.
    #[error("a twin section is a JSON object, got {got}")]
    NotAnObject {
        /// What came instead.
        got: &'static str,
    },
    /// A name with a character that [`is_name_char`] does not allow; the text is the hub's.
    #[error(
        "Property or Tag name has invalid characters. Error in Property/Tag {name}. Must not contain Control Characters, '.', '$', '#', or ' '."
    )]
    Name {
        /// Where, in dots.
        path: String,
        /// The name.
        name: String,
    },
    /// A name without characters.
    #[error("a property under \"{path}\" has an empty name")]
    EmptyName {
        /// Where, in dots.
        path: String,
    },
    /// A name over 1 KB.
    #[error("a property name under \"{path}\" has {bytes} bytes, at most 1024 are allowed")]
    LongName {
        /// Where, in dots.
        path: String,
        /// Its length.
        bytes: usize,
    },
    /// A string over 4 KB.
    #[error("the string at \"{path}\" has {bytes} bytes, at most 4096 are allowed")]
    LongString {
        /// Where, in dots.
        path: String,
        /// Its length.
        bytes: usize,
    },
    /// An integer that does not fit.
    #[error(
        "the integer at \"{path}\" is outside -4503599627370496 .. 4503599627370495: send it as a string"
    )]
    Integer {
        /// Where, in dots.
        path: String,
    },
    /// Nested too deep.
    #[error("\"{path}\" is nested deeper than {allowed} objects")]
    Depth {
        /// Where, in dots.
        path: String,
        /// How deep is allowed.
        allowed: usize,
    },
    /// `null` where it deletes nothing: anywhere inside an array, and in what replaces a section; the text is the
    /// hub's.
    #[error("Value of Property or Tag cannot be null. Error in Property/Tag {name}")]
    Null {
        /// The innermost property that holds it.
        name: String,
    },
    /// An array where arrays are switched off (the hub before 2020).
    #[error("the array at \"{path}\": this hub takes no arrays in twins")]
    Array {
        /// Where, in dots.
        path: String,
    },
    /// The section would grow over its limit.
    #[error("\"{section}\" would have {bytes} bytes, at most {limit} are allowed")]
    TooLarge {
        /// The section.
        section: &'static str,
        /// What it would have.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// Applies a JSON merge-patch: objects merge, `null` deletes, everything else replaces.
pub fn merge(target: &mut Object, patch: &Object) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) => match target.get_mut(name) {
                Some(Value::Object(old)) => merge(old, inner),
                _ => {
                    let mut fresh = Object::new();
                    merge(&mut fresh, inner);
                    target.insert(name.clone(), Value::Object(fresh));
                }
            },
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}

/// The size the hub counts: characters of strings and names without control characters, 8 for a number, 4
/// for a boolean, objects and arrays as the sum of their parts.
#[must_use]
pub fn size(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text_size(text),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(object) => object_size(object),
    }
}

/// [`size`] of an object.
#[must_use]
pub fn object_size(object: &Object) -> usize {
    object.iter().map(|(name, value)| text_size(name) + size(value)).sum()
}

/// The size that the hub counts for a name or a string.
#[must_use]
pub fn text_size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_control()).map(char::len_utf8).sum()
}

/// Takes a patch's JSON value as an object and checks names, strings, numbers, depth and arrays.
///
/// # Errors
/// [`TwinError`] names the place; the hub answers 400 with it.
pub fn checked(patch: &Value, rules: Rules) -> Result<&Object, TwinError> {
    check(patch, rules, true)
}

/// The same for what replaces a section: there `null` deletes nothing.
///
/// # Errors
/// As [`checked`].
pub fn checked_whole(section: &Value, rules: Rules) -> Result<&Object, TwinError> {
    check(section, rules, false)
}

fn check(value: &Value, rules: Rules, deletes: bool) -> Result<&Object, TwinError> {
    let Value::Object(object) = value else { return Err(TwinError::NotAnObject { got: kind(value) }) };
    Check { rules, path: Vec::new(), deletes }.object(object, 0)?;
    Ok(object)
}

/// Whether a name may have this character. Microsoft's page lists control characters (C0 and C1), `.`, `$` and space;
/// the service refuses `#` as well, by its own error text (Azure/azure-iot-sdk-java#243).
#[must_use]
pub fn is_name_char(c: char) -> bool {
    !c.is_control() && !matches!(c, '.' | '$' | '#' | ' ')
}

/// Checks a whole section, after merging, against its limit.
///
/// # Errors
/// [`TwinError::TooLarge`]: delete something first.
pub fn check_size(section: Section, object: &Object, rules: Rules) -> Result<(), TwinError> {
    let (bytes, limit) = (object_size(object), rules.limit(section));
    if bytes > limit {
        return Err(TwinError::TooLarge { section: section.name(), bytes, limit });
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One walk over a patch; knows where it is.
struct Check<'p> {
    rules: Rules,
    path: Vec<&'p str>,
    /// Whether a null stands for a deletion here.
    deletes: bool,
}

impl<'p> Check<'p> {
    fn here(&self) -> String {
        self.path.join(".")
    }

    /// `depth` is the number of objects around this one, the section itself not counted.
    fn object(&mut self, object: &'p Object, depth: usize) -> Result<(), TwinError> {
        if depth > self.rules.depth {
            return Err(TwinError::Depth { path: self.here(), allowed: self.rules.depth });
        }
        for (name, value) in object {
            self.name(name)?;
            self.path.push(name);
            self.value(value, depth)?;
            self.path.pop();
        }
        Ok(())
    }

    fn name(&self, name: &str) -> Result<(), TwinError> {
        if name.len() > limits::TWIN_KEY_BYTES {
            return Err(TwinError::LongName { path: self.here(), bytes: name.len() });
        }
        if name.is_empty() {
            return Err(TwinError::EmptyName { path: self.here() });
        }
        if !name.chars().all(is_name_char) {
            return Err(TwinError::Name { path: self.here(), name: name.to_owned() });
        }
        Ok(())
    }

    fn value(&mut self, value: &'p Value, depth: usize) -> Result<(), TwinError> {
        match value {
            Value::Null if !self.deletes => {
                Err(TwinError::Null { name: self.path.last().copied().unwrap_or("").to_owned() })
            }
            Value::Null | Value::Bool(_) => Ok(()),
            Value::Number(number) => self.number(number),
            Value::String(text) if text.len() > limits::TWIN_STRING_BYTES => {
                Err(TwinError::LongString { path: self.here(), bytes: text.len() })
            }
            Value::String(_) => Ok(()),
            Value::Array(_) if !self.rules.arrays => Err(TwinError::Array { path: self.here() }),
            Value::Array(items) => self.array(items, depth + 1),
            Value::Object(inner) => self.object(inner, depth + 1),
        }
    }

    fn array(&mut self, items: &'p [Value], depth: usize) -> Result<(), TwinError> {
        if depth > self.rules.depth {
            return Err(TwinError::Depth { path: self.here(), allowed: self.rules.depth });
        }
        // Arrays are replaced as a whole: nothing in them is deleted by null, however deep.
        let deletes = std::mem::replace(&mut self.deletes, false);
        items.iter().try_for_each(|item| self.value(item, depth))?;
        self.deletes = deletes;
        Ok(())
    }

    fn number(&self, number: &serde_json::Number) -> Result<(), TwinError> {
        let fits = match (number.as_i64(), number.as_u64()) {
            (Some(n), _) => (limits::TWIN_INTEGER_MIN..=limits::TWIN_INTEGER_MAX).contains(&n),
            // Larger than any i64.
            (None, Some(_)) => false,
            // A fraction or an exponent: no integer, no limit.
            (None, None) => true,
        };
        if fits { Ok(()) } else { Err(TwinError::Integer { path: self.here() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    fn refused(value: Value) -> TwinError {
        checked(&value, Rules::TODAY).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_patch_merges_deletes_and_replaces() {
        let mut twin = object(json!({"a": {"x": 1, "y": 2}, "b": 1, "c": [1, 2]}));
        merge(
            &mut twin,
            &object(json!({"a": {"x": null, "z": {"deep": null, "w": 1}}, "b": {"n": 1}, "c": [3]})),
        );
        assert_eq!(Value::Object(twin), json!({"a": {"y": 2, "z": {"w": 1}}, "b": {"n": 1}, "c": [3]}));
    }

    #[test]
    fn size_counts_as_the_hub_does() {
        // PROTOCOL 9.1: names and strings by characters without control characters, number 8, boolean 4.
        assert_eq!(
            size(&json!({"ab": "c\u{1}d", "n": 1.5, "t": true, "o": {"x": [1, 2]}})),
            2 + 2 + 9 + 5 + 1 + 1 + 16
        );
    }

    #[test]
    fn ten_nested_objects_are_allowed_and_eleven_are_not() {
        let nested = |levels: usize| (0..levels).fold(json!({"leaf": 1}), |inner, _| json!({"n": inner}));
        assert!(checked(&nested(10), Rules::TODAY).is_ok());
        assert!(matches!(refused(nested(11)), TwinError::Depth { .. }));
    }

    #[test]
    fn names_strings_and_integers_have_limits() {
        for name in ["a.b", "a b", "$version", "tab\t", "a#b", "del\u{7f}", "c1\u{85}"] {
            assert!(
                matches!(refused(json!({"in": {name: 1}})), TwinError::Name { path, .. } if path == "in")
            );
        }
        assert!(matches!(refused(json!({"in": {"": 1}})), TwinError::EmptyName { path } if path == "in"));
        assert_eq!(
            refused(json!({"m2(<#a": 1})).to_string(),
            "Property or Tag name has invalid characters. Error in Property/Tag m2(<#a. Must not contain Control \
             Characters, '.', '$', '#', or ' '."
        );
        assert!(checked(&json!({"ä-+/:;,<>[]{}@!%&*~\"\\": 1, "\u{a0}\u{200b}": 2}), Rules::TODAY).is_ok());
        assert!(
            checked(&json!({"n": 4_503_599_627_370_495_i64, "m": -4_503_599_627_370_496_i64}), Rules::TODAY)
                .is_ok()
        );
        assert!(matches!(refused(json!({"n": 4_503_599_627_370_496_i64})), TwinError::Integer { .. }));
        assert!(matches!(refused(json!({"n": u64::MAX})), TwinError::Integer { .. }));
        assert!(matches!(refused(json!({"s": "x".repeat(4097)})), TwinError::LongString { bytes: 4097, .. }));
        assert!(matches!(refused(json!({"k".repeat(1025): 1})), TwinError::LongName { bytes: 1025, .. }));
    }

    #[test]
    fn arrays_may_be_switched_off_and_never_hold_null() {
        assert!(checked(&json!({"a": [1, [2], {"b": 3}]}), Rules::TODAY).is_ok());
        assert!(matches!(
            checked(&json!({"a": [1]}), Rules { arrays: false, ..Rules::TODAY }),
            Err(TwinError::Array { .. })
        ));
        for (patch, named) in [
            (json!({"a": [null]}), "a"),
            (json!({"a": [[null]]}), "a"),
            (json!({"a": [{"b": null}]}), "b"),
            (json!({"a": [{"b": {"c": [1, {"d": null}]}}]}), "d"),
        ] {
            let text = format!("Value of Property or Tag cannot be null. Error in Property/Tag {named}");
            assert_eq!(refused(patch).to_string(), text);
        }
        assert!(checked(&json!({"a": [1], "b": null, "c": {"d": null}}), Rules::TODAY).is_ok());
        assert!(matches!(refused(json!([1])), TwinError::NotAnObject { got: "an array" }));
    }

    #[test]
    fn what_replaces_a_section_deletes_nothing_by_null() {
        for (whole, named) in [(json!({"my-tag": null}), "my-tag"), (json!({"a": {"b": null}}), "b")] {
            let text = format!("Value of Property or Tag cannot be null. Error in Property/Tag {named}");
            assert_eq!(checked_whole(&whole, Rules::TODAY).unwrap_err().to_string(), text);
        }
        assert!(checked_whole(&json!({"a": {"b": [1]}}), Rules::TODAY).is_ok());
    }

    #[test]
    fn each_section_has_its_own_limit() {
        let of = |bytes: usize| object(json!({"k": "x".repeat(bytes - 1)}));
        assert!(check_size(Section::Tags, &of(8192), Rules::TODAY).is_ok());
        assert!(check_size(Section::Tags, &of(8193), Rules::TODAY).is_err());
        assert!(check_size(Section::Reported, &of(32 * 1024), Rules::TODAY).is_ok());
        assert_eq!(
            check_size(Section::Desired, &of(32 * 1024 + 1), Rules::TODAY).unwrap_err().to_string(),
            "\"desired\" would have 32769 bytes, at most 32768 are allowed"
        );
    }
}
