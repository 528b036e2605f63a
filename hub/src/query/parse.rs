//! From text to a query. What the subset does not have is named in the error, never ignored.

use super::token::{Token, tokens};
use crate::twin_service;
use serde_json::Value;

/// A field: `properties.reported.x` in its parts.
pub(super) type Path = Vec<String>;

/// A field as a condition names it: its place in [`Query::fields`], so that one that is named a thousand times is
/// looked up once in a twin.
pub(super) type Field = usize;

/// What is asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Select {
    /// `*`: whole twins.
    Everything,
    /// Fields and the names they get.
    Fields(Vec<(Path, String)>),
    /// `COUNT()` and the name it gets, with the field of the GROUP BY and the name that one gets.
    Count(String, Option<(Path, String)>),
}

/// A query.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) select: Select,
    /// `FROM devices.modules`.
    pub(super) modules: bool,
    pub(super) condition: Option<Condition>,
    /// The fields that the condition names.
    pub(super) fields: Vec<Path>,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a function asks of two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

/// A side of a comparison.
#[derive(Debug, PartialEq)]
pub(super) enum Operand {
    Field(Field),
    Literal(Value),
}

/// What has to hold.
#[derive(Debug, PartialEq)]
pub(super) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, Comparison, Operand),
    /// The field is one of these; or, with true, none of them.
    In(Field, Vec<Value>, bool),
    IsDefined(Field),
    Text(TextTest, Field, String),
}

/// Nested deeper than this, a condition is refused: it is parsed and tried by recursion.
const DEPTH_MAX: usize = 50;
/// So many terms has a condition at most: a chain of `AND` or `OR` is as deep as it is long.
const TERMS_MAX: usize = 1000;

/// Reads a query.
///
/// # Errors
/// A sentence: what was expected, what stood there.
pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut parser =
        Parser { tokens: tokens(text)?, at: 0, depth: 0, terms: 0, modules: false, fields: Vec::new() };
    parser.query()
}

/// The path as a twin has it: the collection before it cut off, the names of the document read without regard to
/// case, as the service does. What lies in tags and properties is the twin's own, and has case.
fn known(mut path: Path, modules: bool) -> Result<Path, String> {
    let begins =
        |path: &Path, at: usize, name: &str| path.get(at).is_some_and(|p| p.eq_ignore_ascii_case(name));
    if path.len() > 1 && begins(&path, 0, "devices") {
        path.remove(0);
        if modules && path.len() > 1 && begins(&path, 0, "modules") {
            path.remove(0);
        }
    }
    let canonical = |path: &mut Path, at: usize, names: &[&str]| {
        let Some(part) = path.get_mut(at) else { return Ok(()) };
        match names.iter().find(|name| name.eq_ignore_ascii_case(part)) {
            Some(name) => *part = (*name).to_owned(),
            None => return Err(format!("there is no field \"{}\" in a twin", path[..=at].join("."))),
        }
        Ok(())
    };
    canonical(&mut path, 0, &twin_service::FIELDS)?;
    match path[0].as_str() {
        "properties" => canonical(&mut path, 1, &["desired", "reported"])?,
        "capabilities" => canonical(&mut path, 1, &["iotEdge"])?,
        "x509Thumbprint" => canonical(&mut path, 1, &["primaryThumbprint", "secondaryThumbprint"])?,
        _ => {}
    }
    Ok(path)
}

/// Fields and the names they get.
type Fields = Vec<(Path, String)>;

/// What is asked for, if it is one thing.
fn selected(fields: Option<Fields>, count: Option<String>, group_by: Option<Path>) -> Result<Select, String> {
    let Some(fields) = fields else {
        return match group_by {
            None => Ok(Select::Everything),
            Some(_) => Err("GROUP BY goes with SELECT … COUNT()".to_owned()),
        };
    };
    let mut names: Vec<&String> = fields.iter().map(|(_, name)| name).chain(&count).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two fields are named \"{}\": give one another name with AS", twice[0]));
    }
    match (count, group_by) {
        (None, None) => Ok(Select::Fields(fields)),
        (None, Some(_)) => Err("GROUP BY goes with SELECT … COUNT()".to_owned()),
        (Some(count), group_by) => {
            if let Some((path, _)) = fields.iter().find(|(path, _)| Some(path) != group_by.as_ref()) {
                return Err(format!(
                    "{} stands beside COUNT(): it has to be the field of a GROUP BY",
                    path.join(".")
                ));
            }
            // The field of a GROUP BY may be left out of SELECT; it is in the answer anyway.
            let group = group_by.map(|path| {
                let name = fields.into_iter().next().map(|(_, name)| name);
                let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
                (path, name)
            });
            Ok(Select::Count(count, group))
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    terms: usize,
    /// `FROM devices.modules`.
    modules: bool,
    /// The fields of the condition so far.
    fields: Vec<Path>,
}

impl Parser {
    fn query(&mut self) -> Result<Query, String> {
        self.expect_word("SELECT")?;
        let begin = self.at;
        self.skip_to_from()?;
        self.expect_word("devices")?;
        self.modules = self.sign(".");
        if self.modules && !self.word("modules") {
            return Err(format!("FROM takes devices or devices.modules, not devices.{}", self.shown()));
        }
        let behind = std::mem::replace(&mut self.at, begin);
        let (fields, count) = self.select()?;
        self.expect_word("FROM")?;
        self.at = behind;
        let condition = if self.word("WHERE") { Some(self.or()?) } else { None };
        let group_by = if self.word("GROUP") {
            self.expect_word("BY")?;
            Some(self.path()?)
        } else {
            None
        };
        if self.at < self.tokens.len() {
            return Err(format!("\"{}\" is not in this hub's part of the language", self.shown()));
        }
        let select = selected(fields, count, group_by)?;
        Ok(Query { select, modules: self.modules, condition, fields: std::mem::take(&mut self.fields) })
    }

    /// Which names there are hangs on the collection, which stands behind them.
    fn skip_to_from(&mut self) -> Result<(), String> {
        while self.at < self.tokens.len() {
            if self.word("FROM") {
                return Ok(());
            }
            self.at += 1;
        }
        self.expect_word("FROM")
    }

    /// The fields with their names, none for `*`; and the name of the `COUNT()`.
    fn select(&mut self) -> Result<(Option<Fields>, Option<String>), String> {
        if self.sign("*") {
            return Ok((None, None));
        }
        let mut fields = Vec::new();
        let mut count = None;
        loop {
            if self.call("COUNT") {
                self.expect_sign(")")?;
                if count.is_some() {
                    return Err("COUNT() stands there twice".to_owned());
                }
                count = Some(self.alias()?.unwrap_or_else(|| "count".to_owned()));
            } else {
                let path = self.path()?;
                let name = self.alias()?.or_else(|| path.last().cloned()).unwrap_or_default();
                fields.push((path, name));
            }
            if !self.sign(",") {
                break;
            }
        }
        Ok((Some(fields), count))
    }

    fn alias(&mut self) -> Result<Option<String>, String> {
        if !self.word("AS") {
            return Ok(None);
        }
        match self.next() {
            Some(Token::Word(name)) => Ok(Some(name)),
            _ => Err("AS is followed by a name".to_owned()),
        }
    }

    fn or(&mut self) -> Result<Condition, String> {
        let mut left = self.and()?;
        while self.word("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Condition, String> {
        let mut left = self.not()?;
        while self.word("AND") {
            left = Condition::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Condition, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("the condition is nested deeper than {DEPTH_MAX}"));
        }
        let condition = if self.word("NOT") { Condition::Not(Box::new(self.not()?)) } else { self.term()? };
        self.depth -= 1;
        Ok(condition)
    }

    fn term(&mut self) -> Result<Condition, String> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(format!("the condition has more than {TERMS_MAX} terms"));
        }
        if self.sign("(") {
            let inside = self.or()?;
            self.expect_sign(")")?;
            return Ok(inside);
        }
        if self.call("IS_DEFINED") {
            let field = self.field()?;
            self.expect_sign(")")?;
            return Ok(Condition::IsDefined(field));
        }
        let tests = [
            ("STARTSWITH", TextTest::StartsWith),
            ("ENDSWITH", TextTest::EndsWith),
            ("CONTAINS", TextTest::Contains),
        ];
        for (name, test) in tests {
            if self.call(name) {
                let field = self.field()?;
                self.expect_sign(",")?;
                let Some(Token::Text(text)) = self.next() else {
                    return Err(format!("{name} takes a field and a text"));
                };
                self.expect_sign(")")?;
                return Ok(Condition::Text(test, field, text));
            }
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        let left = self.operand()?;
        let nin = self.word("NIN");
        if nin || self.word("IN") {
            let Operand::Field(field) = left else { return Err("IN stands behind a field".to_owned()) };
            return Ok(Condition::In(field, self.list()?, nin));
        }
        let signs = [
            ("=", Comparison::Equal),
            ("!=", Comparison::Different),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        for (sign, comparison) in signs {
            if self.sign(sign) {
                return Ok(Condition::Compare(left, comparison, self.operand()?));
            }
        }
        Err(format!("a comparison was expected, \"{}\" stands there", self.shown()))
    }

    fn list(&mut self) -> Result<Vec<Value>, String> {
        self.expect_sign("[")?;
        let mut values = Vec::new();
        if self.sign("]") {
            return Ok(values);
        }
        loop {
            match self.operand()? {
                Operand::Literal(value) => values.push(value),
                Operand::Field(_) => {
                    return Err("a list holds texts, numbers, true, false and null".to_owned());
                }
            }
            if !self.sign(",") {
                break;
            }
        }
        self.expect_sign("]")?;
        Ok(values)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let literal = match self.tokens.get(self.at) {
            Some(Token::Text(text)) => Value::from(text.clone()),
            Some(Token::Number(number)) => Value::from(*number),
            Some(word) if word.is_word("true") => Value::Bool(true),
            Some(word) if word.is_word("false") => Value::Bool(false),
            Some(word) if word.is_word("null") => Value::Null,
            _ => return self.field().map(Operand::Field),
        };
        self.at += 1;
        Ok(Operand::Literal(literal))
    }

    /// A field of the condition.
    fn field(&mut self) -> Result<Field, String> {
        let path = self.path()?;
        let known = self.fields.iter().position(|field| *field == path);
        Ok(known.unwrap_or_else(|| {
            self.fields.push(path);
            self.fields.len() - 1
        }))
    }

    fn path(&mut self) -> Result<Path, String> {
        let mut path = Vec::new();
        loop {
            match self.next() {
                Some(Token::Word(part)) => path.push(part),
                Some(other) => {
                    return Err(format!("a field was expected, \"{}\" stands there", other.shown()));
                }
                None => return Err("a field was expected, the query ends".to_owned()),
            }
            // tags['a name']
            while self.sign("[") {
                match self.next() {
                    Some(Token::Text(part)) => path.push(part),
                    _ => return Err("[ behind a field is followed by a name in quotes".to_owned()),
                }
                self.expect_sign("]")?;
            }
            if self.tokens.get(self.at) == Some(&Token::Sign("(")) {
                let name = path.join(".");
                return Err(format!(
                    "{name}() is no function of this hub: SELECT takes *, fields and COUNT() before FROM, WHERE takes \
                     IS_DEFINED, STARTSWITH, ENDSWITH and CONTAINS"
                ));
            }
            if !self.sign(".") {
                return known(path, self.modules);
            }
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn word(&mut self, keyword: &str) -> bool {
        let there = self.tokens.get(self.at).is_some_and(|token| token.is_word(keyword));
        self.at += usize::from(there);
        there
    }

    /// A function's name and its opening bracket.
    fn call(&mut self, name: &str) -> bool {
        let there = self.tokens.get(self.at).is_some_and(|token| token.is_word(name))
            && self.tokens.get(self.at + 1) == Some(&Token::Sign("("));
        self.at += 2 * usize::from(there);
        there
    }

    fn sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.tokens.get(self.at), Some(Token::Sign(have)) if *have == sign);
        self.at += usize::from(there);
        there
    }

    fn expect_word(&mut self, keyword: &str) -> Result<(), String> {
        if self.word(keyword) {
            Ok(())
        } else {
            Err(format!("{keyword} was expected, \"{}\" stands there", self.shown()))
        }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(format!("\"{sign}\" was expected, \"{}\" stands there", self.shown()))
        }
    }

    fn shown(&self) -> String {
        self.tokens.get(self.at).map_or_else(|| "the end".to_owned(), Token::shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_field_that_is_named_often_is_looked_up_once() {
        // A chain of nine hundred OR holds the hub for as long as the lookups take.
        let terms: Vec<String> =
            (0..900).map(|n| format!("tags.floor = {n} OR devices.tags['floor'] > {n}")).collect();
        let query = parse(&format!("SELECT * FROM devices WHERE {}", terms[..450].join(" OR "))).unwrap();
        assert_eq!(query.fields, [vec!["tags".to_owned(), "floor".to_owned()]]);
        assert!(parse(&format!("SELECT * FROM devices WHERE {}", terms.join(" OR "))).is_err());
    }
}
