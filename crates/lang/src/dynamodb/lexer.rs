//! Expressions cut into tokens.

/// A token: what it is and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: TokenKind,
    pub text: &'a str,
    pub start: usize,
}

/// The kinds of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word: a name, a function or a keyword.
    Word,
    /// `#name`
    NamePlaceholder,
    /// `:value`
    ValuePlaceholder,
    /// Digits.
    Digits,
    /// An operator or a bracket.
    Symbol,
    /// A character that begins nothing.
    Unknown,
    /// The end.
    End,
}

impl Token<'_> {
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Cuts an expression into tokens, the last of which is the end. It cannot fail: what begins no
/// token becomes an unknown one, which the parser then meets in its place.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        if matches!(first, ' ' | '\t' | '\r' | '\n') {
            at += 1;
            continue;
        }
        let (kind, length) = token(&source[at..], first);
        tokens.push(Token { kind, text: &source[at..at + length], start: at });
        at += length;
    }
    tokens.push(Token { kind: TokenKind::End, text: "", start: source.len() });
    tokens
}

fn token(rest: &str, first: char) -> (TokenKind, usize) {
    let run = |from: usize, part: fn(u8) -> bool| {
        from + rest.as_bytes()[from..].iter().take_while(|b| part(**b)).count()
    };
    let word_part = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    match first {
        'a'..='z' | 'A'..='Z' => (TokenKind::Word, run(1, word_part)),
        '0'..='9' => (TokenKind::Digits, run(1, |b| b.is_ascii_digit())),
        '#' if run(1, word_part) > 1 => (TokenKind::NamePlaceholder, run(1, word_part)),
        ':' if run(1, word_part) > 1 => (TokenKind::ValuePlaceholder, run(1, word_part)),
        '<' if rest.starts_with("<=") || rest.starts_with("<>") => (TokenKind::Symbol, 2),
        '>' if rest.starts_with(">=") => (TokenKind::Symbol, 2),
        '(' | ')' | '[' | ']' | ',' | '.' | '=' | '<' | '>' | '+' | '-' => (TokenKind::Symbol, 1),
        other => (TokenKind::Unknown, other.len_utf8()),
    }
}

/// AWS's text for a token that cannot stand where it does. `near` runs from the token before it to
/// the token after it, as they are written.
pub(super) fn syntax_error(source: &str, tokens: &[Token<'_>], at: usize) -> String {
    let token = &tokens[at];
    let text = if token.kind == TokenKind::End { "<EOF>" } else { token.text };
    let first = tokens[at.saturating_sub(1)].start;
    let last = if token.kind == TokenKind::End {
        tokens[at.saturating_sub(1)].end()
    } else {
        let next = &tokens[at + 1];
        if next.kind == TokenKind::End { token.end() } else { next.end() }
    };
    format!("Syntax error; token: \"{text}\", near: \"{}\"", &source[first..last])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_show_the_token_and_its_neighbours() {
        let near = |source: &str, at: usize| syntax_error(source, &tokens(source), at);
        // Both texts were answered by AWS: aws/aws-cdk#7591, and reports of `__typename`.
        assert_eq!(near("ADD hits : incr", 2), r#"Syntax error; token: ":", near: "hits : incr""#);
        assert_eq!(near("a AND __typename", 2), r#"Syntax error; token: "_", near: "AND __""#);
        assert_eq!(near("a =", 2), r#"Syntax error; token: "<EOF>", near: "=""#);
        assert_eq!(near("é x", 0), r#"Syntax error; token: "é", near: "é x""#);
    }
}
