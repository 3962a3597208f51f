//! Kernels from their bodies, and runs of them.

use sptx_ptx_machine::{Fault, Launch, Machine, Module, Order, ParseError, Statistics, What};

/// Registers of every class, for all bodies.
const REGISTERS: &str = ".reg .pred %p<16>; .reg .b16 %h<16>; .reg .u16 %uh<16>; .reg .s16 %sh<16>;
    .reg .b32 %b<16>; .reg .u32 %r<16>; .reg .s32 %s<16>; .reg .f32 %f<16>;
    .reg .b64 %bd<16>; .reg .u64 %rd<16>; .reg .s64 %sd<16>;";

/// A module with one kernel, `test`, of those parameters, with its body from line 7 on.
pub(crate) fn text(parameters: &str, body: &str) -> String {
    let registers = REGISTERS.replace('\n', " ");
    format!(
        ".version 8.1\n.target sm_90\n.address_size 64\n.visible .entry test({parameters})\n\
         {{\n{registers}\n{body}\nret;\n}}\n"
    )
}

/// A module whose kernel has the buffers `out` and `in`, their addresses in `%rd14` and `%rd15`, the thread's number in
/// `%r15` and the workgroup's in `%r14`; its body begins on line 8.
pub(crate) fn on_buffers(body: &str) -> String {
    let begin = "ld.param.u64 %rd14, [out]; ld.param.u64 %rd15, [in]; mov.u32 %r15, %tid.x; mov.u32 %r14, %ctaid.x;";
    text(".param .u64 out, .param .u64 in", &format!("{begin}\n{body}"))
}

pub(crate) fn parse(text: &str) -> Result<Module, ParseError> {
    Module::parse(text)
}

/// Runs a kernel of [`on_buffers`].
pub(crate) fn launch(
    machine: Machine,
    (workgroups, threads): (u32, u32),
    body: &str,
    buffers: &mut [Vec<u32>],
) -> Result<Statistics, Fault> {
    let module = parse(&on_buffers(body)).unwrap_or_else(|error| panic!("{error}\n{body}"));
    let entry = module.entry("test").expect("`text` names it so");
    machine.launch(entry, Launch { workgroups, threads, parameters: &[] }, buffers)
}

/// What a kernel of [`on_buffers`] leaves in `out`, which begins with zeros; the order of warps makes no difference.
pub(crate) fn output(grid: (u32, u32), body: &str, words: usize, input: &[u32]) -> Vec<u32> {
    let mut outputs = [Order::Ascending, Order::Shuffled { seed: 1 }, Order::Shuffled { seed: 2 }].map(|order| {
        let mut buffers = [vec![0; words], input.to_vec()];
        let machine = Machine { order, ..Machine::default() };
        launch(machine, grid, body, &mut buffers).unwrap_or_else(|fault| panic!("{fault}\n{body}"));
        std::mem::take(&mut buffers[0])
    });
    assert!(outputs.iter().all(|output| *output == outputs[0]), "{body}");
    std::mem::take(&mut outputs[0])
}

/// The fault of a kernel of [`on_buffers`], whose buffers have 64 words each: what happened, the line of the body, from
/// 1, the thread and the workgroup.
pub(crate) fn fault(grid: (u32, u32), body: &str) -> (What, u32, u32, u32) {
    let mut buffers = [vec![0; 64], (0..64).collect()];
    let machine = Machine { budget: 100_000, ..Machine::default() };
    let fault = launch(machine, grid, body, &mut buffers).expect_err(body);
    let at = fault.at.expect("these launches fit");
    assert_eq!(at.text, body.lines().nth(at.line as usize - 8).expect("a line of the body").trim());
    (fault.what, at.line - 7, at.thread, at.workgroup)
}

/// What an instruction leaves in its first operand, where the registers `0`, `1` and `2` of each class hold these.
pub(crate) fn value(instruction: &str, operands: [u64; 3]) -> u64 {
    let result = instruction.split([' ', ',', '|']).nth(1).expect("a result");
    let class = result.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let widen = match class {
        "%p" => format!("selp.u32 %r13, 1, 0, {result}; cvt.u64.u32 %rd13, %r13;"),
        "%h" | "%uh" | "%sh" => format!("mov.b16 %uh13, {result}; cvt.u64.u16 %rd13, %uh13;"),
        "%b" | "%r" | "%s" | "%f" => format!("mov.b32 %r13, {result}; cvt.u64.u32 %rd13, %r13;"),
        _ => format!("mov.b64 %rd13, {result};"),
    };
    let begin: String = (0..3)
        .map(|number| {
            format!(
                "ld.global.u64 %rd{number}, [%rd15+{}]; mov.b64 %bd{number}, %rd{number}; mov.b64 %sd{number}, %rd{number};
                 cvt.u32.u64 %r{number}, %rd{number}; mov.b32 %b{number}, %r{number}; mov.b32 %s{number}, %r{number};
                 mov.b32 %f{number}, %r{number}; cvt.u16.u64 %uh{number}, %rd{number}; mov.b16 %h{number}, %uh{number};
                 mov.b16 %sh{number}, %uh{number}; setp.ne.u32 %p{number}, %r{number}, 0;",
                8 * number
            )
        })
        .collect();
    let input: Vec<u32> = operands.iter().flat_map(|value| [*value as u32, (*value >> 32) as u32]).collect();
    let body = format!("{begin}\n{instruction};\n{widen}\nst.global.u64 [%rd14], %rd13;");
    let output = output((1, 1), &body, 2, &input);
    u64::from(output[0]) | (u64::from(output[1]) << 32)
}

/// What an instruction of floats leaves in its first operand.
pub(crate) fn number(instruction: &str, operands: [f32; 3]) -> f32 {
    f32::from_bits(value(instruction, operands.map(|operand| operand.to_bits().into())) as u32)
}
