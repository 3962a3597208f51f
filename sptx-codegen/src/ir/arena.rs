//! Typed handles and the vectors they index.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// What a handle type offers to [`Arena`].
pub trait Handle: Copy {
    /// The handle of element `index`.
    fn new(index: usize) -> Self;
    /// The element's position.
    fn index(self) -> usize;
}

macro_rules! handle {
    ($($(#[$doc:meta])* $name:ident($prefix:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $crate::ir::arena::Handle for $name {
            fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("an arena holds fewer than 2^32 elements"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl $name {
            /// The handle of element `index`.
            pub fn new(index: usize) -> Self {
                $crate::ir::arena::Handle::new(index)
            }
            /// The element's position in its arena.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!("%", $prefix, "{}"), self.0)
            }
        }
    )*};
}
pub(crate) use handle;

/// A vector indexed by handles of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Arena<H, T> {
    items: Vec<T>,
    handle: PhantomData<H>,
}

impl<H, T> Default for Arena<H, T> {
    fn default() -> Self {
        Self { items: Vec::new(), handle: PhantomData }
    }
}

impl<H: Handle, T> Arena<H, T> {
    /// Appends an element and returns its handle.
    pub fn push(&mut self, item: T) -> H {
        self.items.push(item);
        H::new(self.items.len() - 1)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The element, or `None` for a handle of another, longer arena.
    pub fn get(&self, handle: H) -> Option<&T> {
        self.items.get(handle.index())
    }

    /// Handles and elements, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (H, &T)> + ExactSizeIterator {
        self.items.iter().enumerate().map(|(index, item)| (H::new(index), item))
    }

    /// The handles, in order.
    pub fn handles(&self) -> impl DoubleEndedIterator<Item = H> + ExactSizeIterator + use<H, T> {
        (0..self.items.len()).map(H::new)
    }

    /// The first handle whose element satisfies the predicate.
    pub fn find(&self, mut predicate: impl FnMut(&T) -> bool) -> Option<H> {
        self.items.iter().position(&mut predicate).map(H::new)
    }

    /// Keeps the first `length` elements.
    pub fn truncate(&mut self, length: usize) {
        self.items.truncate(length);
    }
}

impl<H: Handle, T> Index<H> for Arena<H, T> {
    type Output = T;
    fn index(&self, handle: H) -> &T {
        &self.items[handle.index()]
    }
}

impl<H: Handle, T> IndexMut<H> for Arena<H, T> {
    fn index_mut(&mut self, handle: H) -> &mut T {
        &mut self.items[handle.index()]
    }
}

impl<H: Handle, T> FromIterator<T> for Arena<H, T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self { items: items.into_iter().collect(), handle: PhantomData }
    }
}
