//! Words and signs of a query.

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword or a part of a path.
    Word(String),
    Number(f64),
    Text(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `(`, `)`, `[`, `]`, `,`, `.`, `*`.
    Sign(&'static str),
}

impl Token {
    /// Whether it is this keyword, in any case.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// How an error shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 14] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", "[", "]", ",", ".", "*"];

/// Cuts a query into tokens.
///
/// # Errors
/// A sentence that names the character that belongs nowhere.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            _ if found.last() == Some(&Token::Sign(".")) => part_token(rest)?,
            '\'' | '"' => text_token(rest, first)?,
            '0'..='9' | '-' => number_token(rest)?,
            _ if is_word_char(first) => {
                let length = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign =
                    sign.ok_or_else(|| format!("the character {first:?} belongs nowhere in a query"))?;
                (Token::Sign(if *sign == "<>" { "!=" } else { sign }), sign.len())
            }
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// What stands behind a dot: a name with any characters but those of the language, or any name in `[[` and `]]`, as
/// Microsoft's samples write `properties.reported.[[$iotin:deviceinfo]]`.
fn part_token(rest: &str) -> Result<(Token, usize), String> {
    if let Some(inside) = rest.strip_prefix("[[") {
        let end = inside.find("]]").ok_or("a name begins with [[ and never ends")?;
        return Ok((Token::Word(inside[..end].to_owned()), end + 4));
    }
    let ends = |c: char| c.is_whitespace() || ".,()[]=<>!'\"*".contains(c);
    match rest.find(ends).unwrap_or(rest.len()) {
        0 => Err(format!("a name was expected behind the dot, {rest:?} stands there")),
        length => Ok((Token::Word(rest[..length].to_owned()), length)),
    }
}

/// A doubled quote inside stands for one; `\'`, `\"`, `\\` and `\uXXXX` for what they name.
fn text_token(rest: &str, quote: char) -> Result<(Token, usize), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            let escape = &rest[at + 1..];
            let (character, length) = escaped(escape)?;
            text.push(character);
            chars.by_ref().take(length).for_each(drop);
        } else if c != quote {
            text.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            text.push(quote);
            chars.next();
        } else {
            return Ok((Token::Text(text), at + 1));
        }
    }
    Err(format!("a text begins with {quote} and never ends"))
}

/// The character that an escape stands for, and the characters it is written in behind the backslash.
fn escaped(escape: &str) -> Result<(char, usize), String> {
    match escape.chars().next() {
        Some(c @ ('\'' | '"' | '\\')) => Ok((c, 1)),
        Some('u') => {
            let unit = |at: usize| {
                let digits =
                    escape.get(at..at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
                u16::from_str_radix(digits, 16).ok()
            };
            let first = unit(1);
            let second = if escape.get(5..7) == Some("\\u") { unit(7) } else { None };
            // A character beyond the first plane is written as two.
            let pair = first.zip(second).and_then(|(a, b)| char::decode_utf16([a, b]).next()?.ok());
            match pair.filter(|c| c.len_utf16() == 2) {
                Some(c) => Ok((c, 11)),
                None => {
                    let c = first.and_then(|unit| char::from_u32(unit.into()));
                    c.map(|c| (c, 5)).ok_or_else(|| "\\u is followed by four hexadecimal digits".to_owned())
                }
            }
        }
        _ => Err("a backslash stands before ', \", \\ or uXXXX".to_owned()),
    }
}

fn number_token(rest: &str) -> Result<(Token, usize), String> {
    let ends = |c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    let length = rest.find(ends).unwrap_or(rest.len());
    let text = &rest[..length];
    text.parse().map(|number| (Token::Number(number), length)).map_err(|_| format!("\"{text}\" is no number"))
}
