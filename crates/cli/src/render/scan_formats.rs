//! Reports of the scanner for machines.

use fence_scan::{Comparison, Finding, Report, Severity};
use serde_json::{Value, json};

/// The format of the documents: raised when a field changes its meaning or goes.
const FORMAT: u32 = 1;

/// A report as docs/scan.schema.json describes it.
pub(crate) fn json_of_report(report: &Report, open: &[String]) -> String {
    text(with_head(json!(report), open))
}

/// Reports of a whole lockfile.
pub(crate) fn json_of_reports(reports: &[Report], open: &[String]) -> String {
    text(with_head(json!({ "packages": reports }), open))
}

/// A comparison: its `capabilities` are those gained, its `findings` those of the change.
pub(crate) fn json_of_comparison(comparison: &Comparison, open: &[String]) -> String {
    let mut value = json!(comparison);
    if let Some(object) = value.as_object_mut() {
        object.insert("capabilities".to_owned(), json!(comparison.gained));
    }
    text(with_head(value, open))
}

fn with_head(mut value: Value, open: &[String]) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.insert("format".to_owned(), json!(FORMAT));
        // What the scanner could not be kept from on this machine.
        object.insert("open".to_owned(), json!(open));
    }
    value
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
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
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
