//! Parameters that are known.

use crate::ir::arena::Arena;
use crate::lir::{Builder, Constant, Expression, Kernel, Scalar, Value};

use super::rebuild::{Rules, define, rebuild};

/// The kernel for these words of parameters, given by name: it has them no more, and what follows from them is worked
/// out. An f32 is given by its bits. Names that the kernel has not are left aside, as not every kernel reads everything.
///
/// # Panics
/// When a word is no multiple of what its parameter is declared to be a multiple of: a defect of the caller.
///
/// ```
/// use sptx_codegen::legalize::bind;
/// use sptx_codegen::lir::{Access, Builder, Builtin, Place, Scalar, Statement};
///
/// let mut k = Builder::new("fill", "Fills.", 64);
/// let count = k.parameter("count", Scalar::U32, 1);
/// let numbers = Place::Buffer(k.buffer("numbers", Scalar::U32, 1, Access::ReadWrite));
/// let (zero, thread) = (k.u32(0), k.builtin(Builtin::Thread));
/// let wanted = k.less(zero, count);
/// k.when(wanted, |k| k.store(numbers, thread, count));
///
/// let bound = bind(&k.finish(), &[("count", 7)]);
/// assert!(bound.parameters.is_empty());
/// assert!(bound.body.iter().all(|it| !matches!(it, Statement::If { .. })), "it is known to be wanted");
/// ```
pub fn bind(kernel: &Kernel, words: &[(&str, u32)]) -> Kernel {
    let word = |name: &str| words.iter().find(|(bound, _)| *bound == name).map(|(_, word)| *word);
    let mut rules = Bind { parameters: Vec::new() };
    let mut parameters = Arena::default();
    for (_, parameter) in kernel.parameters.iter() {
        rules.parameters.push(match word(&parameter.name) {
            None => Expression::Parameter(parameters.push(parameter.clone())),
            Some(word) => {
                assert!(
                    word.is_multiple_of(parameter.multiple_of),
                    "`{}`: `{}` is {word}, no multiple of {}",
                    kernel.name,
                    parameter.name,
                    parameter.multiple_of
                );
                let is_number = parameter.scalar == Scalar::F32;
                Expression::Constant(if is_number { Constant::F32(word) } else { Constant::U32(word) })
            }
        });
    }
    rebuild(kernel, Kernel { parameters, ..kernel.clone() }, &mut rules)
}

struct Bind {
    /// What becomes of each parameter.
    parameters: Vec<Expression>,
}

impl Rules for Bind {
    fn expression(&mut self, k: &mut Builder, expression: Expression) -> Value {
        match expression {
            Expression::Parameter(parameter) => k.define(self.parameters[parameter.index()].clone()),
            other => define(k, other),
        }
    }
}
