//! Every operation on every type, as WGSL, by naga and by Tint.
//!
//! naga, wgpu's compiler, looks at each text as it is emitted (the feature `wgsl-validate`); Tint is browsers'.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use sptx_codegen::emit::wgsl::{Options, module, validate};
use sptx_codegen::gpu::{block_gradients, plan, ranking, shared_training};
use sptx_codegen::legalize::shard;
use sptx_codegen::lir::{
    Access, Atomic, Barrier, Binary, Builder, Builtin, Constant, Expression, Kernel, Place, Scalar, Type, Unary, Value,
};
use sptx_runtime::gpu::{LossKind, Role, RuleKind, SharedTraining};
use sptx_runtime::program::Side;
use sptx_tests::{lowered, schedules, skip, staging, strategies, zoo};

/// Texts by name.
type Texts = BTreeMap<String, String>;

/// Asserts that Tint takes texts: those of `refused` with an error that has these words.
fn check_by_tint(test: &str, texts: &Texts, refused: &BTreeMap<&str, &str>) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let packages = workspace.join("target/node");
    if !packages.join("node_modules/webgpu").is_dir() {
        return skip("tint", "`cargo xtask test` installs Node.js and its package `webgpu`");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).expect("a folder of cargo's");
    let mut tint = Command::new("node");
    tint.arg(workspace.join("tests/node/tint.mjs")).arg(packages);
    for (name, text) in texts {
        let file = folder.join(format!("{name}.wgsl"));
        std::fs::write(&file, text).expect("a file of the folder");
        tint.arg(file);
    }
    let output = tint.output().expect("what installed the package is here");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).expect("JSON");
    assert_eq!(output.lines().count(), texts.len());
    for (line, (name, text)) in output.lines().zip(texts) {
        let verdict: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let errors = verdict["errors"].as_array().expect("a list");
        match refused.get(name.as_str()) {
            None => assert!(errors.is_empty(), "Tint refuses {name}: {errors:?}\n{text}"),
            Some(words) => {
                let says = errors.iter().any(|error| error.as_str().is_some_and(|error| error.contains(words)));
                assert!(says, "{name}: {errors:?}");
            }
        }
    }
}

/// The kernels that are checked in for people to read, as they are: `xtask` holds them against what the compiler gives.
#[test]
fn what_is_checked_in_is_taken_by_naga_and_tint() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels-generated/src/generated/wgsl");
    let mut texts = Texts::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let text = std::fs::read_to_string(&path).expect("a file of the folder");
        validate(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        texts.insert(path.file_stem().expect("a name").to_string_lossy().into_owned(), text);
    }
    assert!(texts.len() > 10, "{} texts", texts.len());
    check_by_tint("checked_in", &texts, &BTreeMap::new());
}

/// As a browser gets it. `module` has naga look at it.
fn text_of(kernel: &Kernel) -> String {
    module(kernel, &Options { browser: true, ..Options::default() })
}

/// A kernel whose operands come from memory, or are numbers of the text, and whose results go to memory.
struct Bench {
    k: Builder,
    written: BTreeMap<Type, Place>,
    results: u32,
    /// Whether operands are numbers of the text.
    known: bool,
}

impl Bench {
    fn new(name: &str, known: bool) -> Self {
        Self { k: Builder::new(name, "Results of operations.", 64), written: BTreeMap::new(), results: 0, known }
    }

    /// An operand: the `which`-th.
    fn operand(&mut self, ty: Type, which: u32) -> Value {
        let stored = if ty.scalar == Scalar::Bool { Scalar::U32 } else { ty.scalar };
        let number = if self.known {
            let one = match stored {
                Scalar::F32 => self.k.f32([1.5, -0.0, 1e30][which as usize]),
                Scalar::U32 | Scalar::Bool => self.k.u32([7, 0, u32::MAX][which as usize]),
            };
            self.k.splat(one, ty.lanes)
        } else {
            let buffer = self.place(ty.of(stored));
            let thread = self.k.builtin(Builtin::Thread);
            let at = self.k.mul_u32(thread, ty.lanes.into());
            let at = self.k.add_u32(at, which * 256);
            self.k.load(buffer, at, ty.lanes)
        };
        if ty.scalar != Scalar::Bool {
            return number;
        }
        let zero = self.k.u32(0);
        let zeros = self.k.splat(zero, ty.lanes);
        self.k.binary(Binary::NotEqual, number, zeros)
    }

    /// A buffer of elements of this type.
    fn place(&mut self, ty: Type) -> Place {
        let k = &mut self.k;
        *self
            .written
            .entry(ty)
            .or_insert_with(|| Place::Buffer(k.buffer(&format!("memory_{ty}"), ty.scalar, ty.lanes, Access::ReadWrite)))
    }

    /// Stores a result.
    fn keep(&mut self, value: Value) {
        let ty = self.k.ty(value);
        let (value, ty) = if ty.scalar == Scalar::Bool {
            (self.k.define(Expression::Convert(Scalar::U32, value)), ty.of(Scalar::U32))
        } else {
            (value, ty)
        };
        let place = self.place(ty);
        let at = self.k.u32(4 * self.results);
        self.k.store(place, at, value);
        self.results += 1;
    }
}

/// Every operation that takes operands of `lanes` lanes.
fn operations(lanes: u8, known: bool) -> Bench {
    let kind = if known { "numbers" } else { "values" };
    let mut bench = Bench::new(&format!("{kind}_{lanes}"), known);
    for scalar in [Scalar::Bool, Scalar::U32, Scalar::F32] {
        let ty = Type::new(scalar, lanes);
        let [a, b, c] = [0, 1, 2].map(|which| bench.operand(ty, which));
        for op in Unary::ALL.into_iter().filter(|op| op.result(ty).is_some()) {
            let value = bench.k.unary(op, a);
            bench.keep(value);
        }
        for op in Binary::ALL.into_iter().filter(|op| op.result(ty).is_some()) {
            for (a, b) in [(a, b), (b, a), (a, c)] {
                let value = bench.k.define(Expression::Binary(op, a, b));
                bench.keep(value);
            }
        }
        let condition = bench.operand(ty.of(Scalar::Bool), 1);
        let chosen = bench.k.define(Expression::Select { condition, yes: a, no: b });
        bench.keep(chosen);
        for to in [Scalar::U32, Scalar::F32].into_iter().filter(|to| *to != scalar) {
            let value = bench.k.define(Expression::Convert(to, a));
            bench.keep(value);
            if scalar != Scalar::Bool {
                let value = bench.k.define(Expression::Bits(to, a));
                bench.keep(value);
            }
        }
        if scalar == Scalar::F32 {
            let value = bench.k.multiply_add(a, b, c);
            bench.keep(value);
        }
        if lanes > 1 {
            let parts: Vec<Value> = (0..lanes).rev().map(|lane| bench.k.lane(a, lane)).collect();
            let joined = bench.k.join(&parts);
            bench.keep(joined);
            let splat = bench.k.splat(parts[0], lanes);
            bench.keep(splat);
        }
    }
    bench
}

/// The numbers that WGSL cannot write, one by one and in vectors.
fn odd_numbers() -> Bench {
    let mut bench = Bench::new("odd_numbers", true);
    let odd = [
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        f32::from_bits(1),
        -0.0,
        1e16,
    ];
    for (number, lanes) in odd.into_iter().flat_map(|number| [1, 2, 4].map(|lanes| (number, lanes))) {
        let value = bench.k.f32s(number, lanes);
        bench.keep(value);
        let sum = bench.k.add(value, value);
        bench.keep(sum);
    }
    bench
}

/// Memory of every kind and width, every builtin but those of subgroups, loops, choices, barriers, atomics.
fn memory(access: Atomic) -> Builder {
    let mut k = Builder::new("memory", "Moves words about.", 64);
    let wide = Place::Buffer(k.buffer("wide", Scalar::F32, 4, Access::Read));
    let uniform = Place::Buffer(k.buffer("pieces", Scalar::U32, 1, Access::Read));
    let narrow = Place::Buffer(k.buffer("narrow", Scalar::F32, 4, Access::ReadWrite));
    let pairs = Place::Buffer(k.buffer("pairs", Scalar::F32, 2, Access::ReadWrite));
    let counts = k.buffer("counts", Scalar::U32, 1, Access::Atomic);
    let kept = Place::Shared(k.shared("kept", Scalar::F32, 256));
    let kept_pairs = Place::Shared(k.shared("kept_pairs", Scalar::F32, 128));
    let (count, scale) = (k.parameter("count", Scalar::U32, 1), k.parameter("scale", Scalar::F32, 1));
    let [thread, group, groups] = [Builtin::Thread, Builtin::Workgroup, Builtin::Workgroups].map(|it| k.builtin(it));
    let first = k.mul_u32(thread, 4);
    let second = k.mul_u32(thread, 2);
    let four = k.load(wide, first, 4);
    let (two, one) = (k.load(wide, second, 2), k.load(wide, thread, 1));
    let scales = k.splat(scale, 4);
    let scaled = k.mul(four, scales);
    k.store(kept, first, scaled);
    k.store(kept_pairs, second, two);
    k.barrier(Barrier::Shared);
    let (piece, next) = (k.load(uniform, group, 1), k.u32(1));
    let until = k.binary(Binary::Min, piece, count);
    k.repeat(group, until, groups, |k, index| {
        // The limits are the same for all threads, so that they come to the same barriers.
        k.barrier(Barrier::Buffers);
        let kept_one = k.load(kept, thread, 1);
        let other = k.load(kept_pairs, second, 2);
        let sum = k.add(kept_one, one);
        let inside = k.less(index, thread);
        k.choose(inside, |k| k.store(narrow, thread, sum), |k| k.store(narrow, first, four));
        k.store(pairs, second, other);
        k.atomic(access, counts, index, next);
    });
    k
}

fn subgroups() -> Builder {
    let mut k = Builder::new("subgroups", "Exchanges.", 64);
    let places = [Builtin::Thread, Builtin::Subgroup, Builtin::SubgroupSize, Builtin::SubgroupThread];
    let values = places.map(|place| k.builtin(place));
    for (scalar, lanes) in [Scalar::U32, Scalar::F32].into_iter().flat_map(|scalar| [1, 2, 4].map(|it| (scalar, it))) {
        let ty = Type::new(scalar, lanes);
        let words = Place::Buffer(k.buffer(&format!("words_{ty}"), scalar, lanes, Access::ReadWrite));
        let at = k.mul_u32(values[0], lanes.into());
        let mut held = k.load(words, at, lanes);
        for mask in [1, 2, 4] {
            let other = k.exchange(held, mask);
            held = k.add(held, other);
        }
        k.store(words, at, held);
    }
    let out = Place::Buffer(k.buffer("places", Scalar::U32, 1, Access::ReadWrite));
    let sum = values[1..].iter().fold(values[0], |sum, value| k.add(sum, *value));
    k.store(out, sum, values[3]);
    k
}

#[test]
fn every_operation_is_taken_by_naga_and_tint() {
    let mut texts = Texts::new();
    let mut results = 0;
    for (lanes, known) in [1, 2, 4].into_iter().flat_map(|lanes| [(lanes, false), (lanes, true)]) {
        let bench = operations(lanes, known);
        results += bench.results;
        let kernel = bench.k.finish();
        texts.insert(kernel.name.clone(), text_of(&kernel));
    }
    assert!(results > 500, "{results} results");
    texts.insert("odd_numbers".to_owned(), text_of(&odd_numbers().k.finish()));
    check_by_tint("operations", &texts, &BTreeMap::new());
}

#[test]
fn memory_and_subgroups_are_taken_by_naga_and_tint() {
    let mut texts = Texts::new();
    for op in [Atomic::Add, Atomic::Max] {
        let kernel = memory(op).finish();
        texts.insert(format!("memory_{op:?}"), text_of(&kernel));
        let sharded = shard(&shard(&kernel, "wide", 3), "narrow", 2);
        texts.insert(format!("sharded_{op:?}"), text_of(&sharded));
    }
    texts.insert("subgroups".to_owned(), text_of(&subgroups().finish()));
    check_by_tint("memory", &texts, &BTreeMap::new());
}

/// naga takes atomic additions of numbers, which browsers have not: without them they are changes, which both take.
#[test]
fn float_atomics_are_nagas_alone() {
    let mut k = Builder::new("gather", "Adds.", 64);
    let sums = k.buffer("sums", Scalar::F32, 1, Access::Atomic);
    let (thread, one) = (k.builtin(Builtin::Thread), k.f32(1.0));
    k.atomic(Atomic::Add, sums, thread, one);
    let kernel = k.finish();
    assert!(kernel.uses_float_atomics());
    let native = module(&kernel, &Options { browser: true, float_atomics: true });
    let texts = Texts::from([("native".to_owned(), native), ("changes".to_owned(), text_of(&kernel))]);
    check_by_tint("float_atomics", &texts, &BTreeMap::from([("native", "atomic")]));
}

/// Each reserved word in turn is the name of everything.
#[test]
fn reserved_words_are_no_names() {
    let words = [
        "alias",
        "array",
        "asm",
        "bitcast",
        "break",
        "case",
        "const",
        "enum",
        "f32",
        "final",
        "fn",
        "for",
        "from",
        "get",
        "if",
        "let",
        "loop",
        "max",
        "min",
        "mod",
        "of",
        "parameters",
        "Parameters",
        "ptr",
        "ref",
        "return",
        "select",
        "self",
        "set",
        "shared",
        "static",
        "struct",
        "switch",
        "target",
        "thread",
        "type",
        "u32",
        "use",
        "var",
        "vec4",
        "while",
        "with",
        "workgroupBarrier",
        "yield",
    ];
    let mut texts = Texts::new();
    for word in words {
        let mut k = Builder::new("named", "Names.", 64);
        let buffer = Place::Buffer(k.buffer(word, Scalar::U32, 1, Access::ReadWrite));
        let shared = Place::Shared(k.shared(word, Scalar::U32, 64));
        let count = k.parameter(word, Scalar::U32, 1);
        let thread = k.builtin(Builtin::Thread);
        let least = k.binary(Binary::Min, thread, count);
        let greatest = k.binary(Binary::Max, least, count);
        k.name(least, word);
        k.store(shared, thread, greatest);
        k.repeat(least, greatest, count, |k, index| {
            k.name(index, word);
            let loaded = k.load(shared, index, 1);
            let bits = k.define(Expression::Bits(Scalar::F32, loaded));
            let four = k.splat(bits, 4);
            let one = k.lane(four, 2);
            let number = k.define(Expression::Convert(Scalar::U32, one));
            k.store(buffer, index, number);
        });
        texts.insert(word.to_owned(), text_of(&k.finish()));
    }
    check_by_tint("names", &texts, &BTreeMap::new());
}

/// Both compilers do refuse: what they are told is what they look at.
#[test]
fn mistakes_are_seen() {
    let text = "@compute @workgroup_size(1) fn wrong() { let x: u32 = 1.5; }";
    let why = validate(text).expect_err("a fraction is no u32");
    assert!(why.contains("1.5"), "{why}");
    let barrier = "@group(0) @binding(0) var<storage> words: array<u32>;
        @compute @workgroup_size(64)
        fn wrong(@builtin(local_invocation_index) thread: u32) { if words[thread] == 0u { workgroupBarrier(); } }";
    let texts = Texts::from([("wrong".to_owned(), text.to_owned()), ("barrier".to_owned(), barrier.to_owned())]);
    check_by_tint("mistakes", &texts, &BTreeMap::from([("wrong", "u32"), ("barrier", "uniform control flow")]));
}

/// A kernel that is legal as it stands has no variable that its maker did not ask for.
#[test]
fn plain_kernels_stay_plain() {
    let mut k = Builder::new("plain", "Fills.", 64);
    let out = Place::Buffer(k.buffer("out", Scalar::F32, 1, Access::ReadWrite));
    let thread = k.builtin(Builtin::Thread);
    let half = k.define(Expression::Constant(Constant::f32(0.5)));
    k.store(out, thread, half);
    assert!(text_of(&k.finish()).ends_with(") {\n    out[thread] = 0.5f;\n}\n"));
}

#[test]
fn every_kernel_of_the_zoo_is_taken_by_naga_and_tint() {
    let mut texts = Texts::new();
    for (number, score) in zoo().iter().enumerate() {
        let (_, model) = lowered(score);
        for schedule in schedules() {
            for plan in plan(&model, &schedule) {
                texts.insert(format!("{number}_{schedule}_{}", plan.kernel.name), text_of(&plan.kernel));
            }
        }
    }
    assert!(texts.len() > 2000, "{} texts", texts.len());
    check_by_tint("zoo", &texts, &BTreeMap::new());
}

#[test]
fn every_strategy_of_the_zoo_is_taken_by_naga_and_tint() {
    let mut texts = Texts::new();
    for (number, score) in zoo().iter().enumerate() {
        let (_, model) = lowered(score);
        let staging = staging().into_iter().skip(number % 5).step_by(5);
        for schedule in strategies().into_iter().skip(number % 6).step_by(6).chain(staging) {
            let native = Options { float_atomics: true, ..Options::default() };
            let plans = plan(&model, &schedule)
                .into_iter()
                .filter(|plan| !matches!(plan.role, Role::Part(..) | Role::Compare(_)));
            for plan in plans {
                // naga looks at the text.
                module(&plan.kernel, &native);
                texts.insert(format!("{number}_{schedule}_{}", plan.kernel.name), text_of(&plan.kernel));
            }
        }
    }
    check_by_tint("strategies", &texts, &BTreeMap::new());
}

#[test]
fn kernels_over_blocks_are_taken_by_naga_and_tint() {
    let mut texts = Texts::new();
    for (number, score) in zoo().iter().enumerate() {
        let (_, model) = lowered(score);
        let schedule = schedules()[number % schedules().len()];
        let (loss, rule) = (LossKind::ALL[number % LossKind::ALL.len()], RuleKind::ALL[number % RuleKind::ALL.len()]);
        let missing = vec![Side::Tail, Side::Head];
        let training = SharedTraining { missing, filtered: number % 2 == 0, loss, rule };
        let mut plans = block_gradients(&model, &schedule);
        if training.fits(&model) {
            plans.extend(shared_training(&model, &schedule, &training));
        }
        for plan in plans {
            assert!(plan.kernel.buffers.len() <= 8, "`{}` has too many buffers", plan.kernel.name);
            texts.insert(format!("{number}_{schedule}_{}", plan.kernel.name), text_of(&plan.kernel));
        }
    }
    assert!(texts.len() > 500, "{} texts", texts.len());
    check_by_tint("blocks", &texts, &BTreeMap::new());
}

/// Ranks and best candidates, whose kernels are the same for all models but for their names.
#[test]
fn kernels_of_ranks_are_taken_by_naga_and_tint() {
    let (_, model) = lowered(&zoo()[0]);
    let mut texts = Texts::new();
    for schedule in schedules() {
        for plan in ranking(&model, &schedule) {
            texts.insert(format!("{schedule}_{}", plan.kernel.name), text_of(&plan.kernel));
        }
    }
    assert!(texts.keys().any(|name| name.ends_with("_best")));
    check_by_tint("ranks", &texts, &BTreeMap::new());
}
