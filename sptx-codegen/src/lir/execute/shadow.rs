//! Who touched a word, so that races are found.

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

/// Who read a word and who wrote it since something ordered what came before. The order among them does not matter: two
/// accesses that nothing orders are a race in either.
#[derive(Clone, Copy, Debug)]
struct Touch {
    read: Who,
    wrote: Who,
}

impl Touch {
    const NONE: Self = Self { read: Who::NOBODY, wrote: Who::NOBODY };

    /// # Errors
    /// Whoever else touched the word, if that makes it a race.
    fn access(&mut self, one: u32, writes: bool) -> Result<(), Who> {
        if self.wrote.is_but(one) {
            return Err(self.wrote);
        }
        if !writes {
            self.read = self.read.and(one);
        } else if self.read.is_but(one) {
            return Err(self.read);
        } else {
            self.wrote = Who(one);
        }
        Ok(())
    }
}

/// Touches of each word by the threads of a workgroup, between two barriers.
#[derive(Debug)]
pub(super) struct Threads(Vec<(u32, Touch)>);

impl Threads {
    pub(super) fn new(words: usize) -> Self {
        Self(vec![(0, Touch::NONE); words])
    }

    /// An access by a thread. `epoch` is another, and not 0, after each barrier and in each workgroup.
    ///
    /// # Errors
    /// Which other thread it races with.
    pub(super) fn access(&mut self, index: usize, thread: u32, epoch: u32, writes: bool) -> Result<(), Who> {
        let (last, touch) = &mut self.0[index];
        if *last != epoch {
            (*last, *touch) = (epoch, Touch::NONE);
        }
        touch.access(thread, writes)
    }
}

/// Touches of each word by workgroups, over a launch.
#[derive(Debug)]
pub(super) struct Groups(Vec<Touch>);

impl Groups {
    pub(super) fn new(words: usize) -> Self {
        Self(vec![Touch::NONE; words])
    }

    /// An access by a workgroup.
    ///
    /// # Errors
    /// Which other workgroup it races with.
    pub(super) fn access(&mut self, index: usize, workgroup: u32, writes: bool) -> Result<(), Who> {
        self.0[index].access(workgroup, writes)
    }
}
