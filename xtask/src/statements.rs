//! Statements measured: how fast what people signed is parsed and verified.

use std::path::Path;

use crate::run;

/// 10,000 statements parsed and verified, on one thread and on two.
pub(crate) fn bench(root: &Path) -> Result<(), String> {
    let mut bench = run::cargo(root);
    bench.args(["run", "--quiet", "--release", "--locked", "--package=fence-trust", "--example=statements"]);
    run::command(&mut bench)
}
