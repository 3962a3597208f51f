//! `sptx compile`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sptx::codegen::emit::ptx::{self, Arch};
use sptx::codegen::emit::wgsl;
use sptx::codegen::gpu::Plan;
use sptx::models::{KernelChoice, ModelError, Source};
use sptx::runtime::gpu::Schedule;

use super::failure::Failure;
use super::{Outcome, options, output};

/// Compile a score function and print the result.
///
/// For example: `sptx compile my_model.sptx -o src/my_model.rs`
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A model of the zoo, or a `.sptx` file (`file.sptx#Score` where it declares several).
    model: String,
    /// What to make of it.
    #[arg(long, value_enum, default_value_t = Target::Rust)]
    target: Target,
    /// The oldest GPUs that PTX is for: sm_75, sm_80, sm_90 or sm_100. It runs on later ones as well.
    #[arg(long, value_name = "GENERATION")]
    arch: Option<Arch>,
    /// Where to write it; standard output when left out.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// The value of a choice, such as `norm=2`; may be given several times.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = options::assignment)]
    choices: Vec<(String, f64)>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Target {
    /// Rust: what the `score!` macro and a build script make, for every combination of choices.
    Rust,
    /// The program that the runtime reads, for the choices given.
    Json,
    /// The intermediate representation in incidence form, as text, for the choices given.
    Ir,
    /// Kernels for GPUs in WGSL, one module each, for the choices given.
    Wgsl,
    /// Kernels for NVIDIA's GPUs in PTX, one module, for the choices given.
    Ptx,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let source = Source::find(&arguments.model)?;
    let choices = options::borrowed(&arguments.choices);
    if arguments.arch.is_some() && !matches!(arguments.target, Target::Ptx) {
        return Err(Failure::new("`--arch` is a generation of NVIDIA's GPUs").help("give `--target ptx` as well"));
    }
    let text = match arguments.target {
        Target::Rust => sptx::codegen::build::rust(source.name(), source.text()).map_err(ModelError::Declaration)?,
        Target::Json => json(&source, &choices)?,
        Target::Wgsl => in_wgsl(&source, &choices)?,
        Target::Ptx => in_ptx(&source, &choices, arguments.arch.unwrap_or_default())?,
        Target::Ir => sptx::codegen::text::print(&sptx::codegen::compile(source.analyze(&choices)?).factored),
    };
    match &arguments.output {
        Some(path) => write(path, &text).map_err(|error| Failure::file(path, "write", &error)),
        None => output::text(&text),
    }
}

fn json(source: &Source, choices: &[(&str, f64)]) -> Result<String, Failure> {
    let compiled = source.compile(choices, KernelChoice::Interpreted)?;
    Ok(serde_json::to_string_pretty(&*compiled.model)? + "\n")
}

/// The modules, one after another: each is a file of its own, but that names would be declared twice.
fn in_wgsl(source: &Source, choices: &[(&str, f64)]) -> Result<String, Failure> {
    let compiled = source.compile(choices, KernelChoice::Interpreted)?;
    let plans = sptx::codegen::gpu::plan(&compiled.model, &Schedule::default());
    let module = |plan: &Plan| wgsl::module(&plan.kernel, &wgsl::Options::default());
    Ok(plans.iter().map(module).collect::<Vec<_>>().join("\n"))
}

/// The module, for every GPU from a generation on: a driver compiles it for the one that it has.
fn in_ptx(source: &Source, choices: &[(&str, f64)], arch: Arch) -> Result<String, Failure> {
    let compiled = source.compile(choices, KernelChoice::Interpreted)?;
    let plans = sptx::codegen::gpu::plan(&compiled.model, &Schedule::default());
    Ok(ptx::module(plans.iter().map(|plan| &plan.kernel), arch))
}

/// Writes a file whole or not at all. What is there and no file, such as a terminal or a pipe, is written to as it is.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if path.exists() && !path.is_file() {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = usual_permissions().tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// Makes files with the permissions of any new file: what the user's mask leaves.
fn usual_permissions() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
