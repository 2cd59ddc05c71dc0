//! `cargo xtask bench dump`: a database dump of a registry that was never published, made up, read, and gathered as a feed, each in a
//! process of its own.

use std::path::Path;

use crate::run;

/// Crates of crates.io, about.
const CRATES: &str = "250000";

/// Runs the examples that measure: of `fence-evidence`, which reads, and of `fence-client`, which gathers; with what depends on
/// what, and without.
pub(crate) fn bench(root: &Path, data: &Path) -> Result<(), String> {
    let folder = run::target_folder(root)?.join("bench");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (facts, file) = (data.join("facts.json"), folder.join("dump.tar.gz"));
    let example_of = |package: &str, name: &str| {
        let mut example = run::cargo(root);
        example.args(["run", "--quiet", "--release", package, name, "--"]);
        example
    };
    let (reads, gathers) = (
        || example_of("--package=fence-evidence", "--example=dump"),
        || example_of("--package=fence-client", "--example=compiled_dump"),
    );
    run::command(reads().arg("write").arg(&facts).arg(CRATES).arg(&file))?;
    println!("\nwith what depends on what");
    run::command(reads().arg("read").arg(&file))?;
    run::command(gathers().arg(&file).arg("graph"))?;
    println!("\npublishers and owners alone");
    run::command(reads().arg("read").arg(&file).arg("people"))?;
    run::command(gathers().arg(&file))
}
