//! What a filtering registry serves of an index file: the upstream's bytes, but for the value of `yanked`.
//!
//! Cargo compares checksums, features and publish times that stand in a line, and a cargo of next year may read keys
//! that nobody knows today, so a line is passed on byte for byte; only the one value may differ, in whatever spelling
//! the upstream has it: `false`, `true`, `null`, or not at all. A line that the fence cannot read is left out: it may
//! name a release that some cargo can read, and nobody has judged it.

use std::ops::Range;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::index::{IndexFile, IndexLine, YankedValue};

/// What a line is to say of its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Yanked {
    /// What it says upstream.
    AsUpstream,
    /// That it is yanked.
    Yes,
    /// That it is not.
    No,
}

/// An index file as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Served {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The lines of the upstream's file that are left out, from 1.
    pub left_out: Vec<u32>,
}

/// The file of which `bytes` were parsed into `file`, with the marks that `mark` gives its releases.
///
/// Lines of a schema that cargo does not read yet are left out, like those that make no sense.
pub fn serve(bytes: &[u8], file: &IndexFile<'_>, mark: impl Fn(&IndexLine<'_>) -> Yanked) -> Served {
    let mut served = Served { bytes: Vec::with_capacity(bytes.len()), left_out: Vec::new() };
    let mut releases = file.releases.iter().peekable();
    for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let Some(release) = releases.next_if(|release| release.line == number) else {
            if !line.iter().all(u8::is_ascii_whitespace) {
                served.left_out.push(number);
            }
            continue;
        };
        let wanted = match mark(release) {
            Yanked::AsUpstream => release.yanked,
            Yanked::Yes => true,
            Yanked::No => false,
        };
        if wanted == release.yanked {
            served.bytes.extend_from_slice(line);
        } else if put(line, &release.yanked_value, wanted, &mut served.bytes).is_none() {
            served.left_out.push(number);
        }
    }
    served
}

/// Appends `line` with another value of `yanked`; nothing, where the line is no object.
fn put(line: &[u8], place: &YankedValue, yanked: bool, out: &mut Vec<u8>) -> Option<()> {
    let word: &[u8] = if yanked { b"true" } else { b"false" };
    let place = match place {
        YankedValue::At(place) => Some(place.clone()),
        YankedValue::Absent => None,
        YankedValue::NotSought => sought(line)?,
    };
    let (before, between, after) = match place {
        Some(Range { start, end }) => (line.get(..start)?, &b""[..], line.get(end..)?),
        None => {
            let end = line.iter().rposition(|byte| *byte == b'}')?;
            (&line[..end], &b",\"yanked\":"[..], &line[end..])
        }
    };
    for part in [before, between, word, after] {
        out.extend_from_slice(part);
    }
    Some(())
}

/// Where `line` has the value of `yanked`, if it has one; none, where the line is no object.
pub(crate) fn sought(line: &[u8]) -> Option<Option<Range<usize>>> {
    let marked: Marked<'_> = serde_json::from_slice(line).ok()?;
    let Some(value) = marked.yanked else { return Some(None) };
    // The value is borrowed from the line, so where it begins says where it stands.
    let start = (value.get().as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    Some(Some(start..start + value.get().len()))
}

#[derive(Deserialize)]
struct Marked<'a> {
    #[serde(borrow, default, deserialize_with = "also_null")]
    yanked: Option<&'a RawValue>,
}

/// A value that is there, be it `null`.
fn also_null<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

#[cfg(test)]
mod tests {
    use fence_model::CrateName;
    use proptest::prelude::*;

    use super::*;
    use crate::{Limits, fence_data};

    const HEAD: &str = r#"{"name":"a","vers":"1.0.0","deps":[],"cksum":"e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1""#;

    fn served(text: &str, mark: Yanked) -> (String, Vec<u32>) {
        let name: CrateName = "a".parse().unwrap();
        let file = IndexFile::parse(&name, text.as_bytes(), &Limits::DEFAULT).unwrap();
        let Served { bytes, left_out } = serve(text.as_bytes(), &file, |_| mark);
        (String::from_utf8(bytes).unwrap(), left_out)
    }

    /// A line with `tail` behind what every line has, and how it is served under `mark`.
    fn check(tail: &str, mark: Yanked, expected: &str) {
        for end in ["", "\n", "\r\n"] {
            let (found, left_out) = served(&format!("{HEAD}{tail}{end}"), mark);
            assert_eq!((found, left_out), (format!("{HEAD}{expected}{end}"), vec![]), "{tail:?}");
        }
    }

    #[test]
    fn only_the_value_differs() {
        use Yanked::{AsUpstream, No, Yes};
        for tail in
            [r#","yanked":false}"#, r#" , "yanked" : true , "v":2}"#, r#","yanked":null}"#, "}", " } "]
        {
            check(tail, AsUpstream, tail);
        }
        check(r#","yanked":false}"#, Yes, r#","yanked":true}"#);
        check(
            r#", "yanked": false, "pubtime": "2026-01-01T00:00:00Z"}"#,
            Yes,
            r#", "yanked": true, "pubtime": "2026-01-01T00:00:00Z"}"#,
        );
        check(r#","yanked":true,"x":{"yanked":true}}"#, No, r#","yanked":false,"x":{"yanked":true}}"#);
        check(r#","yanked" :	null }"#, Yes, r#","yanked" :	true }"#);
        check(r#","yanked":null}"#, No, r#","yanked":null}"#);
        check("}", Yes, r#","yanked":true}"#);
        check(" } ", Yes, r#" ,"yanked":true} "#);
        check("}", No, "}");
        check(
            r#","y\u0061nked":false,"z":"yanked\":false"}"#,
            Yes,
            r#","y\u0061nked":true,"z":"yanked\":false"}"#,
        );
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let good = format!("{HEAD}}}");
        let text = format!(
            "{good}\nnonsense\n\n{HEAD},\"v\":3}}\n{HEAD},\"yanked\":false,\"yanked\":true}}\n{good}\n"
        );
        let (found, left_out) = served(&text, Yanked::AsUpstream);
        assert_eq!((found, left_out), (format!("{good}\n{good}\n"), vec![2, 4, 5]));
    }

    /// The crate that an index file is of, as its first line spells it.
    fn name_in(bytes: &[u8]) -> Option<CrateName> {
        let line: serde_json::Value = serde_json::from_slice(bytes.split(|b| *b == b'\n').next()?).ok()?;
        line.get("name")?.as_str()?.parse().ok()
    }

    fn yanked(bytes: &[u8], name: &CrateName) -> Vec<bool> {
        let file = IndexFile::parse(name, bytes, &Limits::DEFAULT).unwrap();
        assert!(file.problems.is_empty() && file.skipped.is_empty());
        file.releases.iter().map(|release| release.yanked).collect()
    }

    #[test]
    fn real_files_pass_as_they_are_and_change_in_one_value() {
        let Some(files) = fence_data::index() else { return };
        for (path, bytes) in &files {
            let name = &name_in(bytes).unwrap_or_else(|| panic!("{path} names no crate"));
            let file = IndexFile::parse(name, bytes, &Limits::DEFAULT).unwrap();
            assert!(file.problems.is_empty() && file.skipped.is_empty(), "{path}");
            assert_eq!(serve(bytes, &file, |_| Yanked::AsUpstream).bytes, *bytes, "{name}");
            let all = serve(bytes, &file, |_| Yanked::Yes).bytes;
            assert!(yanked(&all, name).iter().all(|yanked| *yanked), "{name}");
            // Back again, where the upstream had it otherwise.
            let again = IndexFile::parse(name, &all, &Limits::DEFAULT).unwrap();
            let back = serve(&all, &again, |line| {
                let before = file.releases.iter().find(|release| release.line == line.line);
                if before.is_some_and(|release| release.yanked) { Yanked::Yes } else { Yanked::No }
            });
            assert_eq!(back.bytes, *bytes, "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_else_a_line_has_stays(
            keys in prop::collection::vec(("[a-z\"\\\\é]{1,4}", any::<i32>()), 0..5),
            at in 0_usize..6,
            value in prop::sample::select(vec!["true", "false", "null", ""]),
            yes in any::<bool>(),
        ) {
            let mut parts: Vec<String> =
                keys.iter().map(|(key, number)| format!("{} : {number}", serde_json::json!(format!("k{key}")))).collect();
            if !value.is_empty() {
                parts.insert(at.min(parts.len()), format!("\"yanked\":{value}"));
            }
            let tail: String = parts.iter().map(|part| format!(",{part}")).collect();
            let text = format!("{HEAD}{tail}}}");
            let (found, _) = served(&text, if yes { Yanked::Yes } else { Yanked::No });
            let read = |text: &str| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).unwrap();
            let (mut before, mut after) = (read(&text), read(&found));
            prop_assert_eq!(after.get("yanked").and_then(serde_json::Value::as_bool).unwrap_or_default(), yes);
            before.remove("yanked");
            after.remove("yanked");
            prop_assert_eq!(before, after);
        }
    }
}
