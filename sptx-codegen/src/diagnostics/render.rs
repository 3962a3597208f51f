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
            let Excerpt { text, before, room } = Excerpt::new(line, start.column);
            let carets = "^".repeat(until.saturating_sub(start.column).clamp(1, room));
            let label = if error.label.is_empty() { String::new() } else { format!(" {}", error.label) };
            writeln!(f, "{margin} |")?;
            writeln!(f, "{} | {}", start.line, text.replace('\t', " "))?;
            writeln!(f, "{margin} | {}{carets}{label}", " ".repeat(before))?;
        } else if !error.label.is_empty() {
            writeln!(f, "{margin} = {}", error.label)?;
        }
        if !error.help.is_empty() {
            writeln!(f, "{margin} = help: {}", error.help)?;
        }
        Ok(())
    }
}

/// What is shown of a line: all of it, or of a long one what surrounds a column.
struct Excerpt {
    text: String,
    /// Characters shown before the column.
    before: usize,
    /// Characters shown from the column on, and at least one.
    room: usize,
}

impl Excerpt {
    const LONGEST: usize = 200;
    const BEFORE: usize = 60;

    fn new(line: &str, column: usize) -> Self {
        let (length, before) = (line.chars().count(), column.saturating_sub(1));
        if length <= Self::LONGEST {
            return Self { text: line.to_owned(), before, room: length.saturating_sub(before).max(1) };
        }
        let first = before.saturating_sub(Self::BEFORE);
        let shown: String = line.chars().skip(first).take(Self::LONGEST).collect();
        let room = shown.chars().count().saturating_sub(before - first).max(1);
        let [left, right] = [first > 0, first + Self::LONGEST < length].map(|cut| if cut { "…" } else { "" });
        Self { text: format!("{left}{shown}{right}"), before: before - first + left.chars().count(), room }
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

    #[test]
    fn of_a_long_line_the_part_around_the_error_is_shown() {
        let check = |column: usize, end: usize, shown: String, carets: String| {
            let line = format!("{}{}", "a".repeat(500), "b".repeat(500));
            let span = Span { start: Position { line: 1, column }, end: Position { line: 1, column: end } };
            let rendered = Diagnostics::new("", &line, vec![Diagnostic::new(span, "no")]).to_string();
            assert_eq!(rendered, format!("error: no\n  |\n1 | {shown}\n  | {carets}\n"));
        };
        let shown = format!("…{}{}…", "a".repeat(60), "b".repeat(140));
        check(501, 503, shown.clone(), format!("{}^^", " ".repeat(61)));
        check(501, 999, shown, format!("{}{}", " ".repeat(61), "^".repeat(140)));
        check(1, 2, format!("{}…", "a".repeat(200)), "^".to_owned());
        check(1001, 1001, format!("…{}", "b".repeat(60)), format!("{}^", " ".repeat(61)));
    }
}
