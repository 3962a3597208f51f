//! Names that WGSL takes and that are taken once.

use std::collections::{HashMap, HashSet};

/// Words that mean something in WGSL or that it keeps for later, and names of types and functions that emitted code uses.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    // Keywords.
    "alias", "break", "case", "const", "const_assert", "continue", "continuing", "default", "diagnostic", "discard",
    "else", "enable", "false", "fn", "for", "if", "let", "loop", "override", "requires", "return", "struct", "switch",
    "true", "var", "while",
    // Reserved words.
    "NULL", "Self", "abstract", "active", "alignas", "alignof", "as", "asm", "asm_fragment", "async", "attribute", "auto",
    "await", "become", "cast", "catch", "class", "co_await", "co_return", "co_yield", "coherent", "column_major", "common",
    "compile", "compile_fragment", "concept", "const_cast", "consteval", "constexpr", "constinit", "crate", "debugger",
    "decltype", "delete", "demote", "demote_to_helper", "do", "dynamic_cast", "enum", "explicit", "export", "extends",
    "extern", "external", "fallthrough", "filter", "final", "finally", "friend", "from", "fxgroup", "get", "goto",
    "groupshared", "highp", "impl", "implements", "import", "inline", "instanceof", "interface", "layout", "lowp", "macro",
    "macro_rules", "match", "mediump", "meta", "mod", "module", "move", "mut", "mutable", "namespace", "new", "nil",
    "noexcept", "noinline", "nointerpolation", "non_coherent", "noncoherent", "noperspective", "null", "nullptr", "of",
    "operator", "package", "packoffset", "partition", "pass", "patch", "pixelfragment", "precise", "precision", "premerge",
    "priv", "protected", "pub", "public", "readonly", "ref", "regardless", "register", "reinterpret_cast", "require",
    "resource", "restrict", "self", "set", "shared", "sizeof", "smooth", "snorm", "static", "static_assert", "static_cast",
    "std", "subroutine", "super", "target", "template", "this", "thread_local", "throw", "trait", "try", "type", "typedef",
    "typeid", "typename", "typeof", "union", "unless", "unorm", "unsafe", "unsized", "use", "using", "varying", "virtual",
    "volatile", "wgsl", "where", "with", "writeonly", "yield",
    // Types.
    "array", "atomic", "bool", "f16", "f32", "i32", "ptr", "u32", "vec2", "vec3", "vec4",
    // Functions.
    "abs", "atomicAdd", "atomicMax", "bitcast", "cos", "exp", "floor", "fma", "log", "max", "min", "select", "sin", "sqrt",
    "storageBarrier", "subgroupShuffleXor", "tanh", "workgroupBarrier",
];

/// The names of a module.
#[derive(Debug)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// Those that are no words of WGSL, in the order in which they were taken.
    given: Vec<String>,
    /// The number of the next name of each letter.
    next: HashMap<char, u32>,
}

impl Names {
    /// None but those that are WGSL's.
    pub(super) fn new() -> Self {
        let taken = TAKEN.iter().map(|&name| name.to_owned()).collect();
        Self { taken, given: Vec::new(), next: HashMap::new() }
    }

    /// How many names are given: where a block begins whose names end with it.
    pub(super) fn mark(&self) -> usize {
        self.given.len()
    }

    /// Takes back the names that were given since a [mark](Self::mark).
    pub(super) fn release(&mut self, mark: usize) {
        for name in self.given.drain(mark..) {
            self.taken.remove(&name);
        }
    }

    /// Takes a name, where it is free.
    fn take(&mut self, name: &str) -> bool {
        let is_free = self.taken.insert(name.to_owned());
        if is_free {
            self.given.push(name.to_owned());
        }
        is_free
    }

    /// A name like this one: itself, or with a number behind it.
    pub(super) fn like(&mut self, name: &str) -> String {
        let mut candidates = std::iter::once(name.to_owned()).chain((1..).map(|number| format!("{name}_{number}")));
        let free = candidates.find(|candidate| self.take(candidate));
        free.expect("there is no end of numbers")
    }

    /// A letter with a number behind it.
    pub(super) fn numbered(&mut self, letter: char) -> String {
        loop {
            let next = self.next.entry(letter).or_default();
            let name = format!("{letter}{next}");
            *next += 1;
            if self.take(&name) {
                return name;
            }
        }
    }
}
