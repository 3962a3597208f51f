//! Kernels whose workgroups stay.

use crate::lir::{Barrier, Builder, Builtin, Expression, Kernel, Scalar, Value};

use super::rebuild::{Rules, define, rebuild};

/// The kernel as a loop over workgroups: each that is launched does the work of every so-manieth, so that a launch may
/// have no more of them than the device holds at once. How many there are to do is the new parameter `workgroups`; 0 do
/// nothing. Of fewer than 2^31 of them, any number may be launched.
///
/// Between two rounds threads wait for one another where the workgroup has memory of its own. What a round leaves there is
/// as undefined as what is there at first. Buffers need no such wait: what two workgroups may do to a word, the rounds of
/// one may do as well.
///
/// # Panics
/// When the kernel has a parameter `workgroups` already: a defect of the caller.
///
/// ```
/// use sptx_codegen::legalize::persist;
/// use sptx_codegen::lir::{Access, Builder, Builtin, Launch, Place, Scalar, execute};
///
/// let mut k = Builder::new("number", "Numbers workgroups.", 1);
/// let numbers = Place::Buffer(k.buffer("numbers", Scalar::U32, 1, Access::ReadWrite));
/// let group = k.builtin(Builtin::Workgroup);
/// k.store(numbers, group, group);
///
/// let mut buffers = [vec![0; 5]];
/// let launch = Launch { workgroups: 2, subgroup: 32, parameters: &[5] };
/// execute(&persist(&k.finish()), launch, &mut buffers).unwrap();
/// assert_eq!(buffers[0], [0, 1, 2, 3, 4]);
/// ```
pub fn persist(kernel: &Kernel) -> Kernel {
    let taken = kernel.parameters.find(|parameter| parameter.name == WORKGROUPS).is_some();
    assert!(!taken, "`{}`: workgroups stay already", kernel.name);
    rebuild(kernel, kernel.clone(), &mut Persist { round: None, shares: !kernel.shared.is_empty() })
}

/// The parameter that says how many workgroups there are to do.
const WORKGROUPS: &str = "workgroups";

struct Persist {
    /// Within the loop: the workgroup whose work this is, and how many there are.
    round: Option<[Value; 2]>,
    /// Whether rounds use the same memory.
    shares: bool,
}

impl Rules for Persist {
    fn body(&mut self, k: &mut Builder, fill: &mut dyn FnMut(&mut Self, &mut Builder)) {
        let all = k.parameter(WORKGROUPS, Scalar::U32, 1);
        let (own, launched) = (k.builtin(Builtin::Workgroup), k.builtin(Builtin::Workgroups));
        k.repeat(own, all, launched, |k, group| {
            k.name(group, "group");
            self.round = Some([group, all]);
            fill(self, k);
            if self.shares {
                k.barrier(Barrier::Shared);
            }
        });
    }

    fn expression(&mut self, k: &mut Builder, expression: Expression) -> Value {
        let [group, all] = self.round.expect("a body is filled within the loop");
        match expression {
            Expression::Builtin(Builtin::Workgroup) => group,
            Expression::Builtin(Builtin::Workgroups) => all,
            other => define(k, other),
        }
    }
}
