//! Where code can panic, for people and machines: functions in the order in which to look at them.

use fence_scan::panics::{Panicking, Panics, PanicsChange, Site};
use serde::Serialize;
use serde_json::json;

use crate::render::scan::{head, line};
use crate::render::text::{count, harmless, visible};
use crate::shell::{Ink, Shell, Verbosity};

/// Raised when a field changes its meaning or goes.
const SCHEMA_VERSION: u32 = 1;

/// How many functions are shown, and how many places of each, before the rest is counted.
const FUNCTIONS: usize = 10;
const SITES: usize = 4;

/// Of a package.
pub(crate) fn report(panics: &Panics, shell: &Shell) -> String {
    let places: usize = panics.functions.iter().map(|of| of.sites.len()).sum();
    let functions = usize::try_from(panics.read).unwrap_or(usize::MAX);
    let mut text = head(&format!("{} {}", panics.name, panics.version), shell);
    text += &line(
        "Panics",
        &format!(
            "{}, in {} of {}; those first that input reaches",
            count(places, "place"),
            panics.functions.len(),
            count(functions, "function")
        ),
        shell,
    );
    text + &listed(&panics.functions, shell)
}

/// Of a change.
pub(crate) fn change(change: &PanicsChange, shell: &Shell) -> String {
    let places: usize = change.gained.iter().map(|of| of.sites.len()).sum();
    let lost = usize::try_from(change.lost).unwrap_or(usize::MAX);
    let told = format!(
        "{} new in {}, {} gone",
        count(places, "place"),
        count(change.gained.len(), "function"),
        count(lost, "place")
    );
    line("Panics", &told, shell) + &listed(&change.gained, shell)
}

fn listed(functions: &[Panicking], shell: &Shell) -> String {
    let is_verbose = shell.verbosity == Verbosity::Verbose;
    let most = if is_verbose { functions.len() } else { FUNCTIONS };
    let mut text = String::new();
    for (at, of) in functions.iter().take(most).enumerate() {
        let name = shell.colour.paint(Ink::Strong, &harmless(&of.function));
        text += &format!("\n{:>3}. {name}  {}:{}\n", at + 1, visible(&of.file), of.line);
        let input = match of.input.as_str() {
            "" | "other values" | "self" => String::new(),
            input => format!("takes {input}"),
        };
        let way = match of.path.as_slice() {
            [] | [_] => String::new(),
            path => format!("through {}", harmless(&path.join(" > "))),
        };
        let public = if of.is_public { "public" } else { "not public" };
        let told: Vec<&str> = [public, &input, &way].into_iter().filter(|part| !part.is_empty()).collect();
        text += &format!("     {}\n", told.join(", "));
        let shown = if is_verbose { of.sites.len() } else { SITES };
        for Site { kind, span, text: code, from_input } in of.sites.iter().take(shown) {
            let mark = if *from_input { "*" } else { " " };
            text += &format!("   {mark} {:>11}  {:>5}  {}\n", kind.as_str(), span.line, visible(code));
        }
        if of.sites.len() > shown {
            text += &format!("                    and {} more\n", count(of.sites.len() - shown, "place"));
        }
    }
    if functions.len() > most {
        text += &format!("\nand {} more; `-v` shows all\n", count(functions.len() - most, "function"));
    }
    if functions.iter().any(|of| of.sites.iter().any(|site| site.from_input)) {
        text += "\n* a value in it comes from a parameter that looks like input\n";
    }
    text
}

/// What `--panics --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence scan --panics"))]
struct Document<'a, T> {
    /// The version of this document's shape.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// What the scanner's process could not be kept from on this machine; empty where it was shut in.
    open: &'a [String],
    #[serde(flatten)]
    result: &'a T,
}

/// A package's, as docs/panics.schema.json describes it.
pub(crate) fn json_of_report(panics: &Panics, open: &[String]) -> String {
    document(panics, open)
}

/// A change's, as docs/panics-change.schema.json describes it.
pub(crate) fn json_of_change(change: &PanicsChange, open: &[String]) -> String {
    document(change, open)
}

fn document(result: &impl Serialize, open: &[String]) -> String {
    let fence_version = env!("CARGO_PKG_VERSION");
    format!("{:#}\n", json!(Document { schema_version: SCHEMA_VERSION, fence_version, open, result }))
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
        kept("panics.schema.json", schemars::schema_for!(Document<'_, Panics>));
        kept("panics-change.schema.json", schemars::schema_for!(Document<'_, PanicsChange>));
    }
}
