//! How small and how great numbers may be.
//!
//! An interval is found for each u32 from those of its operands, and narrowed where a condition holds: within
//! `if less a, b` a is less than b's greatest, and what a remainder is less than says where the number ends. Facts are about values, which do not change, and go on to whatever is
//! made of them, also to what was computed before the `if`. A variable may be whatever it is set to, wherever. Arithmetic
//! that may wrap gives anything.

use std::collections::HashMap;

use super::super::print::place_name;
use super::super::{
    Binary, Block, Builtin, Constant, Expression, Kernel, Place, Scalar, Statement, Type, Unary, Value,
};
use super::{Definition, Definitions, Report, Rule};

/// After so many rounds, what still grows may be anything.
const GROWING: usize = 6;
/// So often, what was let grow too far is taken back to what variables are set to then.
const SHRINKING: usize = 2;

/// Rules 7 and 9.
pub(super) fn check(definitions: &Definitions<'_>, report: &mut Report<'_>) {
    let kernel = definitions.kernel;
    let none = vec![None; kernel.variables.len()];
    let mut ranges = Ranges { definitions, variables: none.clone(), sets: none, levels: Vec::new() };
    let silent = &mut Report::of(kernel);
    for round in 0.. {
        ranges.walk(silent);
        if !ranges.grow(round >= GROWING) {
            break;
        }
    }
    // All that variables ever hold is within `variables` now, and so within what they are set to when that is assumed.
    for _ in 0..SHRINKING {
        ranges.walk(silent);
        ranges.variables = ranges.sets.clone();
    }
    ranges.walk(report);
}

/// The numbers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    low: u32,
    high: u32,
}

impl Range {
    const ANY: Self = Self { low: 0, high: u32::MAX };

    fn new(low: u32, high: u32) -> Self {
        Self { low, high }
    }

    /// The numbers of this interval, if they do not wrap; anything if they do.
    fn unless_wrapped(low: u64, high: u64) -> Self {
        match (u32::try_from(low), u32::try_from(high)) {
            (Ok(low), Ok(high)) => Self { low, high },
            _ => Self::ANY,
        }
    }

    fn both(self, other: Self) -> Option<Self> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low <= high).then_some(Self { low, high })
    }
}

/// What is in one or the other, and what is between.
fn either(a: Option<Range>, b: Option<Range>) -> Option<Range> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Range::new(a.low.min(b.low), a.high.max(b.high))),
        (a, b) => a.or(b),
    }
}

/// What a condition says of values.
type Facts = HashMap<Value, Range>;

/// What is known within a branch of one `if`.
#[derive(Default)]
struct Level {
    /// What the condition says.
    facts: Facts,
    /// What follows, of what was asked for.
    found: HashMap<Value, Option<Range>>,
}

struct Ranges<'a> {
    definitions: &'a Definitions<'a>,
    /// What variables may hold; none for those that nothing is known to be set to yet.
    variables: Vec<Option<Range>>,
    /// What they are set to, in this walk over the body.
    sets: Vec<Option<Range>>,
    /// One for the body, one more for each `if` around.
    levels: Vec<Level>,
}

impl Ranges<'_> {
    fn walk(&mut self, report: &mut Report<'_>) {
        self.levels = vec![Level::default()];
        self.sets.fill(None);
        self.block(&self.definitions.kernel.body, report);
    }

    /// Lets variables hold what they are set to, or anything beyond an end that was passed; whether any holds more now.
    fn grow(&mut self, far: bool) -> bool {
        let mut grown = false;
        for (held, set) in self.variables.iter_mut().zip(&self.sets) {
            let Some(mut new) = either(*held, *set) else { continue };
            if let Some(old) = held.filter(|_| far) {
                new.low = if new.low < old.low { 0 } else { new.low };
                new.high = if new.high > old.high { u32::MAX } else { new.high };
            }
            grown |= *held != Some(new);
            *held = Some(new);
        }
        grown
    }

    fn block(&mut self, block: &Block, report: &mut Report<'_>) {
        for statement in block {
            self.statement(statement, report);
        }
    }

    fn statement(&mut self, statement: &Statement, report: &mut Report<'_>) {
        let kernel = self.definitions.kernel;
        match statement {
            Statement::Let(value, expression) => {
                if let Expression::Load { place, index, lanes } = expression {
                    self.access(statement, *place, *index, *lanes, report);
                }
                // Asked for in order, so that long chains are not followed from their ends.
                if kernel.ty(*value) == Type::U32 {
                    self.of(*value);
                }
            }
            Statement::Store { place, index, value } => {
                self.access(statement, *place, *index, kernel.ty(*value).lanes, report);
            }
            Statement::Copy { shared, at, lanes, .. } => {
                self.access(statement, Place::Shared(*shared), *at, *lanes, report);
            }
            Statement::Set(variable, value) if kernel.variables[*variable] == Type::U32 => {
                let range = self.of(*value);
                let sets = &mut self.sets[variable.index()];
                *sets = either(*sets, range);
            }
            Statement::If { condition, then, otherwise } => {
                for (truth, branch) in [(true, then), (false, otherwise)] {
                    let mut facts = Facts::default();
                    // A branch that is never run breaks no rule.
                    if self.assume(*condition, truth, &mut facts).is_some() {
                        self.levels.push(Level { facts, found: HashMap::new() });
                        self.block(branch, report);
                        self.levels.pop();
                    }
                }
            }
            Statement::For { step, body, .. } => {
                if self.of(*step).is_some_and(|range| range.low == 0) {
                    report.at(statement, Rule::StepOfNothing { step: self.definitions.shown(*step) });
                }
                self.block(body, report);
            }
            Statement::Change { body, .. } => self.block(body, report),
            Statement::Set(..) | Statement::Await | Statement::Atomic { .. } | Statement::Barrier(_) => {}
        }
    }

    fn access(&mut self, statement: &Statement, place: Place, index: Value, lanes: u8, report: &mut Report<'_>) {
        let kernel = self.definitions.kernel;
        let words = match place {
            Place::Buffer(_) => return,
            Place::Shared(shared) => kernel.shared[shared].words,
        };
        let Some(range) = self.of(index) else { return };
        if u64::from(range.high) + u64::from(lanes) > u64::from(words) {
            let most = range.high.saturating_add(u32::from(lanes) - 1);
            let (index, shared) = (self.definitions.shown(index), place_name(kernel, place));
            report.at(statement, Rule::OutOfBounds { index, most, shared, words });
        }
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("the level of the body")
    }

    /// What a u32 may be; none where it is never computed.
    fn of(&mut self, value: Value) -> Option<Range> {
        if let Some(found) = self.level().found.get(&value) {
            return *found;
        }
        let computed = match self.definitions.get(value) {
            _ if self.definitions.kernel.ty(value) != Type::U32 => Some(Range::ANY),
            Definition::Let(expression) => self.expression(expression),
            Definition::Index { from, until, .. } => self.index(from, until),
            Definition::Held => Some(Range::ANY),
        };
        let facts = self.levels.iter().filter_map(|level| level.facts.get(&value));
        let range = facts.fold(computed, |range, fact| range?.both(*fact));
        self.level().found.insert(value, range);
        range
    }

    fn index(&mut self, from: Value, until: Value) -> Option<Range> {
        let (from, until) = (self.of(from)?, self.of(until)?);
        Range::ANY.both(Range::new(from.low, until.high.checked_sub(1)?))
    }

    fn expression(&mut self, expression: &Expression) -> Option<Range> {
        match expression {
            Expression::Constant(Constant::U32(known)) => Some(Range::new(*known, *known)),
            Expression::Builtin(builtin) => Some(builtin_range(self.definitions.kernel, *builtin)),
            Expression::Get(variable) => self.variables[variable.index()],
            Expression::Binary(op, a, b) => {
                let (a, b) = (self.of(*a)?, self.of(*b)?);
                binary_range(*op, a, b)
            }
            Expression::Select { condition, yes, no } => self.select(*condition, *yes, *no),
            Expression::Convert(Scalar::U32, a) if self.definitions.kernel.ty(*a).scalar == Scalar::Bool => {
                Some(Range::new(0, 1))
            }
            Expression::Lane(vector, lane) => match self.definitions.lane(*vector, *lane) {
                Some(value) => self.of(value),
                None => Some(Range::ANY),
            },
            Expression::Constant(_)
            | Expression::Parameter(_)
            | Expression::Unary(..)
            | Expression::MultiplyAdd(..)
            | Expression::Convert(..)
            | Expression::Bits(..)
            | Expression::Splat(..)
            | Expression::Join(_)
            | Expression::Load { .. }
            | Expression::Exchange { .. } => Some(Range::ANY),
        }
    }

    fn select(&mut self, condition: Value, yes: Value, no: Value) -> Option<Range> {
        let mut chosen = None;
        for (truth, value) in [(true, yes), (false, no)] {
            // What the condition says of the chosen value itself, and no more: what that is made of is not asked again.
            let mut facts = Facts::default();
            let may_be = self.assume(condition, truth, &mut facts).is_some();
            let range = self.of(value).filter(|_| may_be);
            let range = facts.get(&value).map_or(range, |fact| range?.both(*fact));
            chosen = either(chosen, range);
        }
        chosen
    }

    /// Adds what follows when a condition is true, or is not; none where it cannot be so.
    fn assume(&mut self, condition: Value, truth: bool, facts: &mut Facts) -> Option<()> {
        match self.definitions.expression(condition) {
            Some(Expression::Constant(Constant::Bool(known))) => (*known == truth).then_some(()),
            Some(Expression::Unary(Unary::Not, a)) => self.assume(*a, !truth, facts),
            Some(Expression::Binary(op @ (Binary::And | Binary::Or), a, b)) if truth == (*op == Binary::And) => {
                self.assume(*a, truth, facts)?;
                self.assume(*b, truth, facts)
            }
            Some(Expression::Binary(op, a, b)) if self.definitions.kernel.ty(*a) == Type::U32 => {
                self.compare(*op, *a, *b, truth, facts)
            }
            _ => Some(()),
        }
    }

    fn compare(&mut self, op: Binary, a: Value, b: Value, truth: bool, facts: &mut Facts) -> Option<()> {
        match (op, truth) {
            (Binary::Less, true) | (Binary::GreaterEqual, false) => self.order(a, b, 1, facts),
            (Binary::LessEqual, true) | (Binary::Greater, false) => self.order(a, b, 0, facts),
            (Binary::Greater, true) | (Binary::LessEqual, false) => self.order(b, a, 1, facts),
            (Binary::GreaterEqual, true) | (Binary::Less, false) => self.order(b, a, 0, facts),
            (Binary::Equal, true) | (Binary::NotEqual, false) => {
                self.order(a, b, 0, facts)?;
                self.order(b, a, 0, facts)
            }
            _ => Some(()),
        }
    }

    /// Adds that `lesser + gap ≤ greater`.
    fn order(&mut self, lesser: Value, greater: Value, gap: u32, facts: &mut Facts) -> Option<()> {
        let (small, great) = (self.of(lesser)?, self.of(greater)?);
        for (value, fact) in [
            (lesser, Range::new(0, great.high.checked_sub(gap)?)),
            (greater, Range::new(small.low.checked_add(gap)?, u32::MAX)),
        ] {
            self.narrow(value, fact, facts)?;
        }
        Some(())
    }

    /// Adds that a value is in a range, and what follows for the one that it is a remainder of.
    fn narrow(&mut self, value: Value, range: Range, facts: &mut Facts) -> Option<()> {
        let known = facts.get(&value).copied().or_else(|| self.of(value))?;
        let range = known.both(range)?;
        facts.insert(value, range);
        let (number, divisor) = match self.definitions.expression(value) {
            Some(Expression::Binary(Binary::Rem, number, divisor)) => (*number, self.definitions.known(*divisor)),
            Some(Expression::Binary(Binary::And, number, mask)) => {
                let divisor = self.definitions.known(*mask).and_then(|mask| mask.checked_add(1));
                (*number, divisor.filter(|divisor| divisor.is_power_of_two()))
            }
            _ => return Some(()),
        };
        let Some(divisor) = divisor.filter(|divisor| *divisor > 0) else { return Some(()) };
        let all = self.of(number)?;
        // The first multiple at or before an end, and the remainder's end from there, where that is nearer.
        let low = all.low.max((all.low / divisor).checked_mul(divisor)?.checked_add(range.low)?);
        let high = all.high.min((all.high / divisor * divisor).saturating_add(range.high));
        self.narrow(number, Range::new(low, high), facts)
    }
}

fn builtin_range(kernel: &Kernel, builtin: Builtin) -> Range {
    // A grid has fewer than 2^32 threads.
    let workgroups = u32::MAX / kernel.workgroup;
    match builtin {
        // There are no more subgroups than threads, however they are filled.
        Builtin::Thread | Builtin::Subgroup => Range::new(0, kernel.workgroup - 1),
        Builtin::Workgroup => Range::new(0, workgroups - 1),
        Builtin::Workgroups => Range::new(1, workgroups),
        Builtin::SubgroupThread => Range::new(0, 127),
        Builtin::SubgroupSize => Range::new(1, 128),
    }
}

fn binary_range(op: Binary, a: Range, b: Range) -> Option<Range> {
    let by_ends = |of: fn(u64, u64) -> u64| {
        Range::unless_wrapped(of(a.low.into(), b.low.into()), of(a.high.into(), b.high.into()))
    };
    Some(match op {
        Binary::Add => by_ends(|a, b| a + b),
        Binary::Mul => by_ends(|a, b| a * b),
        Binary::Min => by_ends(u64::min),
        Binary::Max => by_ends(u64::max),
        Binary::MulHigh => by_ends(|a, b| (a * b) >> 32),
        Binary::Sub if a.low >= b.high => Range::new(a.low - b.high, a.high - b.low),
        Binary::Sub => Range::ANY,
        // By 0 a kernel does not divide; targets that do give the dividend, and the remainder 0.
        Binary::Div => Range::new(a.low / b.high.max(1), a.high / b.low.max(1)),
        Binary::Rem if a.high < b.low => a,
        Binary::Rem => Range::new(0, a.high.min(b.high.checked_sub(1)?)),
        Binary::And => Range::new(0, a.high.min(b.high)),
        Binary::Or => Range::new(a.low.max(b.low), ones(a.high | b.high)),
        Binary::Xor => Range::new(0, ones(a.high | b.high)),
        Binary::ShiftLeft | Binary::ShiftRight if b.high > 31 => Range::ANY,
        Binary::ShiftLeft => by_ends(|a, b| a << b),
        Binary::ShiftRight => Range::new(a.low >> b.high, a.high >> b.low),
        Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual
        | Binary::Equal
        | Binary::NotEqual => unreachable!("rule 4: comparisons give truth values"),
    })
}

/// The number whose bits are 1 from the greatest that is in `bits` on.
fn ones(bits: u32) -> u32 {
    u32::MAX.checked_shr(bits.leading_zeros()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Binary, Range, binary_range};

    const ENDS: [u32; 14] = [0, 1, 2, 3, 5, 7, 8, 30, 31, 32, 33, 1 << 31, u32::MAX - 1, u32::MAX];

    /// Of all ranges between two of the ends, the ends within them.
    fn ranges() -> impl Iterator<Item = (Range, Vec<u32>)> {
        ENDS.iter().enumerate().flat_map(|(first, low)| {
            ENDS[first..]
                .iter()
                .enumerate()
                .map(move |(more, high)| (Range::new(*low, *high), ENDS[first..=first + more].to_vec()))
        })
    }

    #[test]
    fn ranges_hold_what_is_computed_of_what_they_hold() {
        for op in [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Rem,
            Binary::Min,
            Binary::Max,
            Binary::And,
            Binary::Or,
            Binary::Xor,
            Binary::ShiftLeft,
            Binary::ShiftRight,
            Binary::MulHigh,
        ] {
            for (a, left) in ranges() {
                for (b, right) in ranges() {
                    let range = binary_range(op, a, b);
                    let both = left.iter().flat_map(|a| right.iter().map(|b| (*a, *b)));
                    for result in both.filter_map(|(a, b)| op.fold(a, b)) {
                        let holds = range.is_some_and(|range| range.low <= result && result <= range.high);
                        assert!(holds, "{op} of {a:?} and {b:?} is {range:?}, without {result}");
                    }
                }
            }
        }
    }
}
