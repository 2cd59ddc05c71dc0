//! `cargo xtask bench graph`: the graph of a registry that was never published, in a process of its own.

use std::path::Path;

use crate::run;

/// Crates of crates.io, about, and what a design has to bear.
const CRATES: [(&str, &[&str]); 2] = [("250000", &[]), ("10000000", &["rows"])];

/// Runs the example of `fence-testkit` that measures: from index files, and with `--large` also of ten million crates, from
/// rows.
pub(crate) fn bench(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let sizes = match words {
        [] => &CRATES[..1],
        ["--large"] => &CRATES[..],
        other => return Err(format!("what is `{}`? only `--large` is taken", other.join(" "))),
    };
    let facts = data.join("facts.json");
    for (crates, how) in sizes {
        println!("\n{crates} crates");
        let mut example = run::cargo(root);
        example.args(["run", "--quiet", "--release", "--package=fence-testkit"]);
        example.args(["--example=graph", "--"]).arg(&facts).arg(crates).args(*how);
        run::command(&mut example)?;
    }
    Ok(())
}
