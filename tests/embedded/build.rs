//! Compiles the crate's score function.

fn main() {
    if let Err(error) = sptx_codegen::Build::new().file("models/rote.sptx").compile() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
