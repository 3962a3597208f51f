//! Who touched a word, so that races are found.

/// What an access does to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    Read,
    Write,
    /// Reads, writes or both, in one indivisible step.
    Atomic,
}

/// Nobody, one, or several, as one word: one is by far the most frequent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who(u32);

impl Who {
    const NOBODY: Self = Self(u32::MAX);
    const SEVERAL: Self = Self(u32::MAX - 1);

    fn is_but(self, one: u32) -> bool {
        self != Self::NOBODY && self != Self(one)
    }

    fn and(self, one: u32) -> Self {
        if self.is_but(one) { Self::SEVERAL } else { Self(one) }
    }

    /// Its number, if it is one.
    pub(super) fn one(self) -> Option<u32> {
        (self != Self::NOBODY && self != Self::SEVERAL).then_some(self.0)
    }
}

/// Who touched a word since something ordered what came before, by [`Touch`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Touches([Who; 3]);

impl Touches {
    pub(super) const NONE: Self = Self([Who::NOBODY; 3]);

    /// An access. The order does not matter: two accesses that nothing orders are a race in either.
    ///
    /// # Errors
    /// Whoever else touched the word, if that makes it a race.
    pub(super) fn access(&mut self, one: u32, touch: Touch) -> Result<(), Who> {
        let rivals: &[Touch] = match touch {
            Touch::Read => &[Touch::Write, Touch::Atomic],
            Touch::Write => &[Touch::Write, Touch::Atomic, Touch::Read],
            Touch::Atomic => &[Touch::Write, Touch::Read],
        };
        let rival = rivals.iter().map(|rival| self.0[*rival as usize]).find(|who| who.is_but(one));
        let own = &mut self.0[touch as usize];
        *own = own.and(one);
        rival.map_or(Ok(()), Err)
    }
}
