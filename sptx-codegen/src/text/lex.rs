//! Tokens of textual IR.

use super::ParseError;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A run of letters, digits, `_`, `.`, `/`, `+` and `-`: a bare name, a keyword or a number.
    Word(String),
    /// A string, its escapes resolved.
    Text(String),
    /// Any other character.
    Mark(char),
    /// After the last character.
    End,
}

/// A token and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) token: Token,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Splits a text into tokens; the last one is [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<Located>, ParseError> {
    let mut lexer = Lexer { rest: text.chars().collect(), at: 0, line: 1, column: 1 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip();
        let (line, column) = (lexer.line, lexer.column);
        let token = lexer.token()?;
        let end = token == Token::End;
        tokens.push(Located { token, line, column });
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer {
    rest: Vec<char>,
    at: usize,
    line: usize,
    column: usize,
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '/' | '+' | '-')
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        if character == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(character)
    }

    fn error(&self, message: &str) -> ParseError {
        ParseError { line: self.line, column: self.column, message: message.to_owned() }
    }

    fn skip(&mut self) {
        while let Some(character) = self.peek() {
            if character == '#' {
                while self.peek().is_some_and(|character| character != '\n') {
                    self.next();
                }
            } else if character.is_whitespace() {
                self.next();
            } else {
                return;
            }
        }
    }

    fn token(&mut self) -> Result<Token, ParseError> {
        match self.peek() {
            None => Ok(Token::End),
            Some('"') => self.text(),
            Some(character) if is_word(character) => Ok(self.word()),
            Some(character) => {
                self.next();
                Ok(Token::Mark(character))
            }
        }
    }

    fn word(&mut self) -> Token {
        let mut word = String::new();
        while let Some(character) = self.peek().filter(|character| is_word(*character)) {
            word.push(character);
            self.next();
        }
        Token::Word(word)
    }

    fn text(&mut self) -> Result<Token, ParseError> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a string is not closed")),
                Some('"') => return Ok(Token::Text(text)),
                Some('\\') => text.push(self.escape()?),
                Some(character) => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('0') => Ok('\0'),
            Some(itself @ ('\\' | '"' | '\'')) => Ok(itself),
            Some('u') => self.code_point(),
            _ => Err(self.error("an unknown escape")),
        }
    }

    fn code_point(&mut self) -> Result<char, ParseError> {
        let mut digits = String::new();
        let opened = self.next() == Some('{');
        while let Some(character) = self.next().filter(|character| *character != '}') {
            digits.push(character);
        }
        let number = u32::from_str_radix(&digits, 16).ok().filter(|_| opened);
        number.and_then(char::from_u32).ok_or_else(|| self.error("an escape of no character"))
    }
}
