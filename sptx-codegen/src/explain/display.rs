//! The report as text.

use std::fmt::{self, Display, Formatter};

use super::{Definition, Formula, PairKernel, Report, Row, SplitReport};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for (name, size) in &self.dims {
            writeln!(f, "  {name} = {size}")?;
        }
        writeln!(f, "tables")?;
        for table in &self.tables {
            let plural = if table.elements == 1 { "" } else { "s" };
            let (elements, bytes) = (table.elements, table.bytes);
            writeln!(f, "  {} {}: {elements} element{plural}, {bytes} bytes a row", table.owner, table.name)?;
        }
        formula(f, "declared", &self.declared)?;
        formula(f, "factored", &self.factored)?;
        writeln!(f, "incidence rows{}", if self.rows.is_empty() { "\n  none" } else { "" })?;
        for row in &self.rows {
            writeln!(f, "  {row}")?;
        }
        self.splits.iter().try_for_each(|split| write!(f, "{split}"))?;
        self.gradient(f)?;
        self.cost(f)
    }
}

impl Report {
    fn gradient(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "gradient")?;
        definitions(f, &self.gradient.definitions)?;
        for (row, expression) in &self.gradient.contributions {
            writeln!(f, "  {row} += {expression}")?;
        }
        Ok(())
    }

    fn cost(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "cost of a triple")?;
        for (name, count) in [("forward", self.cost.forward), ("backward", self.cost.backward)] {
            let (read, written, flops) = (count.bytes_read, count.bytes_written, count.flops);
            writeln!(f, "  {name}: {read} bytes read, {written} written, {flops} FLOPs")?;
        }
        Ok(())
    }
}

fn formula(f: &mut Formatter<'_>, title: &str, formula: &Formula) -> fmt::Result {
    writeln!(f, "{title}")?;
    definitions(f, &formula.definitions)?;
    writeln!(f, "  score = {}", formula.expression)
}

fn definitions(f: &mut Formatter<'_>, definitions: &[Definition]) -> fmt::Result {
    definitions.iter().try_for_each(|definition| writeln!(f, "  {} = {}", definition.name, definition.expression))
}

impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} =", self.name)?;
        for term in &self.terms {
            let sign = if term.coefficient < 0.0 { '−' } else { '+' };
            let size = term.coefficient.abs();
            match (self.semiring.as_str(), size) {
                ("hadamard", _) => write!(f, " {}", term.row)?,
                ("plus_times", 1.0) => write!(f, " {sign}{}", term.row)?,
                (_, size) => write!(f, " {sign}{size}·{}", term.row)?,
            }
        }
        write!(f, "   ({})", self.semiring)
    }
}

impl Display for SplitReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let end = if self.missing == 'h' { "head" } else { "tail" };
        let kernel = match self.kernel {
            PairKernel::MatrixProduct => "by matrix products",
            PairKernel::Pairwise => "by a kernel over pairs",
            PairKernel::Triples => "not split, by the kernels of triples",
        };
        writeln!(f, "many {end}s at once: {kernel}")?;
        let Some(score) = &self.score else { return Ok(()) };
        definitions(f, &self.query)?;
        let each = if self.by_relation { "   (for each relation)" } else { "" };
        for Definition { name, expression } in &self.candidate {
            writeln!(f, "  {name} = {expression}{each}")?;
        }
        definitions(f, &self.products)?;
        definitions(f, &score.definitions)?;
        writeln!(f, "  score = {}", score.expression)
    }
}
