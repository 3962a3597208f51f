//! Whatever the text, the reader of textual IR gives a score or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = sptx_codegen::text::parse(text);
});
