//! Reports of the scanner for machines.

use fence_scan::{Capability, Comparison, Finding, Report, Severity};
use serde::Serialize;
use serde_json::{Value, json};

/// Raised when a field changes its meaning or goes.
const SCHEMA_VERSION: u32 = 1;

/// What `cargo fence scan --format json` prints about one package, or `--lockfile` about many.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence scan"))]
struct Scanned<T> {
    /// The version of this document's shape.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// What the scanner's process could not be kept from on this machine; empty where it was shut in.
    open: Vec<String>,
    #[serde(flatten)]
    result: T,
}

/// The reports of a lockfile's releases.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Packages<'a> {
    /// One for each release.
    packages: &'a [Report],
}

/// What `cargo fence diff --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Compared<'a> {
    /// What the newer package can do that the older could not: the same as `gained`.
    capabilities: &'a [Capability],
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// A report as docs/scan.schema.json describes it.
pub(crate) fn json_of_report(report: &Report, open: &[String]) -> String {
    document(report, open)
}

/// Reports of a whole lockfile.
pub(crate) fn json_of_reports(reports: &[Report], open: &[String]) -> String {
    document(Packages { packages: reports }, open)
}

/// A comparison: its `capabilities` are those gained, its `findings` those of the change.
pub(crate) fn json_of_comparison(comparison: &Comparison, open: &[String]) -> String {
    document(Compared { capabilities: &comparison.gained, comparison }, open)
}

fn document(result: impl Serialize, open: &[String]) -> String {
    let fence_version = env!("CARGO_PKG_VERSION");
    text(json!(Scanned { schema_version: SCHEMA_VERSION, fence_version, open: open.to_vec(), result }))
}

fn text(value: Value) -> String {
    format!("{value:#}\n")
}

/// A SARIF 2.1.0 log.
pub(crate) fn sarif(findings: &[Finding], least: Severity) -> String {
    let shown: Vec<&Finding> = findings.iter().filter(|finding| finding.severity >= least).collect();
    let rules: Vec<Value> = fence_scan::explanations()
        .map(|of| json!({ "id": of.code, "shortDescription": { "text": of.means }, "help": { "text": of.look } }))
        .collect();
    let results: Vec<Value> = shown
        .iter()
        .map(|finding| {
            let level = match finding.severity {
                Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low | Severity::None => "note",
            };
            let mut place = json!({ "artifactLocation": { "uri": uri(&finding.file) } });
            if finding.line > 0 {
                place["region"] = json!({ "startLine": finding.line, "startColumn": finding.column.max(1) });
            }
            json!({
                "ruleId": finding.code,
                "level": level,
                "message": { "text": finding.reason },
                "locations": [{ "physicalLocation": place }],
            })
        })
        .collect();
    text(json!({
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{
            "tool": { "driver": { "name": "cargo-fence", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    }))
}

/// A path as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// Annotations of GitHub's workflows.
pub(crate) fn github(findings: &[Finding], least: Severity) -> String {
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    findings
        .iter()
        .filter(|finding| finding.severity >= least)
        .map(|finding| {
            let word = match finding.severity {
                Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low | Severity::None => "notice",
            };
            format!(
                "::{word} file={},line={},title={}::{}\n",
                property(&finding.file),
                finding.line.max(1),
                property(&finding.code),
                escaped(&finding.reason)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::kept_in_docs;

    #[test]
    fn the_schemas_are_those_in_docs() {
        let kept = |file: &str, schema: schemars::Schema| {
            kept_in_docs(file, &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
        };
        kept("scan.schema.json", schemars::schema_for!(Scanned<Report>));
        kept("scan-lockfile.schema.json", schemars::schema_for!(Scanned<Packages<'_>>));
        kept("diff.schema.json", schemars::schema_for!(Scanned<Compared<'_>>));
    }
}
