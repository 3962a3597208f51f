//! Where threads that went apart come together: the immediate post-dominators of branches.
//!
//! A thread that ends before the others do not come together with them, so ways that can only end early do not count:
//! those from which the last `ret` of the text cannot be reached.

use super::instruction::{Instruction, Operation};

/// Sets each branch's `join`.
pub(crate) fn join(code: &mut [Instruction]) {
    let blocks = Blocks::of(code);
    let dominators = blocks.post_dominators();
    for (block, dominator) in dominators.into_iter().enumerate() {
        let last = blocks.end(block) - 1;
        if let Operation::Branch(branch) = &mut code[last].operation {
            branch.join = dominator.map_or(usize::MAX, |dominator| blocks.starts[dominator]);
        }
    }
}

/// Stretches of instructions that are run one after another.
struct Blocks {
    /// The first instruction of each, then the number of instructions: the block that no thread comes to.
    starts: Vec<usize>,
    /// The blocks that may follow each.
    successors: Vec<Vec<usize>>,
}

impl Blocks {
    fn of(code: &[Instruction]) -> Self {
        let mut starts = vec![0, code.len()];
        for (index, instruction) in code.iter().enumerate() {
            match &instruction.operation {
                Operation::Branch(branch) => starts.extend([branch.to, index + 1]),
                Operation::Exit | Operation::Trap => starts.push(index + 1),
                _ => {}
            }
        }
        starts.sort_unstable();
        starts.dedup();
        let blocks = Self { starts, successors: Vec::new() };
        let mut successors: Vec<Vec<usize>> = (0..blocks.exit()).map(|block| blocks.following(code, block)).collect();
        let exit = blocks.exit();
        let main = (0..exit).rev().find(|block| successors[*block] == [exit]);
        let lasting = main.map_or_else(|| vec![true; exit], |main| reaches(&successors, main));
        for block in (0..exit).filter(|block| lasting[*block]) {
            if successors[block].iter().any(|next| *next < exit && lasting[*next]) {
                successors[block].retain(|next| *next < exit && lasting[*next]);
            }
        }
        Self { successors, ..blocks }
    }

    /// The block after the last.
    fn exit(&self) -> usize {
        self.starts.len() - 1
    }

    fn end(&self, block: usize) -> usize {
        self.starts[block + 1]
    }

    fn following(&self, code: &[Instruction], block: usize) -> Vec<usize> {
        let instruction = &code[self.end(block) - 1];
        let goes = match &instruction.operation {
            Operation::Branch(branch) => self.starts.binary_search(&branch.to).ok(),
            Operation::Exit | Operation::Trap if instruction.guard.is_none() => Some(self.exit()),
            _ => None,
        };
        let falls = (goes.is_none() || instruction.guard.is_some()).then_some(block + 1);
        goes.into_iter().chain(falls).collect()
    }

    /// The nearest block through which every way from each block to the end goes; none if that is the end, or if no way
    /// leads there. By Cooper, Harvey and Kennedy.
    fn post_dominators(&self) -> Vec<Option<usize>> {
        let exit = self.exit();
        let order = self.backwards();
        let mut place = vec![usize::MAX; exit + 1];
        order.iter().enumerate().for_each(|(at, block)| place[*block] = at);
        let mut dominators = vec![None; exit + 1];
        dominators[exit] = Some(exit);
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &order[1..] {
                let known = self.successors[block].iter().copied().filter(|next| dominators[*next].is_some());
                let nearest = known.reduce(|one, two| meet(&dominators, &place, one, two));
                changed |= dominators[block] != nearest;
                dominators[block] = nearest;
            }
        }
        dominators.truncate(exit);
        dominators.into_iter().map(|dominator| dominator.filter(|block| *block < exit)).collect()
    }

    /// Blocks from the end on, each after one that may follow it: reverse postorder of the graph turned round.
    fn backwards(&self) -> Vec<usize> {
        let exit = self.exit();
        let mut before = vec![Vec::new(); exit + 1];
        for (block, successors) in self.successors.iter().enumerate() {
            successors.iter().for_each(|next| before[*next].push(block));
        }
        let (mut order, mut seen) = (Vec::new(), vec![false; exit + 1]);
        let mut stack = vec![(exit, 0)];
        seen[exit] = true;
        while let Some((block, next)) = stack.last_mut() {
            let Some(&previous) = before[*block].get(*next) else {
                order.push(*block);
                stack.pop();
                continue;
            };
            *next += 1;
            if !std::mem::replace(&mut seen[previous], true) {
                stack.push((previous, 0));
            }
        }
        order.reverse();
        order
    }
}

/// The nearest block that post-dominates both.
fn meet(dominators: &[Option<usize>], place: &[usize], mut one: usize, mut two: usize) -> usize {
    while one != two {
        let further = if place[one] > place[two] { &mut one } else { &mut two };
        // Both are known, and only the end, the first of all, is its own dominator.
        *further = dominators[*further].unwrap_or(*further);
    }
    one
}

/// Which blocks have a way to this one.
fn reaches(successors: &[Vec<usize>], target: usize) -> Vec<bool> {
    let mut reaches = vec![false; successors.len()];
    reaches[target] = true;
    let mut changed = true;
    while changed {
        changed = false;
        for block in (0..successors.len()).rev() {
            if !reaches[block] && successors[block].iter().any(|next| *next < reaches.len() && reaches[*next]) {
                reaches[block] = true;
                changed = true;
            }
        }
    }
    reaches
}
