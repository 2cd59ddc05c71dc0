//! Documents made from types: `docs/policy.md` from the policy's.
//!
//! Every key, its type, its default and its meaning come from `fence_model::policy`, so the page cannot say
//! anything that the program does not do. `--check` fails where the page is not what would be written.

use std::fmt::Write as _;
use std::path::Path;

use fence_model::code::{Code, CodeClass, Effect, Level};
use fence_model::policy::Policy;
use serde_json::{Map, Value};

/// Whether to write the documents or to compare them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// Writes or compares all documents that are made from types.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<(), String> {
    let path = root.join("docs/policy.md");
    let text = policy_page()?;
    match mode {
        Mode::Write => {
            std::fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
        }
        Mode::Check => {
            let now = std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            if now == text {
                Ok(())
            } else {
                Err("docs/policy.md is not what the policy's type says; run `cargo xtask docs`".to_owned())
            }
        }
    }
}

const INTRODUCTION: &str = "\
# The policy: `fence.toml`

*Made from the policy's type by `cargo xtask docs`; a test keeps it current.*

`fence.toml` stands at the workspace root. Every key is optional: what is left out has its default, and without the
file the default policy holds. Unknown keys are errors. Lengths of time are a whole number and a unit, as in cargo:
`\"7 days\"`, `\"12 hours\"`, `\"0\"`. Moments are `2026-09-30` (its first second, UTC) or `2026-09-30T12:00:00Z`.

";

fn policy_page() -> Result<String, String> {
    let schema = schemars::schema_for!(Policy);
    let schema = schema.as_value();
    let defaults = serde_json::to_value(Policy::default()).map_err(|error| error.to_string())?;
    let mut page = INTRODUCTION.to_owned();
    page.push_str("## Keys at the top\n\n");
    let top = object(&schema["properties"]);
    let (tables, keys): (Vec<_>, Vec<_>) = top
        .iter()
        .partition(|(_, property)| reference(property).is_some_and(|name| !is_choice(schema, &name)));
    table(&mut page, schema, keys.iter().map(|(k, v)| (k.as_str(), *v)), &defaults);
    for (key, property) in tables {
        let Some(name) = reference(property) else { continue };
        let _ = write!(page, "\n## `[{key}]`\n\n{}\n\n", description(property, schema));
        let definition = &schema["$defs"][&name];
        table(&mut page, schema, pairs(&definition["properties"]), &defaults[key]);
    }
    for (title, name) in [
        ("`[feeds.NAME]`", "FeedSource"),
        ("`[[registries]]`", "TrustedRegistry"),
        ("`[[sources]]`", "AllowedSource"),
        ("`[[exceptions]]`", "Exception"),
    ] {
        let definition = &schema["$defs"][name];
        let _ = write!(
            page,
            "\n## {title}\n\n{}\n\n",
            paragraph(definition["description"].as_str().unwrap_or_default())
        );
        table(&mut page, schema, pairs(&definition["properties"]), &Value::Null);
    }
    page.push_str("\n## Levels and codes\n\nWhat each code does to the release that it is found on, by level. `[codes]` can make the codes against a\nrelease stronger, never milder.\n\n");
    page.push_str("| code | low | medium | high | meaning |\n|---|---|---|---|---|\n");
    for class in
        [CodeClass::Block, CodeClass::Against, CodeClass::Condition, CodeClass::For, CodeClass::Warning]
    {
        for code in Code::ALL.iter().filter(|code| code.class() == class) {
            let [low, medium, high] = Level::ALL.map(|level| effect(code.effect(level)));
            let _ = writeln!(page, "| `{code}` | {low} | {medium} | {high} | {} |", code.summary());
        }
    }
    Ok(page)
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Favour => "speaks for it",
        Effect::Note => "said",
        Effect::Warn => "warns",
        Effect::Double => "wait × 2",
        Effect::Ceiling => "ceiling",
        Effect::Hold => "holds",
        Effect::Review => "review",
        Effect::Block => "blocks",
    }
}

fn table<'v>(
    page: &mut String,
    schema: &Value,
    keys: impl Iterator<Item = (&'v str, &'v Value)>,
    defaults: &Value,
) {
    page.push_str("| key | takes | default | meaning |\n|---|---|---|---|\n");
    for (key, property) in keys {
        let default = match &defaults[key] {
            Value::Null => String::new(),
            Value::Object(map) if map.is_empty() => String::new(),
            Value::Array(list) if list.is_empty() => String::new(),
            value => format!("`{value}`"),
        };
        let _ = writeln!(
            page,
            "| `{key}` | {} | {default} | {} |",
            takes(property, schema),
            description(property, schema)
        );
    }
}

/// What a key takes, in a word or as its choices.
fn takes(property: &Value, schema: &Value) -> String {
    if let Some(name) = reference(property) {
        let choices = choices(schema, &name);
        return if choices.is_empty() { "a table".to_owned() } else { choices.join(", ") };
    }
    match &property["type"] {
        Value::String(kind) => word(kind),
        Value::Array(kinds) => {
            word(kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default())
        }
        _ => "a table".to_owned(),
    }
}

fn word(kind: &str) -> String {
    match kind {
        "string" => "text",
        "boolean" => "`true`, `false`",
        "array" => "a list",
        "object" => "tables",
        "integer" => "a number",
        other => other,
    }
    .to_owned()
}

fn choices(schema: &Value, name: &str) -> Vec<String> {
    let definition = &schema["$defs"][name];
    let one_of =
        definition["oneOf"].as_array().into_iter().flatten().filter_map(|choice| choice["const"].as_str());
    let plain = definition["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    one_of.chain(plain).map(|choice| format!("`\"{choice}\"`")).collect()
}

fn is_choice(schema: &Value, name: &str) -> bool {
    !choices(schema, name).is_empty()
}

fn reference(property: &Value) -> Option<String> {
    let direct = property["$ref"].as_str();
    let wrapped = || property["allOf"].as_array()?.first()?["$ref"].as_str();
    direct.or_else(wrapped)?.strip_prefix("#/$defs/").map(str::to_owned)
}

fn description(property: &Value, schema: &Value) -> String {
    let own = property["description"].as_str().map(str::to_owned);
    let of_type = || schema["$defs"][&reference(property)?]["description"].as_str().map(str::to_owned);
    paragraph(&own.or_else(of_type).unwrap_or_default())
}

fn paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pairs(properties: &Value) -> impl Iterator<Item = (&str, &Value)> {
    properties.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_policy_page_is_current() {
        super::run(&crate::root(), super::Mode::Check).unwrap();
    }
}
