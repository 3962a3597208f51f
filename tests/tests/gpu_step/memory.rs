//! A device's memory, and launches of kernels on it by the executor.

use std::collections::BTreeMap;

use sptx_codegen::emit::wgsl;
use sptx_codegen::gpu::Plan;
use sptx_codegen::legalize::legalize;
use sptx_codegen::lir::{Launch, execute, verify};
use sptx_runtime::gpu::Role;

/// Threads of a subgroup.
pub(crate) const SUBGROUP: u32 = 32;

/// What no kernel should read: no place in memory, and no finite number.
pub(crate) const GARBAGE: u32 = 0xFFC1_2345;

/// Buffers and parameters by name.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) buffers: BTreeMap<String, Vec<u32>>,
    pub(crate) words: BTreeMap<String, u32>,
    /// Whether kernels are run as WGSL has them.
    pub(crate) legal: bool,
}

impl Memory {
    /// Adds a buffer of garbage.
    pub(crate) fn allocate(&mut self, name: impl Into<String>, words: usize) {
        self.buffers.insert(name.into(), vec![GARBAGE; words]);
    }

    /// Adds a buffer.
    pub(crate) fn put(&mut self, name: impl Into<String>, words: Vec<u32>) {
        self.buffers.insert(name.into(), words);
    }

    /// Sets parameters.
    pub(crate) fn set(&mut self, words: &[(&str, u32)]) {
        self.words.extend(words.iter().map(|(name, word)| ((*name).to_owned(), *word)));
    }

    /// Sets a parameter.
    pub(crate) fn set_one(&mut self, name: impl Into<String>, word: u32) {
        self.words.insert(name.into(), word);
    }

    /// The numbers of a buffer.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f32> {
        self.buffers[name].iter().map(|word| f32::from_bits(*word)).collect()
    }

    /// Launches a kernel for `count` of what it runs once for each. `actual` says what the buffer of a name is called here.
    ///
    /// The kernels of a step are launched on a grid that is larger than it has to be, as they are for rows that are
    /// counted on the device; but those whose workgroups stay are launched on half of it.
    pub(crate) fn launch(&mut self, plan: &Plan, count: usize, actual: impl Fn(&str) -> String) {
        let kernel = &plan.kernel;
        if let Err(mistakes) = verify(kernel) {
            let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"));
        }
        assert!(kernel.buffers.len() <= 8, "`{}` has {} buffers", kernel.name, kernel.buffers.len());
        let workgroups = (count as u32).div_ceil(plan.rows) + 1;
        let stays = kernel.parameters.find(|parameter| parameter.name == "workgroups").is_some();
        self.set(&[("count", count as u32), ("workgroups", workgroups)]);
        let word = |name: &str| *self.words.get(name).unwrap_or_else(|| panic!("`{}`: `{name}`", kernel.name));
        let parameters: Vec<u32> = kernel.parameters.iter().map(|(_, parameter)| word(&parameter.name)).collect();
        let names: Vec<String> = kernel.buffers.iter().map(|(_, buffer)| actual(&buffer.name)).collect();
        let take =
            |name: &String| self.buffers.remove(name).unwrap_or_else(|| panic!("`{}`: buffer `{name}`", kernel.name));
        let mut buffers: Vec<Vec<u32>> = names.iter().map(take).collect();
        let workgroups = if stays { workgroups.div_ceil(2) } else { workgroups };
        let launch = Launch { workgroups, subgroup: SUBGROUP, parameters: &parameters };
        let legal = self.legal.then(|| legalize(kernel, &wgsl::TARGET));
        execute(legal.as_ref().unwrap_or(kernel), launch, &mut buffers).unwrap_or_else(|fault| panic!("{fault}"));
        self.buffers.extend(names.into_iter().zip(buffers));
    }
}

/// The kernel of a role.
pub(crate) fn of_role(plans: &[Plan], role: Role) -> &Plan {
    plans.iter().find(|plan| plan.role == role).unwrap_or_else(|| panic!("{role:?}"))
}

/// Numbers as words.
pub(crate) fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}
