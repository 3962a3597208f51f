//! `sptx check` and `sptx explain`.

use super::support::Folder;

#[test]
fn the_whole_zoo_passes() {
    let folder = Folder::new();
    for kernels in ["compiled", "interpreted"] {
        let reports = folder.json(&format!("check all --choices all --kernels {kernels} --dim 6 --triples 8 --json"));
        let reports = reports.as_array().expect("a list");
        assert!(reports.len() > 20);
        for report in reports {
            assert!(report["passed"] == true && report["kernels"] == kernels, "{report}");
            assert!(report["triples"].as_u64() > Some(0) && report["elements"].as_u64() > Some(0), "{report}");
        }
    }
}

#[test]
fn a_table_names_what_was_checked() {
    let folder = Folder::new();
    let table = folder.succeed("check transr --dim d=3,k=5 --seed 9");
    assert!(table.contains("d=3 k=5") && table.contains("ok"), "{table}");
    let table = folder.succeed("check transe --set norm=2");
    assert_eq!(table.matches("norm=2 power=1").count(), 3, "{table}");
}

#[test]
fn a_file_is_checked_as_well() {
    let folder = Folder::new();
    let text =
        "score! { pub Mine { entity { v: real[d] } relation { v: real[d] } score = sum(tanh(h.v * r.v) * t.v); } }";
    folder.write("mine.sptx", text);
    assert!(folder.succeed("check mine.sptx").contains("interpreted"));
    let ran = folder.run("check mine.sptx --kernels compiled");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("only the zoo has compiled kernels"), "{ran:?}");
}

#[test]
fn explanations() {
    let folder = Folder::new();
    let text = folder.succeed("explain transr --dim d=128,k=32");
    for part in [
        "x1 = +h.v −t.v   (plus_times)",
        "many tails at once: by matrix products",
        "r.m += ",
        "bytes read",
        "FLOPs",
        "d = 128",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let text = folder.succeed("explain quate");
    assert!(!text.contains("4 = 4"), "only named dimensions have a size to tell: {text}");
    let text = folder.succeed("explain mure");
    assert!(text.contains("head_bias: 1 element, 4 bytes"), "{text}");
    let report = folder.json("explain transe --set norm=2 --json");
    assert_eq!(report["rows"][0]["semiring"], "plus_times");
    assert!(report["cost"]["forward"]["flops"].as_u64() > Some(0), "{report}");
    let gpu = folder.json("explain transe --set norm=1 --dim 1024 --batch 4 --entities 100 --optimizer sgd --json");
    // Three rows of 4 KiB for each of 8 triples; signs are 2 bits.
    assert_eq!(gpu["gpu"]["forward"]["bytes"], 8 * 3 * 4096, "{gpu}");
    let steps = gpu["gpu"]["steps"].as_array().expect("a list");
    let of = |saved: &str| steps.iter().find(|step| step["saved"] == saved).expect("a step")["bytes"].as_u64();
    assert!(of("signs") < of("bf16") && of("bf16") < of("f32") && of("f32") < of("nothing"), "{gpu}");
    let text = folder.succeed("explain distmult --optimizer adagrad");
    assert!(text.contains("on a GPU, 65536 triples") && text.contains("step, columns saved as bf16: "), "{text}");
    assert!(!text.contains("signs saved"), "its gradient is made of no signs: {text}");
}
