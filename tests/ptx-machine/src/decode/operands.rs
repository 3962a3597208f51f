//! The operands of a statement, taken one after another.

use std::collections::HashMap;

use super::Result;
use crate::error::Mistake;
use crate::instruction::{Address, Operand, Slot, Space, Special, Vector};
use crate::text::{Argument, Registers, Statement, whole};
use crate::types::Type;

/// Everything that has a name in an entry point.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    /// By what stands before the number.
    families: HashMap<&'a str, Family>,
    /// Registers without a number.
    single: HashMap<&'a str, (Slot, Type)>,
    registers: Slot,
    pub(crate) parameters: HashMap<&'a str, (usize, Type)>,
    /// Addresses of shared arrays.
    pub(crate) shared: HashMap<&'a str, u32>,
    pub(crate) labels: HashMap<&'a str, usize>,
}

#[derive(Clone, Copy, Debug)]
struct Family {
    first: Slot,
    count: u32,
    ty: Type,
}

impl<'a> Names<'a> {
    /// How many registers there may be.
    const MOST: Slot = 1 << 16;

    pub(crate) fn declare(&mut self, registers: &Registers<'a>) -> Result<()> {
        let &Registers { name, count, ty, .. } = registers;
        let first = self.registers;
        let fresh = match count {
            Some(count) => self.families.insert(name, Family { first, count, ty }).is_none(),
            None => self.find(name).is_none() && self.single.insert(name, (first, ty)).is_none(),
        };
        if !fresh {
            return Err(Mistake::Duplicate { name: name.to_owned() });
        }
        self.registers = first.saturating_add(count.unwrap_or(1));
        if self.registers > Self::MOST { Err(Mistake::TooMuch { what: "registers" }) } else { Ok(()) }
    }

    /// How many registers there are.
    pub(crate) fn registers(&self) -> usize {
        self.registers as usize
    }

    /// The names of all registers, by number.
    pub(crate) fn spelled(&self) -> Vec<String> {
        let mut names = vec![String::new(); self.registers()];
        for (name, family) in &self.families {
            for number in 0..family.count {
                names[(family.first + number) as usize] = format!("{name}{number}");
            }
        }
        self.single.iter().for_each(|(name, (slot, _))| names[*slot as usize] = (*name).to_owned());
        names
    }

    fn find(&self, name: &str) -> Option<(Slot, Type)> {
        if let Some(found) = self.single.get(name) {
            return Some(*found);
        }
        let stem = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
        // `%r1` may be of the family `%r`, `%r12` also of the family `%r1`.
        (stem.len()..name.len()).find_map(|split| {
            let (stem, digits) = name.split_at(split);
            let family = self.families.get(stem)?;
            let number = digits.parse().ok().filter(|number: &u32| number.to_string() == digits)?;
            (number < family.count).then(|| (family.first + number, family.ty))
        })
    }

    /// A register that fits a type.
    pub(crate) fn register(&self, name: &str, wanted: Type) -> Result<Slot> {
        let (slot, class) = self.find(name).ok_or_else(|| Mistake::UnknownName { name: name.to_owned() })?;
        if class.agrees(wanted) { Ok(slot) } else { Err(Mistake::Class { name: name.to_owned(), class, wanted }) }
    }

    fn special(name: &str) -> Option<Operand> {
        Some(match name {
            "%tid.x" => Operand::Special(Special::Thread),
            "%ntid.x" => Operand::Special(Special::Threads),
            "%ctaid.x" => Operand::Special(Special::Workgroup),
            "%nctaid.x" => Operand::Special(Special::Workgroups),
            "%laneid" => Operand::Special(Special::Lane),
            "%warpid" => Operand::Special(Special::Warp),
            "%tid.y" | "%tid.z" | "%ctaid.y" | "%ctaid.z" => Operand::Constant(0),
            "%ntid.y" | "%ntid.z" | "%nctaid.y" | "%nctaid.z" => Operand::Constant(1),
            _ => return None,
        })
    }

    fn named(&self, name: &str, wanted: Type) -> Result<Operand> {
        let typed = |operand, class: Type| {
            if class.agrees(wanted) {
                Ok(operand)
            } else {
                Err(Mistake::Class { name: name.to_owned(), class, wanted })
            }
        };
        if let Some(special) = Self::special(name) {
            return typed(special, Type::U32);
        }
        if name == "WARP_SZ" {
            return typed(Operand::Constant(32), if wanted.bits() == 64 { Type::B64 } else { Type::U32 });
        }
        if let Some(address) = self.shared.get(name) {
            let class = if wanted.bits() == 64 { Type::U64 } else { Type::U32 };
            return typed(Operand::Constant(u64::from(*address)), class);
        }
        self.register(name, wanted).map(Operand::Register)
    }
}

/// The bits of a number as a type.
fn constant(text: &str, negative: bool, wanted: Type) -> Result<Operand> {
    let wrong = || {
        let sign = if negative { "-" } else { "" };
        Mistake::Literal { text: format!("{sign}{text}"), wanted }
    };
    if let Some(digits) = text.strip_prefix("0f").or_else(|| text.strip_prefix("0F")) {
        let fits = digits.len() == 8 && !negative && matches!(wanted, Type::F32 | Type::B32);
        let bits = u64::from_str_radix(digits, 16).map_err(|_| wrong())?;
        return if fits { Ok(Operand::Constant(bits)) } else { Err(wrong()) };
    }
    let value = whole(text).ok_or_else(wrong)?;
    if matches!(wanted, Type::F32 | Type::F32x2) {
        return Err(wrong());
    }
    if wanted == Type::Predicate {
        return Ok(Operand::Constant(u64::from(value != 0)));
    }
    let mask = u64::MAX >> (64 - wanted.bits());
    let half = mask / 2 + 1;
    match negative {
        false if value <= mask => Ok(Operand::Constant(value)),
        true if value <= half => Ok(Operand::Constant(value.wrapping_neg() & mask)),
        _ => Err(wrong()),
    }
}

/// The operands of a statement.
pub(super) struct Operands<'s, 'a> {
    statement: &'s Statement<'a>,
    rest: &'s [Argument<'a>],
    names: &'s Names<'a>,
}

impl<'s, 'a> Operands<'s, 'a> {
    pub(super) fn new(statement: &'s Statement<'a>, names: &'s Names<'a>) -> Self {
        Self { statement, rest: &statement.arguments, names }
    }

    fn wrong(&self) -> Mistake {
        Mistake::Operands { name: self.statement.name.to_owned() }
    }

    fn next(&mut self) -> Result<&'s Argument<'a>> {
        let (next, rest) = self.rest.split_first().ok_or_else(|| self.wrong())?;
        self.rest = rest;
        Ok(next)
    }

    /// Whether operands are left.
    pub(super) fn more(&self) -> bool {
        !self.rest.is_empty()
    }

    pub(super) fn end(&self) -> Result<()> {
        if self.more() { Err(self.wrong()) } else { Ok(()) }
    }

    /// Whether the next operand is a vector.
    pub(super) fn vector_next(&self) -> bool {
        matches!(self.rest.first(), Some(Argument::Vector(_)))
    }

    /// A register to be written.
    pub(super) fn target(&mut self, ty: Type) -> Result<Slot> {
        match self.next()? {
            Argument::Name(name) => self.names.register(name, ty),
            _ => Err(self.wrong()),
        }
    }

    fn target_or_sink(&self, name: &str, ty: Type) -> Result<Option<Slot>> {
        if name == "_" { Ok(None) } else { self.names.register(name, ty).map(Some) }
    }

    /// A register to be written, or `_`.
    pub(super) fn sink(&mut self, ty: Type) -> Result<Option<Slot>> {
        match self.next()? {
            Argument::Name(name) => self.target_or_sink(name, ty),
            _ => Err(self.wrong()),
        }
    }

    /// `a`, or `a|b`, of which one may be `_`.
    pub(super) fn pair(&mut self, one: Type, two: Type) -> Result<(Option<Slot>, Option<Slot>)> {
        match self.next()? {
            Argument::Name(name) => Ok((Some(self.names.register(name, one)?), None)),
            Argument::Pair(a, b) => Ok((self.target_or_sink(a, one)?, self.target_or_sink(b, two)?)),
            _ => Err(self.wrong()),
        }
    }

    /// Whether the statement may read what the name is of: not all read special registers and addresses of arrays.
    fn takes_name(&self, name: &str) -> bool {
        let first = self.statement.name.split('.').next().unwrap_or_default();
        let special = Names::special(name).is_some() && !matches!(first, "mov" | "cvt");
        let array = self.names.shared.contains_key(name) && first != "mov";
        !special && !array
    }

    fn value(&self, argument: &Argument<'_>, ty: Type) -> Result<Operand> {
        match argument {
            Argument::Name(name) if self.takes_name(name) => self.names.named(name, ty),
            Argument::Number(text) => constant(text, false, ty),
            Argument::Negative(text) => constant(text, true, ty),
            _ => Err(self.wrong()),
        }
    }

    /// A value to be read.
    pub(super) fn source(&mut self, ty: Type) -> Result<Operand> {
        let argument = self.next()?;
        self.value(argument, ty)
    }

    /// So many values, the others being 0.
    pub(super) fn sources(&mut self, types: &[Type]) -> Result<[Operand; 3]> {
        let mut sources = [Operand::Constant(0); 3];
        for (source, ty) in sources.iter_mut().zip(types) {
            *source = self.source(*ty)?;
        }
        Ok(sources)
    }

    /// A predicate, or `!` and a predicate.
    pub(super) fn predicate(&mut self) -> Result<(Operand, bool)> {
        match self.next()? {
            Argument::Not(name) => self.names.named(name, Type::Predicate).map(|operand| (operand, true)),
            argument => self.value(argument, Type::Predicate).map(|operand| (operand, false)),
        }
    }

    /// A whole number that is part of the instruction.
    pub(super) fn immediate(&mut self) -> Result<u32> {
        match self.source(Type::U32)? {
            Operand::Constant(value) => Ok(value as u32),
            Operand::Register(_) | Operand::Special(_) => Err(self.wrong()),
        }
    }

    fn parts(&mut self, lanes: usize) -> Result<&'s [Argument<'a>]> {
        match self.next()? {
            Argument::Vector(parts) if lanes > 1 && parts.len() == lanes => Ok(parts),
            Argument::Vector(_) => Err(self.wrong()),
            single if lanes == 1 => Ok(std::slice::from_ref(single)),
            _ => Err(self.wrong()),
        }
    }

    /// Registers to be written, in braces if there are several.
    pub(super) fn targets(&mut self, lanes: usize, ty: Type) -> Result<Vector<Slot>> {
        let mut items = [0; 4];
        for (item, part) in items.iter_mut().zip(self.parts(lanes)?) {
            let Argument::Name(name) = part else { return Err(self.wrong()) };
            *item = self.names.register(name, ty)?;
        }
        Ok(Vector { items, lanes: lanes as u32, bytes: ty.bytes() })
    }

    /// Values to be read, in braces if there are several.
    pub(super) fn vector(&mut self, lanes: usize, ty: Type) -> Result<Vector<Operand>> {
        let mut items = [Operand::Constant(0); 4];
        for (item, part) in items.iter_mut().zip(self.parts(lanes)?) {
            *item = self.value(part, ty)?;
        }
        Ok(Vector { items, lanes: lanes as u32, bytes: ty.bytes() })
    }

    /// An address in a space: a u64, of shared memory also a u32 or an array.
    pub(super) fn address(&mut self, space: Space) -> Result<Address> {
        let &Argument::Address(name, offset) = self.next()? else { return Err(self.wrong()) };
        if let (Space::Shared, Some(base)) = (space, self.names.shared.get(name)) {
            return Ok(Address { base: Operand::Constant(u64::from(*base)), offset });
        }
        let slot = match self.names.register(name, Type::U64) {
            Err(Mistake::Class { .. }) if space == Space::Shared => self.names.register(name, Type::U32),
            other => other,
        }?;
        Ok(Address { base: Operand::Register(slot), offset })
    }

    /// The number of a parameter, which must fit the type.
    pub(super) fn parameter(&mut self, wanted: Type) -> Result<usize> {
        let &Argument::Address(name, 0) = self.next()? else { return Err(self.wrong()) };
        let (index, class) =
            *self.names.parameters.get(name).ok_or_else(|| Mistake::UnknownName { name: name.to_owned() })?;
        if class.agrees(wanted) { Ok(index) } else { Err(Mistake::Class { name: name.to_owned(), class, wanted }) }
    }

    /// The statement that a label stands before.
    pub(super) fn label(&mut self) -> Result<usize> {
        let &Argument::Name(name) = self.next()? else { return Err(self.wrong()) };
        self.names.labels.get(name).copied().ok_or_else(|| Mistake::UnknownName { name: name.to_owned() })
    }
}
