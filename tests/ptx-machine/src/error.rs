//! What is wrong with a text, and what a kernel did that it must not do.

use super::types::Type;

/// A text that is not PTX, or is PTX that the machine does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {mistake}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub mistake: Mistake,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Mistake {
    #[error("{found}, where {expected} should be")]
    Unexpected { found: String, expected: &'static str },
    #[error("the machine does not know the instruction `{name}`")]
    UnknownInstruction { name: String },
    #[error("the machine does not know the directive `{name}`")]
    UnknownDirective { name: String },
    #[error("`{name}` is not declared")]
    UnknownName { name: String },
    #[error("`{name}` is declared twice")]
    Duplicate { name: String },
    #[error("`{name}` is {class}, and the instruction takes {wanted}")]
    Class { name: String, class: Type, wanted: Type },
    #[error("`{text}` is no {wanted}")]
    Literal { text: String, wanted: Type },
    #[error("`{name}` takes other operands")]
    Operands { name: String },
    #[error("{what}: more than the machine takes")]
    TooMuch { what: &'static str },
    #[error("the body of `{name}` does not end with `ret`, `exit`, `trap` or `bra`")]
    NoEnd { name: String },
}

/// A launch that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel `{kernel}`{}: {what}", at.as_ref().map(ToString::to_string).unwrap_or_default())]
pub struct Fault {
    /// The name of the entry point.
    pub kernel: String,
    /// Where it happened; nowhere if the launch does not fit the entry point.
    pub at: Option<At>,
    /// What happened.
    pub what: What,
}

/// A place and a thread.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(", workgroup {workgroup}, thread {thread}, line {line} `{text}`")]
pub struct At {
    /// The line, from 1.
    pub line: u32,
    /// What stands there.
    pub text: String,
    /// The workgroup.
    pub workgroup: u32,
    /// The thread in the workgroup; where some did not come to a barrier, the first of these.
    pub thread: u32,
}

/// What a thread, or a launch, did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum What {
    #[error("{given} threads a workgroup, and the entry point takes {wanted}")]
    Threads { given: u32, wanted: u32 },
    #[error("{given} parameters of a word, and the entry point has {wanted}")]
    Parameters { given: usize, wanted: usize },
    #[error("{given} buffers, and the entry point has {wanted}")]
    Buffers { given: usize, wanted: usize },
    #[error("more workgroups than a launch can have")]
    Workgroups,
    #[error("`{register}` is read, and was never written")]
    Uninitialised { register: String },
    #[error("{bytes} bytes at byte {offset} of `{place}`, and an access starts at a multiple of its size")]
    Misaligned { place: String, offset: i64, bytes: u32 },
    #[error("{bytes} bytes at byte {offset} of `{place}`, which has {size} bytes")]
    OutOfBounds { place: String, offset: i64, bytes: u32, size: u64 },
    #[error("{address:#x} lies in no memory of its kind")]
    Wild { address: u64 },
    #[error("word {word} of `{place}` is read, and the workgroup never wrote it")]
    Undefined { place: String, word: usize },
    #[error("word {word} of `{place}`: a race with {}", other_thread(*.other))]
    Race { place: String, word: usize, other: Option<u32> },
    #[error("word {word} of `{place}`: a race with {}", other_workgroup(*.other))]
    RaceOfWorkgroups { place: String, word: usize, other: Option<u32> },
    #[error("word {word} of `{place}` is written in a launch that reads it by `ld.global.nc`")]
    NotConstant { place: String, word: usize },
    #[error("word {word} of `{place}` is touched while a copy to it is under way")]
    CopyUnderWay { place: String, word: usize },
    #[error("others came to the barrier, and this thread did not")]
    Absent,
    #[error("other warps wait at barrier {other}, this one at barrier {number}")]
    OtherBarrier { number: u32, other: u32 },
    #[error("the mask is {mask:#010x}, and the threads that came are {active:#010x}")]
    Mask { mask: u32, active: u32 },
    #[error("lane {lane} is asked, and does not take part")]
    SilentLane { lane: u32 },
    #[error("threads of the warp disagree, and the branch is `.uni`")]
    NotUniform,
    #[error("an integer is divided by 0")]
    DivisionByZero,
    #[error("`trap`")]
    Trap,
    #[error("the launch takes more than {budget} steps")]
    Endless { budget: u64 },
}

fn other_thread(other: Option<u32>) -> String {
    other.map_or_else(|| "several threads".to_owned(), |thread| format!("thread {thread}"))
}

fn other_workgroup(other: Option<u32>) -> String {
    other.map_or_else(|| "several workgroups".to_owned(), |workgroup| format!("workgroup {workgroup}"))
}
