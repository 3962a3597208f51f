//! `sptx completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Outcome, output};

/// Print the completions of a shell.
///
/// For example: `sptx completions bash > ~/.local/share/bash-completion/completions/sptx`
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    // Written to memory first: the generator panics where its sink fails.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "sptx", &mut script);
    output::text(&String::from_utf8_lossy(&script))
}
