//! What kernels of a step read by name: the words that change from launch to launch, and arrays.

use std::collections::HashMap;

/// Values that kernels have names for; a launch that was prepared has their numbers.
#[derive(Debug)]
pub(super) struct Named<T> {
    numbers: HashMap<String, usize>,
    values: Vec<T>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<T> Named<T> {
    /// Gives a name a value, in the place of the one it had; the name's number.
    pub(super) fn set(&mut self, name: impl Into<String>, value: T) -> usize {
        let next = self.values.len();
        let number = *self.numbers.entry(name.into()).or_insert(next);
        match self.values.get_mut(number) {
            Some(place) => *place = value,
            None => self.values.push(value),
        }
        number
    }

    /// The number of a name.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The value of a number.
    pub(super) fn get(&self, number: usize) -> &T {
        &self.values[number]
    }

    /// Changes the value of a number.
    pub(super) fn put(&mut self, number: usize, value: T) {
        self.values[number] = value;
    }
}
