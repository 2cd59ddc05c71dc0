//! A check as a SARIF 2.1.0 log, for what collects the findings of many tools.
//!
//! One run with a rule per code, whose help is the page of `cargo fence explain`, and a result per finding. What is
//! said of the check itself, or of why it came to nothing, are notifications: those need no place.

use fence_model::{Code, Effect, Level};
use serde_json::{Value, json};

use super::Checked;
use super::block::Folding;
use super::findings::{self, Finding, Remark, Root, Weight};
use crate::error::{CliError, Complaint};
use crate::explain;

/// The log of a check.
pub(crate) fn check(checked: &Checked<'_>, root: &Root) -> String {
    let uri = uri(&root.place(&checked.project.lockfile));
    let findings = findings::all(checked, Folding::Unfolded);
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &uri)).collect();
    let remarks = findings::remarks(checked);
    let notifications: Vec<Value> = remarks
        .iter()
        .map(
            |Remark { weight, text }| json!({ "level": level(*weight), "message": { "text": escaped(text) } }),
        )
        .collect();
    log(
        checked.level,
        &json!(results),
        &json!({
            "executionSuccessful": true,
            "toolExecutionNotifications": notifications,
        }),
    )
}

/// The log of a check that came to nothing.
pub(crate) fn undecided(error: &CliError, root: &Root) -> String {
    let mut whole = notification(&error.message, &error.hints);
    if let Some((file, line)) = &error.at {
        whole["locations"] = json!([location(&uri(&root.place(file)), *line)]);
    }
    let mut notifications = vec![whole];
    notifications.extend(error.places.iter().map(|complaint| {
        let Complaint { file, place, message, help } = complaint;
        let mut notification = notification(message, help.as_slice());
        let mut location = location(&uri(&root.place(file)), place.line);
        location["physicalLocation"]["region"]["startColumn"] = json!(place.column);
        notification["locations"] = json!([location]);
        notification
    }));
    // The schema wants a list, even of what was never looked for: `executionSuccessful` says that it means nothing.
    log(
        Level::default(),
        &json!([]),
        &json!({
            "executionSuccessful": false,
            "toolExecutionNotifications": notifications,
        }),
    )
}

fn notification(message: &str, hints: &[String]) -> Value {
    let hints = hints.iter().map(|hint| format!("\nhint: {hint}"));
    let text = message.to_owned() + &hints.collect::<String>();
    json!({ "level": "error", "message": { "text": escaped(&text) } })
}

fn log(at_level: Level, results: &Value, invocation: &Value) -> String {
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code, at_level)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cargo-fence",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "invocations": [invocation],
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "the checkout, or the folder of Cargo.lock" } },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    // Strings, numbers and lists of them: there is nothing that JSON cannot say.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

/// The name of the folder that places are relative to, as others call it.
const ROOT: &str = "%SRCROOT%";

fn rule(code: Code, at_level: Level) -> Value {
    let weight = match code.effect(at_level) {
        Effect::Favour | Effect::Note => Weight::Note,
        Effect::Warn | Effect::Double | Effect::Ceiling => Weight::Warning,
        Effect::Hold | Effect::Review | Effect::Block => Weight::Error,
    };
    let page = explain::page(code);
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": escaped(code.summary()) },
        "fullDescription": { "text": escaped(explain::meaning(code)) },
        "help": { "text": escaped(&page), "markdown": escaped(&page) },
        "defaultConfiguration": { "level": level(weight) },
        "properties": { "tags": ["security", "supply-chain"] },
    })
}

fn result(Finding { weight, code, picture }: &Finding, uri: &str) -> Value {
    let text = format!("{}: {}", picture.heading(), picture.body());
    json!({
        "ruleId": code.as_str(),
        "ruleIndex": Code::ALL.iter().position(|other| other == code),
        "level": level(*weight),
        "message": { "text": escaped(&text) },
        "locations": [location(uri, picture.line)],
        // Lines move with every update; this names the finding for as long as it is the same.
        "partialFingerprints": {
            "codeAndRelease/v1": format!("{code} {} {}", picture.name, picture.version),
        },
    })
}

fn location(uri: &str, line: impl Into<Value>) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri, "uriBaseId": ROOT },
        "region": { "startLine": line.into() },
    } })
}

fn level(weight: Weight) -> &'static str {
    match weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
        Weight::Note => "note",
    }
}

/// Text that is no more than text: braces would stand for arguments (SARIF 2.1.0, 3.11.5), and brackets before a
/// parenthesis for a link (3.11.6) to where a stranger wants.
fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}

/// A path with slashes as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let part = |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_holds_no_links_and_no_arguments() {
        assert_eq!(escaped("see [it](https://evil.example), {0}"), "see [it] (https://evil.example), {{0}}");
    }

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("my app/Cargo.lock"), "my%20app/Cargo.lock");
        assert_eq!(uri("é:#?.lock"), "%C3%A9%3A%23%3F.lock");
    }
}
