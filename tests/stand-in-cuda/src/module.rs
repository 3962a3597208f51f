//! Modules and their functions.

use std::ffi::c_void;
use std::sync::Arc;

use sptx_ptx_machine::{Entry, Module};

use super::Code;
use super::gpu::{Gpu, variable};

/// An entry point of a module.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) module: Arc<Module>,
    pub(crate) entry: String,
}

impl Function {
    /// The entry point.
    pub(crate) fn entry(&self) -> Result<&Entry, Code> {
        self.module.entry(&self.entry).ok_or(Code::NotFound)
    }
}

/// A module in the GPU's memory.
#[derive(Debug)]
pub(crate) struct Loaded {
    module: Arc<Module>,
    /// What it takes: as much as its text.
    pub(crate) bytes: usize,
    /// Its functions that were asked for.
    functions: Vec<(String, *mut c_void)>,
}

// SAFETY: the pointers are handles, which nobody looks behind.
unsafe impl Send for Loaded {}

/// The numbers of a line: 6 and 3 of `.version 6.3`, 75 of `.target sm_75`.
fn numbers(text: &str, directive: &str) -> Vec<u32> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(directive)).unwrap_or_default();
    line.split(|end: char| !end.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// The newest version of PTX that the driver takes: `SPTX_STAND_IN_PTX`.
fn newest() -> Vec<u32> {
    variable("SPTX_STAND_IN_PTX").map_or(vec![8, 7], |text| numbers(&text, ""))
}

/// The compute capability: `SPTX_STAND_IN_CAPABILITY`.
pub(crate) fn capability() -> [u32; 2] {
    let given = variable("SPTX_STAND_IN_CAPABILITY").map(|text| numbers(&text, ""));
    given.and_then(|numbers| numbers.try_into().ok()).unwrap_or([7, 5])
}

/// A text as a module, or why it is none.
fn parse(text: &str) -> Result<Module, (Code, String)> {
    if numbers(text, ".version") > newest() {
        return Err((Code::UnsupportedPtxVersion, "ptxas fatal: unsupported .version".to_owned()));
    }
    let [major, minor] = capability();
    if numbers(text, ".target") > vec![10 * major + minor] {
        return Err((Code::NoBinaryForGpu, "ptxas fatal: the .target is of other GPUs".to_owned()));
    }
    Module::parse(text).map_err(|mistake| (Code::InvalidPtx, mistake.to_string()))
}

impl Gpu {
    /// Loads a text; gives the module's handle.
    pub(crate) fn load(&mut self, text: &str) -> Result<*mut c_void, (Code, String)> {
        self.check().map_err(|code| (code, String::new()))?;
        let module = Arc::new(parse(text)?);
        if text.len() > self.free_bytes() {
            return Err((Code::OutOfMemory, String::new()));
        }
        Ok(self.modules.add(Loaded { module, bytes: text.len(), functions: Vec::new() }))
    }

    /// Forgets a module and its functions.
    pub(crate) fn unload(&mut self, module: *mut c_void) -> Result<(), Code> {
        let Loaded { functions, .. } = self.modules.remove(module)?;
        functions.into_iter().try_for_each(|(_, function)| self.functions.remove(function).map(|_| ()))
    }

    /// The function of a name: one for each name.
    pub(crate) fn function(&mut self, module: *mut c_void, name: &str) -> Result<*mut c_void, Code> {
        let Loaded { module, functions, .. } = self.modules.get(module)?;
        if let Some((_, function)) = functions.iter().find(|(known, _)| known == name) {
            return Ok(*function);
        }
        let function = Function { module: Arc::clone(module), entry: name.to_owned() };
        function.entry()?;
        let handle = self.functions.add(function);
        functions.push((name.to_owned(), handle));
        Ok(handle)
    }
}
