//! Where values and variables are used.

use crate::legalize::Widths;
use crate::lir::{Block, Expression, Kernel, Place, Statement, Value, VariableId};

/// Where a kernel uses its values and variables.
#[derive(Debug)]
pub(super) struct Usage {
    values: Vec<ValueUse>,
    variables: Vec<Mentions>,
}

#[derive(Clone, Copy, Debug, Default)]
struct ValueUse {
    /// How often it is written in the text if it is written wherever it is used.
    count: u32,
    /// The loop in which it is defined, and the one in which it was last seen used.
    defined: usize,
    used: usize,
}

/// Where a variable is named.
#[derive(Clone, Debug, Default)]
struct Mentions {
    /// The blocks that hold all of its mentions, outermost first.
    blocks: Vec<usize>,
    /// Its first mention: none yet, or the statement's number, the blocks around it, and whether it sets the variable.
    first: Option<(usize, Vec<usize>, bool)>,
    /// The statement of the kernel's body that holds the first mention.
    outermost: usize,
    /// A name for readers.
    name: Option<&'static str>,
}

/// Where a variable is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declaration {
    /// By the statement of this number, which sets it before anything else names it.
    BySetting(usize),
    /// Before the statement of this number, which stands in the kernel's body.
    Before(usize),
    /// Nowhere: nothing names it.
    Nowhere,
}

impl Usage {
    /// That of a kernel. Statements are numbered from 0, one before those within it.
    pub(super) fn of(kernel: &Kernel, widths: &Widths) -> Self {
        let mut walk = Walk {
            kernel,
            widths,
            usage: Self {
                values: vec![ValueUse::default(); kernel.values.len()],
                variables: vec![Mentions::default(); kernel.variables.len()],
            },
            number: 0,
            outermost: 0,
            blocks: Vec::new(),
            loops: vec![0],
        };
        walk.block(&kernel.body);
        walk.usage
    }

    /// How often a value is written if it is written wherever it is used.
    pub(super) fn count(&self, value: Value) -> u32 {
        self.values[value.index()].count
    }

    /// Whether a value is used once, and as often as it is computed.
    pub(super) fn is_used_where_it_is_computed(&self, value: Value) -> bool {
        let it = self.values[value.index()];
        it.count == 1 && it.defined == it.used
    }

    /// A variable's name for readers.
    pub(super) fn name(&self, variable: VariableId) -> Option<&'static str> {
        self.variables[variable.index()].name
    }

    /// Where a variable is declared. What is set in one iteration of a loop and got in the next is declared before the
    /// loop.
    pub(super) fn declaration(&self, variable: VariableId) -> Declaration {
        let mentions = &self.variables[variable.index()];
        match &mentions.first {
            None => Declaration::Nowhere,
            Some((number, blocks, true)) if *blocks == mentions.blocks => Declaration::BySetting(*number),
            Some(_) => Declaration::Before(mentions.outermost),
        }
    }
}

/// A walk over the statements.
struct Walk<'a> {
    kernel: &'a Kernel,
    widths: &'a Widths,
    usage: Usage,
    /// Of the next statement.
    number: usize,
    /// The number of the body's statement that holds it.
    outermost: usize,
    /// The blocks around it, by the number of the first statement that may stand in them and which block it is.
    blocks: Vec<usize>,
    /// The loops around it, by the numbers of their statements from 1 on.
    loops: Vec<usize>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block) {
        for statement in block {
            let number = self.number;
            self.number += 1;
            if self.blocks.is_empty() {
                self.outermost = number;
            }
            self.statement(number, statement);
        }
    }

    fn inner(&mut self, key: usize, block: &Block) {
        self.blocks.push(key);
        self.block(block);
        self.blocks.pop();
    }

    fn statement(&mut self, number: usize, statement: &Statement) {
        match statement {
            Statement::Let(value, expression) => {
                self.defines(*value);
                match expression {
                    Expression::Get(variable) => self.mentions(number, *variable, false, Some(*value)),
                    Expression::Load { place, index, lanes } => self.uses(*index, self.written(*place, *lanes)),
                    _ => expression.operands().into_iter().for_each(|operand| self.uses(operand, 1)),
                }
            }
            Statement::Set(variable, value) => {
                self.uses(*value, 1);
                self.mentions(number, *variable, true, None);
            }
            Statement::Store { place, index, value } => {
                self.uses(*index, self.written(*place, self.kernel.ty(*value).lanes));
                self.uses(*value, 1);
            }
            Statement::Atomic { index, value, .. } => [index, value].into_iter().for_each(|it| self.uses(*it, 1)),
            Statement::Change { index, held, body, value, .. } => {
                self.uses(*index, 2);
                self.loops.push(number + 1);
                self.defines(*held);
                self.inner(2 * number, body);
                self.uses(*value, 1);
                self.loops.pop();
            }
            Statement::If { condition, then, otherwise } => {
                self.uses(*condition, 1);
                self.inner(2 * number, then);
                self.inner(2 * number + 1, otherwise);
            }
            Statement::For { index, from, until, step, body } => {
                self.uses(*from, 1);
                // What a loop asks for each time is worked out once.
                [until, step].into_iter().for_each(|it| self.uses(*it, 2));
                self.loops.push(number + 1);
                self.defines(*index);
                self.inner(2 * number, body);
                self.loops.pop();
            }
            Statement::Copy { .. } | Statement::Await => unreachable!("legal kernels load and store"),
            Statement::Barrier(_) => {}
        }
    }

    /// How often the index of an access is written.
    fn written(&self, place: Place, lanes: u8) -> u32 {
        if lanes < self.widths.element(place) { 2 } else { 1 }
    }

    fn this_loop(&self) -> usize {
        self.loops.last().copied().unwrap_or_default()
    }

    fn defines(&mut self, value: Value) {
        self.usage.values[value.index()].defined = self.this_loop();
    }

    fn uses(&mut self, value: Value, times: u32) {
        let used = self.this_loop();
        let it = &mut self.usage.values[value.index()];
        it.count += times;
        it.used = used;
    }

    fn mentions(&mut self, number: usize, variable: VariableId, sets: bool, got: Option<Value>) {
        let it = &mut self.usage.variables[variable.index()];
        if it.first.is_none() {
            it.first = Some((number, self.blocks.clone(), sets));
            it.blocks.clone_from(&self.blocks);
            it.outermost = self.outermost;
        }
        let shared = it.blocks.iter().zip(&self.blocks).take_while(|(a, b)| a == b).count();
        it.blocks.truncate(shared);
        it.name = it.name.or_else(|| self.kernel.values[got?].1);
    }
}
