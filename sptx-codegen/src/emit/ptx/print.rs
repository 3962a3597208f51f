//! The printer of PTX's tree.

use std::fmt::{self, Display, Formatter};

use super::arch::Needs;
use super::tree::{Class, Entry, Label, Line, Module, Operand, Register, Shared, Space};

impl Display for Register {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "%{}{}", letters(self.class), self.number)
    }
}

/// What the registers of a class are called.
fn letters(class: Class) -> &'static str {
    match class {
        Class::Predicate => "p",
        Class::U32 => "r",
        Class::F32 => "f",
        Class::U64 => "rd",
        Class::Pair => "v",
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(register) => write!(f, "{register}"),
            Self::U32(number) => write!(f, "{number}"),
            Self::F32(bits) => write!(f, "0f{bits:08X}"),
            Self::Special(name) => f.write_str(name),
            Self::Shared(name) => f.write_str(name),
        }
    }
}

impl Display for Label {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "$L{}", self.0)
    }
}

/// What a register of a class is declared as, and what memory of it is.
fn ty(class: Class) -> &'static str {
    match class {
        Class::Predicate => "pred",
        Class::U32 => "u32",
        Class::F32 => "f32",
        Class::U64 => "u64",
        Class::Pair => "b64",
    }
}

/// Several registers, as one vector where there are more than one.
struct Registers<'a>(&'a [Register]);

impl Display for Registers<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => write!(f, "{one}"),
            several => write!(f, "{{{}}}", several.iter().map(Register::to_string).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// The rest of the name of an access: `.v4.f32`.
fn width(registers: &[Register]) -> String {
    let ty = ty(registers[0].class);
    if registers.len() == 1 { format!(".{ty}") } else { format!(".v{}.{ty}", registers.len()) }
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain { operation, result, operands } => {
                write!(f, "{} {result}", operation.name)?;
                operands.iter().try_for_each(|operand| write!(f, ", {operand}"))?;
            }
            Self::Pack { result, numbers } => write!(f, "mov.b64 {result}, {}", Registers(numbers))?,
            Self::Unpack { results, pair } => write!(f, "mov.b64 {}, {pair}", Registers(results))?,
            Self::Parameter { result, name } => write!(f, "ld.param.{} {result}, [{name}]", ty(result.class))?,
            Self::Load { space, results, address } => {
                let space = match space {
                    Space::Global => "global",
                    Space::Constant => "global.nc",
                    Space::Changing => "relaxed.gpu.global",
                    Space::Shared => "shared",
                };
                write!(f, "ld.{space}{} {}, [{address}]", width(results), Registers(results))?;
            }
            Self::Store { space, address, values } => {
                let space = match space {
                    Space::Global | Space::Constant | Space::Changing => "global",
                    Space::Shared => "shared",
                };
                write!(f, "st.{space}{} [{address}], {}", width(values), Registers(values))?;
            }
            Self::Copy { to, from, bytes } => {
                // Past the first cache, for which only whole 16 bytes can go.
                let cache = if *bytes == 16 { "cg" } else { "ca" };
                write!(f, "cp.async.{cache}.shared.global [{to}], [{from}], {bytes}")?;
            }
            Self::AwaitCopies => f.write_str("cp.async.wait_all")?,
            Self::Reduce { operation, address, values } => {
                write!(f, "red.global.{operation}{} [{address}], {}", width(values), Registers(values))?;
            }
            Self::Exchange { result, address, held, value } => {
                write!(f, "atom.global.cas.b32 {result}, [{address}], {held}, {value}")?;
            }
            Self::Shuffle { result, value, mask } => {
                write!(f, "shfl.sync.bfly.b32 {result}, {value}, {mask}, 31, 0xffffffff")?;
            }
            Self::Barrier => f.write_str("bar.sync 0")?,
            Self::Label(label) => return write!(f, "{label}:"),
            Self::Branch { to, condition: None } => write!(f, "bra.uni {to}")?,
            Self::Branch { to, condition: Some((register, when)) } => {
                write!(f, "@{}{register} bra {to}", if *when { "" } else { "!" })?;
            }
            Self::Return => f.write_str("ret")?,
        }
        f.write_str(";")
    }
}

impl Display for Entry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.doc.lines().try_for_each(|line| writeln!(f, "// {line}"))?;
        writeln!(f, ".visible .entry {}(", self.name)?;
        for (number, parameter) in self.parameters.iter().enumerate() {
            let comma = if number + 1 < self.parameters.len() { "," } else { "" };
            writeln!(f, "    .param .{} {}{comma}", ty(parameter.class), parameter.name)?;
        }
        // Without the second directive the assembler rather spills than let fewer workgroups share a multiprocessor.
        writeln!(f, ")\n.reqntid {}, 1, 1\n.minnctapersm 1\n{{", self.threads)?;
        for (class, count) in Class::ALL.into_iter().zip(self.registers).filter(|(_, count)| *count > 0) {
            writeln!(f, "    .reg .{} %{}<{count}>;", ty(class), letters(class))?;
        }
        for Shared { name, class, words } in &self.shared {
            writeln!(f, "    .shared .align 16 .{} {name}[{words}];", ty(*class))?;
        }
        for line in &self.body {
            let margin = if matches!(line, Line::Label(_)) { "" } else { "    " };
            writeln!(f, "{margin}{line}")?;
        }
        writeln!(f, "}}")
    }
}

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Needs { version: (major, minor), arch } = self.needs();
        writeln!(f, ".version {major}.{minor}\n.target {arch}\n.address_size 64")?;
        self.entries.iter().try_for_each(|entry| write!(f, "\n{entry}"))
    }
}
