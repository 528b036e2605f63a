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

/// A doubled quote inside stands for one.
fn text_token(rest: &str, quote: char) -> Result<(Token, usize), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
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

fn number_token(rest: &str) -> Result<(Token, usize), String> {
    let ends = |c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    let length = rest.find(ends).unwrap_or(rest.len());
    let text = &rest[..length];
    text.parse().map(|number| (Token::Number(number), length)).map_err(|_| format!("\"{text}\" is no number"))
}
