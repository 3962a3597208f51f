//! What the driver gives out by handle.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr;

use super::Code;

/// Things of one kind, by handle. No handle is given twice, so that one is noticed that was destroyed.
#[derive(Debug)]
pub(crate) struct Handles<T> {
    next: usize,
    live: BTreeMap<usize, T>,
}

impl<T> Handles<T> {
    /// None, of a kind whose number is `kind`: handles of one kind are none of another.
    pub(crate) const fn new(kind: usize) -> Self {
        Self { next: kind << 32 | 64, live: BTreeMap::new() }
    }

    /// Keeps a thing; gives its handle.
    pub(crate) fn add(&mut self, thing: T) -> *mut c_void {
        let handle = self.next;
        self.next += 64;
        self.live.insert(handle, thing);
        ptr::without_provenance_mut(handle)
    }

    /// The thing of a handle.
    pub(crate) fn get(&mut self, handle: *mut c_void) -> Result<&mut T, Code> {
        self.live.get_mut(&handle.addr()).ok_or(Code::InvalidHandle)
    }

    /// Forgets the thing of a handle, and gives it.
    pub(crate) fn remove(&mut self, handle: *mut c_void) -> Result<T, Code> {
        self.live.remove(&handle.addr()).ok_or(Code::InvalidHandle)
    }

    /// Forgets the others.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.live.retain(|_, thing| keep(thing));
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.live.values()
    }
}
