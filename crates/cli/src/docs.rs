//! Documents made from the program: whoever changes what it says cannot forget them.
//!
//! With `FENCE_WRITE_DOCS` set these tests write `docs/commands.md` and the pages of `docs/man`; without it they fail
//! where those are not what would be written. Nothing of this is part of the program.

use clap::{Command, CommandFactory};

use crate::args::Cli;

/// Fails where a document is not what the program says; with `FENCE_WRITE_DOCS` set, writes it.
pub(crate) fn kept_in_docs(file: &str, text: &str) {
    let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("FENCE_WRITE_DOCS").is_some() {
        return std::fs::write(path, text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/{file} is out of date: run `FENCE_WRITE_DOCS=1 cargo test -p cargo-fence docs`"
    );
}

const INTRODUCTION: &str = "\
# The commands

*Made from the program's help; a test keeps it current.* What a command prints is shown in
[getting-started.md](getting-started.md); its man page is in [man](man).
";

/// All commands, `cargo fence` itself first, each with what its help needs.
fn commands() -> Vec<Command> {
    let mut program = Cli::command();
    program.build();
    let commands: Vec<Command> = program.get_subcommands().cloned().collect();
    [vec![program], commands].concat()
}

#[test]
fn the_reference_is_the_one_in_docs() {
    let mut page = INTRODUCTION.to_owned();
    for mut command in commands() {
        let name = command.get_bin_name().unwrap().to_owned();
        page += &format!("\n## `{name}`\n\n```text\n{}```\n", command.render_long_help());
    }
    kept_in_docs("commands.md", &page);
}

#[test]
fn the_man_pages_are_those_in_docs() {
    for command in commands() {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).unwrap();
        kept_in_docs(&format!("man/{name}.1"), &String::from_utf8(page).unwrap());
    }
}
