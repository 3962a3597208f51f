use sptx_ptx_machine::{Mistake, Type};

use crate::support::{on_buffers, parse, text};

/// The mistake of a body, and its line in it, from 1.
fn mistake(body: &str) -> (Mistake, u32) {
    let error = parse(&on_buffers(body)).expect_err(body);
    (error.mistake, error.line - 7)
}

fn class(name: &str, class: Type, wanted: Type) -> Mistake {
    Mistake::Class { name: name.to_owned(), class, wanted }
}

#[test]
fn unknown_instructions_are_never_skipped() {
    for name in [
        "bfind.u32",
        "add.f64",
        "add.rz.f32",
        "add.rn.sat.f32x2",
        "min.f32x2",
        "mov.f32x2",
        "ld.global.f32x2",
        "add.b32",
        "add",
        "mul.u32",
        "mul.wide.u64",
        "fma.f32",
        "div.f32",
        "sqrt.f32",
        "ex2.f32",
        "ex2.rn.f32",
        "add.approx.f32",
        "abs.u32",
        "shl.u32",
        "and.u32",
        "setp.lt.b32",
        "setp.foo.u32",
        "setp.ltu.u32",
        "setp.lt.ftz.u32",
        "selp.pred",
        "mov.f64",
        "cvt.f32.u32",
        "cvt.rn.u32.f32",
        "cvt.u32.f32",
        "cvt.rn.f32.f32",
        "cvta.shared.u64",
        "cvta.to.local.u64",
        "ld.u32",
        "ld.local.u32",
        "ld.global.v4.u64",
        "ld.global.v8.f32",
        "ld.shared.nc.u32",
        "ld.global.u8",
        "st.global.nc.u32",
        "st.param.u32",
        "red.global.add.v4.u32",
        "red.shared.add.v2.f32",
        "red.global.max.f32",
        "red.global.exch.b32",
        "atom.global.cas.u32",
        "cp.async.bulk.commit_group",
        "shfl.bfly.b32",
        "shfl.sync.bfly.u32",
        "shfl.sync.b32",
        "vote.all.pred",
        "vote.sync.all.b32",
        "bar.arrive",
        "bar.red.popc.u32",
        "fence.mbarrier_init.release.cluster",
        "call",
        "ret.uni.now",
        "nanosleep.u32",
        "wgmma.fence.sync.aligned",
    ] {
        let (mistake, line) = mistake(&format!("mov.u32 %r1, 0;\n{name} %r0;"));
        assert_eq!((mistake, line), (Mistake::UnknownInstruction { name: name.to_owned() }, 2));
    }
}

#[test]
fn classes_fit_types() {
    use Type::{B16, B32, F32, F32x2, Predicate, S32, U32, U64};
    assert_eq!(mistake("add.rn.f32 %f0, %f1, %r2;").0, class("%r2", U32, F32));
    assert_eq!(mistake("add.u32 %f0, %r1, %r2;").0, class("%f0", F32, U32));
    assert_eq!(mistake("mov.f32 %f0, %s1;").0, class("%s1", S32, F32));
    assert_eq!(mistake("mov.u32 %r0, %p1;").0, class("%p1", Predicate, U32));
    assert_eq!(mistake("add.u64 %rd0, %rd0, %r1;").0, class("%r1", U32, U64));
    assert_eq!(mistake("mad.wide.u32 %r0, %r1, 4, %rd1;").0, class("%r0", U32, U64));
    assert_eq!(mistake("ld.global.f32 %r0, [%rd0];").0, class("%r0", U32, F32));
    assert_eq!(mistake("ld.global.v2.u32 {%r0, %f0}, [%rd0];").0, class("%f0", F32, U32));
    assert_eq!(mistake("st.shared.u32 [%f0], %r0;").0, class("%f0", F32, U32));
    assert_eq!(mistake("ld.global.u32 %r0, [%r1];").0, class("%r1", U32, U64));
    assert_eq!(mistake("setp.eq.u32 %r0, %r1, %r2;").0, class("%r0", U32, Predicate));
    assert_eq!(mistake("selp.f32 %f0, %f1, %r0, %p0;").0, class("%r0", U32, F32));
    assert_eq!(mistake("cvt.rn.bf16.f32 %r0, %f0;").0, class("%r0", U32, B16));
    assert_eq!(mistake("shl.b32 %r0, %r0, %rd0;").0, class("%rd0", U64, U32));
    assert_eq!(mistake("@%r0 ret;").0, class("%r0", U32, Predicate));
    assert_eq!(mistake("mov.f32 %f0, %tid.x;").0, class("%tid.x", U32, F32));
    assert_eq!(mistake("ld.param.u32 %r0, [out];").0, class("out", U64, U32));
    assert_eq!(mistake("shfl.sync.bfly.b32 %rd0, %r0, 1, 31, -1;").0, class("%rd0", U64, B32));
    assert_eq!(mistake("add.rn.f32x2 %bd0, %bd1, %rd0;").0, class("%rd0", U64, F32x2));
    assert_eq!(mistake("mul.rn.f32x2 %f0, %bd1, %bd2;").0, class("%f0", F32, F32x2));
    assert_eq!(mistake("mov.b64 %bd0, {%f0, %rd0};").0, class("%rd0", U64, B32));
    assert!(matches!(mistake(".reg .f32x2 %pair;").0, Mistake::Unexpected { .. }));
    // Bits fit all of their size, signs do not matter.
    let body = "add.u32 %s0, %b1, %r1; add.rn.f32 %b0, %f0, %b1; mov.b32 %f0, %r0; and.b32 %s0, %f0, %r0; add.s64 %rd0, %bd0, %sd0;";
    assert!(parse(&on_buffers(body)).is_ok());
}

#[test]
fn literals_fit_types() {
    let literal = |text: &str, wanted| Mistake::Literal { text: text.to_owned(), wanted };
    assert_eq!(mistake("mov.u32 %r0, 4294967296;").0, literal("4294967296", Type::U32));
    assert_eq!(mistake("mov.u32 %r0, -2147483649;").0, literal("-2147483649", Type::U32));
    assert_eq!(mistake("mov.u32 %r0, 0f3F800000;").0, literal("0f3F800000", Type::U32));
    assert_eq!(mistake("mov.f32 %f0, 1;").0, literal("1", Type::F32));
    assert_eq!(mistake("add.rn.f32x2 %bd0, %bd1, 0;").0, literal("0", Type::F32x2));
    assert_eq!(mistake("mov.f32 %f0, 0f3F8;").0, literal("0f3F8", Type::F32));
    assert_eq!(mistake("mov.u32 %r0, 1.5;").0, literal("1.5", Type::U32));
    assert_eq!(mistake("mov.u32 %r0, 0x1g;").0, literal("0x1g", Type::U32));
}

#[test]
fn names_are_declared_once() {
    let unknown = |name: &str| Mistake::UnknownName { name: name.to_owned() };
    assert_eq!(mistake("mov.u32 %r0, %r16;").0, unknown("%r16"));
    assert_eq!(mistake("mov.u32 %r0, %r01;").0, unknown("%r01"));
    assert_eq!(mistake("mov.u32 %r0, %clock;").0, unknown("%clock"));
    assert_eq!(mistake("ld.param.u32 %r0, [none];").0, unknown("none"));
    assert_eq!(mistake("bra $NOWHERE;").0, unknown("$NOWHERE"));
    let twice = |name: &str| Mistake::Duplicate { name: name.to_owned() };
    assert_eq!(mistake("ret;\n.reg .u32 %r<3>;"), (twice("%r"), 2));
    assert_eq!(mistake(".reg .u32 %r3;").0, twice("%r3"));
    assert_eq!(mistake("$A: ret; $A: ret;").0, twice("$A"));
    assert_eq!(mistake(".shared .b32 a; .shared .b32 a;").0, twice("a"));
    let module = [text("", ""), text("", "").lines().skip(3).collect::<Vec<_>>().join("\n")].concat();
    assert_eq!(parse(&module).expect_err("twice").mistake, twice("test"));
}

#[test]
fn operands_are_as_many_as_there_should_be() {
    for body in [
        "add.u32 %r0, %r1;",
        "add.u32 %r0, %r1, %r2, %r3;",
        "add.u32 1, %r1, %r2;",
        "add.u32 %r0, [%rd0], 1;",
        "ret %r0;",
        "ld.global.u32 %r0, %rd0;",
        "ld.global.u32 {%r0}, [%rd0];",
        "ld.global.v2.u32 %r0, [%rd0];",
        "ld.global.v2.u32 {%r0, %r1, %r2}, [%rd0];",
        "ld.global.v2.u32 {%r0, 3}, [%rd0];",
        "ld.param.u64 %rd0, [out+8];",
        "bar.sync %r0;",
        "bar.sync;",
        "cp.async.wait_group;",
        "bra 7;",
        "add.u32 %r0, %r1, %tid.x;",
        "mad.lo.u32 %r0, %r1, 4, WORDS; .shared .b32 WORDS[4];",
        "mov.u32 %r0, !%r1;",
    ] {
        let name = body.split([' ', ';']).next().expect("a name").to_owned();
        assert_eq!(mistake(body), (Mistake::Operands { name }, 1), "{body}");
    }
}

#[test]
fn texts_have_their_form() {
    let at = |text: &str| parse(text).expect_err(text).to_string();
    assert_eq!(at(""), "line 1: the end, where `.version` should be");
    assert_eq!(
        at(".version 8.1\n.target sm_90\n.address_size 32"),
        "line 3: addresses of other than 64 bits: more than the machine takes"
    );
    let head = ".version 8.1 .target sm_90 .address_size 64\n";
    let with = |rest: &str| at(&format!("{head}{rest}"));
    assert_eq!(with(".func f() { ret; }"), "line 2: the machine does not know the directive `.func`");
    assert_eq!(with(".entry f(.param .u64 a .param .u64 b) { ret; }"), "line 2: `.param`, where `,` or `)` should be");
    assert_eq!(with(".entry f() .maxfoo 3 { ret; }"), "line 2: the machine does not know the directive `.maxfoo`");
    assert_eq!(with(".entry f() { .local .b32 x; ret; }"), "line 2: the machine does not know the directive `.local`");
    assert_eq!(with(".entry f() { ret }"), "line 2: `}`, where an operand should be");
    assert_eq!(with(".entry f() { ld.global.u32 %r0, [%rd0-4]; }"), "line 2: `-`, where `]` should be");
    assert_eq!(with(".entry f() { ret; "), "line 2: the end, where an instruction should be");
    assert_eq!(with(".entry f() { /* ret; }"), "line 2: a comment without an end, where PTX should be");
    assert_eq!(
        with(".entry f() {\n.reg .u32 %r;\nmov.u32 %r, 1; }"),
        "line 4: the body of `f` does not end with `ret`, `exit`, `trap` or `bra`"
    );
    assert_eq!(with(".entry f() { }"), "line 2: the body of `f` does not end with `ret`, `exit`, `trap` or `bra`");
    assert_eq!(
        with(".entry f() { bra $A; $A: }"),
        "line 2: the body of `f` does not end with `ret`, `exit`, `trap` or `bra`"
    );
    assert_eq!(
        with(".entry f(.param .pred a) { ret; }"),
        "line 2: a parameter of .pred, where a buffer's address or a word should be"
    );
    assert_eq!(with(".entry f() { .reg .u32 %r<4000000000>; ret; }"), "line 2: registers: more than the machine takes");
    assert!(with(".entry f() { .shared .b32 a[99999999]; ret; }").contains("shared arrays"));
}

#[test]
fn comments_and_spaces_say_nothing() {
    let text = "// one\n.version 8.1 /* two\n lines */ .target sm_90\n.address_size 64\n.visible .entry f(\n)\n\
        .maxntid 64 .maxnreg 40\n{ .pragma \"nounroll\"; .reg .u32 %a, %b<2>;\n$X:// three\nmov.u32 %a ,\n%laneid;ret;}";
    let module = parse(text).expect("a good text");
    assert_eq!(module.entries().len(), 1);
    assert_eq!(module.entries()[0].name(), "f");
}
