//! `cargo xtask bench dump`: a database dump of a registry that was never published, made up and read, each in a process of
//! its own.

use std::path::Path;

use crate::run;

/// Crates of crates.io, about.
const CRATES: &str = "250000";

/// Runs the example of `fence-evidence` that measures: with what depends on what, and without.
pub(crate) fn bench(root: &Path, data: &Path) -> Result<(), String> {
    let folder = run::target_folder(root)?.join("bench");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (facts, file) = (data.join("facts.json"), folder.join("dump.tar.gz"));
    let example = || {
        let mut example = run::cargo(root);
        example.args(["run", "--quiet", "--release", "--package=fence-evidence", "--example=dump", "--"]);
        example
    };
    run::command(example().arg("write").arg(&facts).arg(CRATES).arg(&file))?;
    println!("\nwith what depends on what");
    run::command(example().arg("read").arg(&file))?;
    println!("\npublishers and owners alone");
    run::command(example().arg("read").arg(&file).arg("people"))
}
