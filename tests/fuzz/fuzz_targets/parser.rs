//! Whatever the text, the front end gives scores or errors, and renders the errors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sptx_codegen::{sema, syntax};

fuzz_target!(|text: &str| {
    let outcome = syntax::parse_str("fuzz.sptx", text).and_then(|file| sema::analyze_every_choice(&file));
    if let Err(errors) = outcome {
        assert!(!errors.errors.is_empty());
        let _ = errors.to_string();
    }
    // No token outlives the iteration; without this every text would stay in memory.
    proc_macro2::extra::invalidate_current_thread_spans();
});
