//! Random structured programs, against what each thread does alone.

use std::fmt::Write as _;

use crate::support::output;

const THREADS: u32 = 48;

struct Dice {
    state: u64,
    /// Whether threads may end early.
    ends: bool,
}

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 33) % u64::from(end)) as u32
    }
}

/// What a thread does to two numbers.
enum Statement {
    /// `a = a · 5 + k`.
    Mix(u32),
    /// By whether `a mod m < k`.
    If(u32, u32, Vec<Statement>, Vec<Statement>),
    /// As often as `a mod m`.
    Repeat(u32, Vec<Statement>),
    /// Leaves the loop around it if `a mod m` is 0.
    Leave(u32),
    /// Ends the thread if `a mod m` is 0.
    End(u32),
}

fn block(dice: &mut Dice, depth: u32, in_loop: bool) -> Vec<Statement> {
    (0..1 + dice.below(3)).map(|_| statement(dice, depth, in_loop)).collect()
}

fn statement(dice: &mut Dice, depth: u32, in_loop: bool) -> Statement {
    let modulus = 2 + dice.below(5);
    match dice.below(12) {
        0..=2 => Statement::Mix(dice.below(100)),
        3 if in_loop => Statement::Leave(modulus),
        4 if depth < 2 && dice.ends => Statement::End(41 + dice.below(50)),
        _ if depth == 0 => Statement::Mix(dice.below(100)),
        3..=7 => {
            let below = 1 + dice.below(modulus);
            Statement::If(modulus, below, block(dice, depth - 1, in_loop), block(dice, depth - 1, in_loop))
        }
        _ => Statement::Repeat(modulus, block(dice, depth - 1, true)),
    }
}

/// Why a thread does not go on with the next statement.
enum Stop {
    Loop,
    Thread,
}

fn run(block: &[Statement], a: &mut u32) -> Result<(), Stop> {
    block.iter().try_for_each(|statement| match statement {
        Statement::Mix(by) => {
            *a = a.wrapping_mul(5).wrapping_add(*by);
            Ok(())
        }
        Statement::If(modulus, below, then, otherwise) => run(if *a % modulus < *below { then } else { otherwise }, a),
        Statement::Repeat(modulus, body) => {
            for _ in 0..*a % modulus {
                match run(body, a) {
                    Ok(()) => {}
                    Err(Stop::Loop) => break,
                    Err(Stop::Thread) => return Err(Stop::Thread),
                }
            }
            Ok(())
        }
        Statement::Leave(modulus) if a.is_multiple_of(*modulus) => Err(Stop::Loop),
        Statement::End(modulus) if a.is_multiple_of(*modulus) => Err(Stop::Thread),
        Statement::Leave(_) | Statement::End(_) => Ok(()),
    })
}

/// PTX of a program: `a` is in `%r0`. What came in together must come out together, but for threads that ended or left.
struct Emitter {
    text: String,
    names: u32,
}

impl Emitter {
    fn name(&mut self) -> u32 {
        self.names += 1;
        self.names
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a string takes all");
    }

    fn remainder(&mut self, modulus: u32) {
        self.line(&format!("rem.u32 %r1, %r0, {modulus};"));
    }

    fn block(&mut self, block: &[Statement], out: Option<u32>) {
        block.iter().for_each(|statement| self.statement(statement, out));
    }

    fn statement(&mut self, statement: &Statement, out: Option<u32>) {
        match statement {
            Statement::Mix(by) => self.line(&format!("mad.lo.u32 %r0, %r0, 5, {by};")),
            Statement::If(modulus, below, then, otherwise) => {
                let name = self.name();
                self.line(&format!(".reg .b32 %before{name}; activemask.b32 %before{name};"));
                self.remainder(*modulus);
                self.line(&format!("setp.ge.u32 %p0, %r1, {below};\n@%p0 bra $ELSE{name};"));
                self.block(then, out);
                self.line(&format!("bra.uni $END{name};\n$ELSE{name}:"));
                self.block(otherwise, out);
                self.line(&format!("$END{name}:"));
                self.together(name, escapes(then, false) || escapes(otherwise, false));
            }
            Statement::Repeat(modulus, body) => {
                let name = self.name();
                self.line(&format!(".reg .b32 %before{name}; activemask.b32 %before{name};"));
                self.remainder(*modulus);
                self.line(&format!(".reg .u32 %left{name}; mov.u32 %left{name}, %r1;"));
                self.line(&format!("$LOOP{name}: setp.eq.u32 %p0, %left{name}, 0;\n@%p0 bra $END{name};"));
                self.block(body, Some(name));
                self.line(&format!("sub.u32 %left{name}, %left{name}, 1;\nbra.uni $LOOP{name};\n$END{name}:"));
                self.together(name, escapes(body, true));
            }
            Statement::Leave(modulus) => {
                self.remainder(*modulus);
                let out = out.expect("only loops are left");
                self.line(&format!("setp.eq.u32 %p0, %r1, 0;\n@%p0 bra $END{out};"));
            }
            Statement::End(modulus) => {
                self.remainder(*modulus);
                self.line("setp.eq.u32 %p0, %r1, 0;\n@%p0 bra $STORE;");
            }
        }
    }

    /// Nobody is here who was not there before, and nobody is missing unless some went another way: `%r2` counts.
    fn together(&mut self, name: u32, some_left: bool) {
        let before = format!("%before{name}");
        let others = if some_left {
            format!("not.b32 %b2, {before}; and.b32")
        } else {
            format!("mov.b32 %b2, {before}; xor.b32")
        };
        self.line(&format!("activemask.b32 %b1; {others} %b1, %b1, %b2;"));
        self.line("popc.b32 %r3, %b1; add.u32 %r2, %r2, %r3;");
    }
}

/// Whether threads may go another way than to the end of the statement.
fn escapes(block: &[Statement], in_loop: bool) -> bool {
    block.iter().any(|statement| match statement {
        Statement::Mix(_) => false,
        Statement::If(_, _, then, otherwise) => escapes(then, in_loop) || escapes(otherwise, in_loop),
        Statement::Repeat(_, body) => escapes(body, true),
        Statement::Leave(_) => !in_loop,
        Statement::End(_) => true,
    })
}

#[test]
fn threads_do_what_they_do_alone() {
    let mut whole = 0;
    for seed in 0..300 {
        let mut dice = Dice { state: seed, ends: seed % 2 == 0 };
        let program: Vec<_> = (0..4).map(|_| statement(&mut dice, 3, false)).collect();
        let mut emitter = Emitter { text: "mov.u32 %r2, 0; mad.lo.u32 %r0, %r15, 7, 3;\n".to_owned(), names: 0 };
        for statement in &program {
            emitter.statement(statement, None);
            if seed % 2 == 1 {
                emitter.line("vote.sync.ballot.b32 %r9, 1, 0xffffffff;");
                whole += 1;
            }
        }
        emitter.line("$STORE: mad.wide.u32 %rd0, %r15, 8, %rd14; st.global.v2.u32 [%rd0], {%r0, %r2};");
        let found = output((1, THREADS), &emitter.text, 2 * THREADS as usize, &[]);
        for (thread, found) in (0..).zip(found.chunks(2)) {
            let mut a = thread * 7 + 3;
            // A thread that ends leaves what it has.
            let _ = run(&program, &mut a);
            assert_eq!(found, [a, 0], "seed {seed}, thread {thread}\n{}", emitter.text);
        }
    }
    assert!(whole > 100, "{whole} statements after which all threads are together");
}
