//! What texts mean, and what is wrong with them.

use super::{Choices, analyze, analyze_every_choice, choices};
use crate::ir::{self, Op, Value};
use crate::syntax::parse_str;

/// Checks what a score's body means: its root, written out.
#[track_caller]
fn check(body: &str, expected: &str) {
    check_with(body, &Choices::new(), expected);
}

#[track_caller]
fn check_with(body: &str, choices: &Choices, expected: &str) {
    let file = parse_str("test.sptx", &format!("pub M {{ {body} }}")).unwrap_or_else(|errors| panic!("{errors}"));
    let scores = analyze(&file, choices).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(show(&scores[0], scores[0].root), expected);
}

/// Checks a score over `entity { v: real[d] } relation { v: real[d] }`.
#[track_caller]
fn check_real(statements: &str, expected: &str) {
    check(&format!("entity {{ v: real[d] }} relation {{ v: real[d] }} {statements}"), expected);
}

/// Checks the messages of a text, in order.
#[track_caller]
fn errors(text: &str, expected: &[&str]) {
    let file = parse_str("test.sptx", text).unwrap_or_else(|errors| panic!("{errors}"));
    let found = analyze_every_choice(&file).expect_err("the text has errors");
    let messages: Vec<&str> = found.errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(messages, expected, "{found}");
}

/// Checks the messages of a score over `entity { v: real[d] } relation { v: real[d] }`.
#[track_caller]
fn errors_real(statements: &str, expected: &[&str]) {
    errors(&format!("M {{ entity {{ v: real[d] }} relation {{ v: real[d] }} {statements} }}"), expected);
}

fn show(score: &ir::Score, value: Value) -> String {
    let list = |values: &[Value]| values.iter().map(|value| show(score, *value)).collect::<Vec<_>>().join(", ");
    let operands = list(&score.nodes[value].op.operands());
    match &score.nodes[value].op {
        Op::Gather { side, plane } => {
            let plane = &score.planes[*plane];
            let dot = if plane.part.is_empty() { "" } else { "." };
            format!("{}.{}{dot}{}", side.letter(), score.slots[plane.slot].name, plane.part)
        }
        Op::Const(value) => value.to_string(),
        Op::Parameter(id) => score.parameters[*id].name.clone(),
        Op::Upstream => "upstream".to_owned(),
        Op::Unary(op, _) => format!("{}({operands})", op.name()),
        Op::Binary(op, ..) => format!("{}({operands})", op.name()),
        Op::Reduce(op, _) => format!("{}({operands})", op.name()),
        Op::MatVec { transposed, .. } => format!("matvec{}({operands})", if *transposed { "_t" } else { "" }),
        Op::Outer(..) => format!("outer({operands})"),
        Op::Fold { semiring, terms } => {
            let term = |term: &ir::Term| {
                let star = if term.conjugate { "~" } else { "" };
                format!("{}:{}{star}", term.coefficient, show(score, term.value))
            };
            format!("{}[{}]", score.semirings[*semiring].name, terms.iter().map(term).collect::<Vec<_>>().join(", "))
        }
        Op::Complex(..) => format!("complex({operands})"),
        Op::Cis(_) => format!("cis({operands})"),
        Op::Re(_) => format!("re({operands})"),
        Op::Im(_) => format!("im({operands})"),
        Op::Conj(_) => format!("conj({operands})"),
        Op::Modulus(_) => format!("modulus({operands})"),
    }
}

#[test]
fn rows_in_plus_times() {
    check_real("incidence x = h.v + r.v - t.v; score = -norm1(x);", "neg(sum(abs(plus_times[1:h.v, 1:r.v, -1:t.v])))");
    check_real(
        "incidence x = 2 * (h.v - t.v) / 4 - -r.v; score = sum(x);",
        "sum(plus_times[0.5:h.v, -0.5:t.v, 1:r.v])",
    );
    check_real(
        "incidence x = h.v + r.v; incidence y = x - t.v; score = sum(y);",
        "sum(sub(plus_times[1:h.v, 1:r.v], t.v))",
    );
}

#[test]
fn rows_in_other_semirings() {
    check_real("incidence x = h.v * r.v * t.v in hadamard; score = sum(x);", "sum(hadamard[1:h.v, 1:r.v, 1:t.v])");
    check_real(
        "incidence x = max(h.v, r.v, 2 * t.v) in max_plus; score = sum(x);",
        "sum(max_plus[0:h.v, 0:r.v, 2:t.v])",
    );
    check_real(
        "incidence x = h.v + r.v + -1 * t.v in min_plus; score = sum(x);",
        "sum(min_plus[0:h.v, 0:r.v, -1:t.v])",
    );
}

#[test]
fn complex_rows() {
    check(
        "entity { v: complex[d] } relation { v: complex[d] }
         incidence x = h.v * r.v * conj(t.v) in hadamard; score = re(sum(x));",
        "re(sum(hadamard[1:h.v, 1:r.v, 1:t.v~]))",
    );
    check(
        "entity { v: complex[d] } relation { v: phase[d] }
         incidence q = h.v * r.v in hadamard; incidence x = q - t.v; score = -norm1(abs(x));",
        "neg(sum(abs(modulus(sub(hadamard[1:h.v, 1:cis(r.v)], t.v)))))",
    );
    check(
        "entity { v: phase[d] } relation { v: phase[d] }
         incidence x = angle(h.v) + angle(r.v) - angle(t.v); score = sum(sin(x / 2));",
        "sum(sin(div(plus_times[1:h.v, 1:r.v, -1:t.v], 2)))",
    );
}

#[test]
fn user_semirings() {
    let text = "semiring S { zero: -inf, one: 1, add(a, b): relu(a) + softplus(b), mul(a, b): a * b }
                M { entity { v: real[d] } relation { v: real[d] } incidence x = h.v - 2 * r.v + t.v in S; score = sum(x); }";
    let file = parse_str("", text).expect("it parses");
    let scores = analyze(&file, &Choices::new()).expect("it is right");
    assert_eq!(show(&scores[0], scores[0].root), "sum(S[1:h.v, -2:r.v, 1:t.v])");
    assert_eq!(scores[0].semirings.iter().next().map(|(_, semiring)| semiring.add.apply(-1.0, 0.0)), Some(2_f64.ln()));
}

#[test]
fn norms_and_choices() {
    let body = "parameter norm = 1 | 2; parameter power = 1 | 2; entity { v: real[d] } relation { v: real[d] }
                score = -norm(h.v + r.v - t.v, norm)^power;";
    let x = "sub(add(h.v, r.v), t.v)";
    check(body, &format!("neg(sum(abs({x})))"));
    check_with(body, &Choices::new().with("norm", 2.0), &format!("neg(sqrt(sum(mul({x}, {x}))))"));
    let squared = Choices::new().with("norm", 2.0).with("power", 2.0);
    check_with(body, &squared, &format!("neg(sum(mul({x}, {x})))"));
    let file = parse_str("", &format!("M {{ {body} }}")).expect("it parses");
    assert_eq!(choices(&file.scores[0]).len(), 4);
    assert_eq!(choices(&file.scores[0])[1], Choices::new().with("norm", 1.0).with("power", 2.0));
    let unknown = analyze(&file, &Choices::new().with("nrom", 1.0)).expect_err("there is no `nrom`");
    assert_eq!(unknown.errors[0].help, "did you mean `norm`?");
    let unlisted = analyze(&file, &Choices::new().with("norm", 3.0)).expect_err("3 is not listed");
    assert_eq!(unlisted.errors[0].message, "`norm` cannot be 3");
}

#[test]
fn matrices() {
    check(
        "entity { v: real[d] } relation { v: real[k], m: real[k, d] } score = -sq_norm2(-r.m * h.v + 2 * r.m * t.v - r.v);",
        "neg(sum(mul(sub(add(neg(matvec(r.m, h.v)), mul(2, matvec(r.m, t.v))), r.v), \
         sub(add(neg(matvec(r.m, h.v)), mul(2, matvec(r.m, t.v))), r.v))))",
    );
    check(
        "entity { v: real[d] } relation { m: real[d, d] } score = bilinear(h.v, transpose(r.m), t.v);",
        "sum(mul(h.v, matvec_t(r.m, t.v)))",
    );
}

#[test]
fn parts_of_tables() {
    check(
        "entity { v: real[d] } relation { v: real[d] }
         score = dot(lower(h.v) * lower(r.v), upper(t.v)) + dot(lower(t.v) * upper(r.v), upper(h.v));",
        "add(sum(mul(mul(h.v.lower, r.v.lower), t.v.upper)), sum(mul(mul(t.v.lower, r.v.upper), h.v.upper)))",
    );
    check("entity { v: real[2, d] } score = dot(h.v[0], t.v[1]);", "sum(mul(h.v.0, t.v.1))");
}

#[test]
fn numbers_and_powers() {
    check_real("let two = 1 + 1; score = sum(h.v^two * pow(r.v, 3) + t.v^0.5);", {
        "sum(add(mul(mul(h.v, h.v), mul(r.v, mul(r.v, r.v))), sqrt(t.v)))"
    });
    check_real("parameter p = 3; score = sum(h.v^p + r.v^-1);", "sum(add(exp(mul(p, log(h.v))), div(1, r.v)))");
    check_real("score = -2^2 * sum(h.v + r.v);", "mul(-4, sum(add(h.v, r.v)))");
    check_real("score = sum(normalize(h.v + r.v));", {
        "sum(mul(add(h.v, r.v), reciprocal_or_zero(sqrt(sum(mul(add(h.v, r.v), add(h.v, r.v)))))))"
    });
    check_real("parameter form = 5 | 6; score = choose(form, sum(h.v + r.v), max(h.v - r.v));", "sum(add(h.v, r.v))");
}

#[test]
fn errors_about_tables() {
    errors_real("score = sum(h.w + r.v);", &["the entity has no table `w`"]);
    errors_real("score = sum(h.v);", &["the score does not depend on the relation's table `v`"]);
    errors_real("score = sum(r.v);", &["`M` depends on neither the head nor the tail"]);
    errors(
        "M { entity { v: reel[d], w: real, x: scalar[d], y: real[a, b, c] } score = 1; }",
        &[
            "there is no type `reel`",
            "`real` lacks its dimension",
            "a scalar has no dimension",
            "a table has at most two dimensions",
        ],
    );
    errors_real("score = sum(lower(h.v)) + sum(t.v + r.v);", &["`v` is read whole here, and by halves elsewhere"]);
    errors(
        "M { entity { v: real[5], v: real[d] } score = sum(lower(h.v) + upper(h.v)); }",
        &["5 elements have no halves", "`v` is declared twice"],
    );
    errors("M { entity { v: real[2, d] } score = sum(h.v[0] + h.v[2]); }", &["`v` has 2 rows, counted from 0"]);
    errors(
        "M { entity { v: real[k, d] } score = sum(h.v[0]); }",
        &["`v` is read by rows, but their number `k` is not known"],
    );
    errors(
        "M { entity { v: real[3, d] } score = sum(h.v[0] + h.v[1]); }",
        &["the score does not depend on row 2 of the entity's table `v`"],
    );
}

#[test]
fn errors_about_rules() {
    errors(
        "M { entity { v: real[d] where max_nrom(1), uniform(1) = unifrom(1), w: phase[d] where nonneg = identity,
             x: real[k, d] where symmetric = max_norm(1), y: scalar where max_norm(-1) = uniform(2, 1) } score = 1; }",
        &[
            "there is no constraint `max_nrom`",
            "`uniform` does not fit here: `uniform` is an initialiser",
            "there is no initialiser `unifrom`",
            "`nonneg` does not fit here: a phase is stored as an angle, and its modulus is always 1",
            "`identity` does not fit here: only a matrix begins as the identity",
            "`symmetric` does not fit here: only a square matrix can be symmetric",
            "`max_norm` does not fit here: `max_norm` is a constraint",
            "wrong arguments for `max_norm`",
            "wrong arguments for `uniform`",
        ],
    );
}

#[test]
fn errors_about_types() {
    errors(
        "M { entity { v: real[d] } relation { v: real[k], m: real[k, d] }
             score = sum(h.v + r.v) + sum(r.m + h.v) + sum(h.v * r.m) + sum(r.m * r.m) + sum(r.m * r.v); }",
        &[
            "`+` joins `real[d]` and `real[k]`",
            "`+` does not take a matrix",
            "the matrix stands before its vector: `matrix * vector`",
            "a product of two matrices",
            "a matrix `real[k, d]` takes a vector `real[d]`, found `real[k]`",
        ],
    );
    errors_real("score = h.v + r.v;", &["a score is one real number, this is `real[d]`"]);
    errors(
        "M { entity { v: complex[d] } score = sum(h.v); }",
        &["a score is one real number, this is `complex` scalar"],
    );
    errors(
        "M { entity { v: complex[d] } score = sum(exp(h.v)) + max(t.v) + sum(h.v^0.5); }",
        &[
            "`exp` takes real numbers, found `complex[d]`",
            "`max` takes real numbers, found `complex[d]`",
            "a complex number has integer powers only",
        ],
    );
    errors_real(
        "score = sum(sum(h.v + r.v)) + re(t.v);",
        &["`sum` takes a vector, found `real` scalar", "`re` takes a complex number, found `real[d]`"],
    );
}

#[test]
fn errors_about_names_do_not_cascade() {
    errors_real(
        "let x = h.w + q; incidence y = x + r.v; score = nrom1(x) + x + sum(y) + dot(h.v);",
        &[
            "the entity has no table `w`",
            "nothing is called `q`",
            "there is no function `nrom1`",
            "`dot` takes 2 arguments, found 1",
        ],
    );
    errors_real(
        "let x = sum(h.v + r.v); let x = 2; score = x; score = x;",
        &["`x` is declared twice", "`score` is declared twice"],
    );
    errors_real("", &["`M` has no score"]);
}

#[test]
fn errors_about_rows() {
    let not_a_row = "an incidence row folds rows of tables, which this is not";
    for (row, expected) in [
        ("h.v + abs(r.v)", not_a_row),
        ("h.v + r.v + 1", not_a_row),
        ("h.v * r.v", "a product of rows in `plus_times`"),
        ("h.v - r.v in hadamard", "`hadamard` has no minus"),
        ("2 * h.v * r.v in hadamard", "a coefficient 2 in a hadamard row"),
        ("h.v - r.v in max_plus", "`max_plus` has no minus"),
        ("2 * (h.v + r.v) in min_plus", "a coefficient before several terms in `min_plus`"),
        ("h.v + r.v in maxplus", "there is no semiring `maxplus`"),
        ("h.v + conj(r.v)", "the conjugate of a real row is the row itself"),
    ] {
        errors_real(&format!("incidence x = {row}; score = sum(x + h.v + r.v);"), &[expected]);
    }
}

#[test]
fn errors_about_semirings() {
    let declare = |add: &str, mul: &str| {
        format!(
            "semiring S {{ zero: 0, one: 1, add(a, b): {add}, mul(a, b): {mul} }} M {{ entity {{ v: scalar }} score = h.v; }}"
        )
    };
    let without =
        |of: &str, name: &str| format!("a fold without a derivative: `{of}` of `S` has none with respect to `{name}`");
    errors(&declare("a + floor(b)", "a * b"), &[&without("add", "b")]);
    errors(&declare("sign(a) * (b > 0)", "a * b"), &[&without("add", "a")]);
    errors(&declare("a + b", "a"), &[&format!("{}, the gathered element", without("mul", "b"))]);
    errors(&declare("a + c", "dot(a, b)"), &["nothing is called `c`", "`dot` has no meaning for single elements"]);
    let squares = format!("{}b{}", "square(".repeat(40), ")".repeat(40));
    errors(&declare(&format!("a + {squares}"), "a * b"), &["this operation is too large"]);
}

#[test]
fn what_is_not_needed_is_left_out() {
    let file = parse_str("", "M { entity { v: real[d] } let unused = exp(h.v); let y = sum(h.v); score = y; }");
    let scores = analyze(&file.expect("it parses"), &Choices::new()).expect("it is right");
    assert_eq!(scores[0].nodes.len(), 2);
    assert_eq!(scores[0].names, [(scores[0].root, "y".to_owned())]);
}
