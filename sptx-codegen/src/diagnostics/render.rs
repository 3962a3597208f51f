//! Diagnostics as a terminal shows them, in the manner of rustc.

use std::fmt::{Display, Formatter, Result};

use super::{Diagnostic, Diagnostics, Span};

impl Display for Diagnostics {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            self.render(error, f)?;
        }
        Ok(())
    }
}

impl Diagnostics {
    fn render(&self, error: &Diagnostic, f: &mut Formatter<'_>) -> Result {
        let Span { start, end } = error.span;
        let margin = " ".repeat(start.line.to_string().len());
        writeln!(f, "error: {}", error.message)?;
        if !self.file_name.is_empty() {
            writeln!(f, "{margin}--> {}:{}:{}", self.file_name, start.line, start.column)?;
        }
        if let Some(line) = start.line.checked_sub(1).and_then(|index| self.source.lines().nth(index)) {
            let length = line.chars().count();
            let until = if end.line == start.line { end.column } else { length + 1 };
            let carets = "^".repeat(until.saturating_sub(start.column).max(1));
            let label = if error.label.is_empty() { String::new() } else { format!(" {}", error.label) };
            writeln!(f, "{margin} |")?;
            writeln!(f, "{} | {}", start.line, line.replace('\t', " "))?;
            writeln!(f, "{margin} | {}{carets}{label}", " ".repeat(start.column.saturating_sub(1)))?;
        } else if !error.label.is_empty() {
            writeln!(f, "{margin} = {}", error.label)?;
        }
        if !error.help.is_empty() {
            writeln!(f, "{margin} = help: {}", error.help)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, Diagnostics, Position, Span};

    #[test]
    fn an_error_shows_its_line_its_label_and_its_help() {
        let span = Span { start: Position { line: 2, column: 5 }, end: Position { line: 2, column: 8 } };
        let error = Diagnostic::new(span, "no table `w`").label("not declared").help("did you mean `v`?");
        let rendered = Diagnostics::new("a.sptx", "first\n    h.w\n", vec![error]).to_string();
        assert_eq!(
            rendered,
            "error: no table `w`\n --> a.sptx:2:5\n  |\n2 |     h.w\n  |     ^^^ not declared\n  = help: did you mean `v`?\n"
        );
    }
}
