//! From text to a query. What the subset does not have is named in the error, never ignored.

use super::token::{Token, tokens};
use serde_json::Value;

/// A field: `properties.reported.x` in its parts.
pub(super) type Path = Vec<String>;

/// What is asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Select {
    /// `*`: whole twins.
    Everything,
    /// Fields and the names they get.
    Fields(Vec<(Path, String)>),
    /// `COUNT()` and the name it gets.
    Count(String),
}

/// A query.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) select: Select,
    /// `FROM devices.modules`.
    pub(super) modules: bool,
    pub(super) condition: Option<Condition>,
    pub(super) group_by: Option<Path>,
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
    Field(Path),
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
    In(Path, Vec<Value>, bool),
    IsDefined(Path),
    Text(TextTest, Path, String),
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
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, terms: 0 };
    parser.query()
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    terms: usize,
}

impl Parser {
    fn query(&mut self) -> Result<Query, String> {
        self.expect_word("SELECT")?;
        let select = self.select()?;
        self.expect_word("FROM")?;
        self.expect_word("devices")?;
        let modules = self.sign(".");
        if modules && !self.word("modules") {
            return Err(format!("FROM takes devices or devices.modules, not devices.{}", self.shown()));
        }
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
        if group_by.is_some() && !matches!(select, Select::Count(_)) {
            return Err("GROUP BY goes with SELECT … COUNT()".to_owned());
        }
        Ok(Query { select, modules, condition, group_by })
    }

    fn select(&mut self) -> Result<Select, String> {
        if self.sign("*") {
            return Ok(Select::Everything);
        }
        let mut fields = Vec::new();
        let mut count = None;
        loop {
            if self.word("COUNT") {
                self.expect_sign("(")?;
                self.expect_sign(")")?;
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
        // The field of a GROUP BY may stand beside its COUNT(); it is in the answer anyway.
        Ok(count.map_or(Select::Fields(fields), Select::Count))
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
            let path = self.path()?;
            self.expect_sign(")")?;
            return Ok(Condition::IsDefined(path));
        }
        let tests = [
            ("STARTSWITH", TextTest::StartsWith),
            ("ENDSWITH", TextTest::EndsWith),
            ("CONTAINS", TextTest::Contains),
        ];
        for (name, test) in tests {
            if self.call(name) {
                let path = self.path()?;
                self.expect_sign(",")?;
                let Some(Token::Text(text)) = self.next() else {
                    return Err(format!("{name} takes a field and a text"));
                };
                self.expect_sign(")")?;
                return Ok(Condition::Text(test, path, text));
            }
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        let left = self.operand()?;
        let nin = self.word("NIN");
        if nin || self.word("IN") {
            let Operand::Field(path) = left else { return Err("IN stands behind a field".to_owned()) };
            return Ok(Condition::In(path, self.list()?, nin));
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
            _ => return self.path().map(Operand::Field),
        };
        self.at += 1;
        Ok(Operand::Literal(literal))
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
            if !self.sign(".") {
                return Ok(path);
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
