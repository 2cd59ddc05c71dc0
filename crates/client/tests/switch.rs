//! Cargo's configuration, switched on and off: what is written, what is refused, and that nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use fence_client::switch::{Access, Made, Off, Switch, SwitchError, Was, line_of, off, on};
use insta::assert_snapshot;
use proptest::prelude::*;
use toml::Table;

fn fence() -> Switch {
    Switch {
        source: "crates-io".to_owned(),
        index: "sparse+http://127.0.0.1:7343/crates-io/".to_owned(),
        access: Access::Open,
        made: Made::Nothing,
    }
}

/// Expected: what is written leads cargo to the fence, is written once, and can be taken out to the byte.
#[track_caller]
fn there_and_back(before: &str, switch: &Switch) -> String {
    let after = on(before, switch).unwrap_or_else(|error| panic!("{error}\n{before}"));
    let table: Table = after.parse().unwrap();
    assert_eq!(table["source"][&switch.source]["replace-with"].as_str(), Some("fence"), "{after}");
    assert_eq!(table["registries"]["fence"]["index"].as_str(), Some(switch.index.as_str()), "{after}");
    assert_eq!(on(&after, switch).unwrap(), after, "a second time changes nothing");
    let Off { text, was } = off(&after).unwrap_or_else(|error| panic!("{error}\n{after}"));
    assert_eq!(text, before, "undone:\n{after}");
    match was {
        Was::Written(found) => assert_eq!((&found.source, found.made), (&switch.source, switch.made)),
        other => panic!("{other:?}\n{after}"),
    }
    assert_eq!(off(before).unwrap().text, before);
    after
}

#[test]
fn a_new_file_is_all_ours() {
    assert_snapshot!(there_and_back("", &Switch { made: Made::File, ..fence() }), @r#"
    # `cargo fence enable` made this file; `cargo fence disable` removes it.
    # If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    [source.crates-io]
    replace-with = "fence"

    [registries.fence]
    index = "sparse+http://127.0.0.1:7343/crates-io/"
    "#);
    there_and_back("", &Switch { made: Made::FileAndFolder, ..fence() });
    there_and_back("", &fence());
}

/// What the first versions wrote, before the line of advice, is taken out to the byte as well, and left alone where it is
/// wanted again.
#[test]
fn a_block_without_advice_is_known() {
    for made in [Made::Nothing, Made::File, Made::FileAndFolder] {
        for before in ["[net]\nretry = 5\n", "[net]\r\nretry = 5\r\n", "[source.crates-io]\n", "[net]"] {
            let switch = Switch { made, ..fence() };
            let now = on(before, &switch).unwrap();
            let line_end = if before.contains('\r') { "\r\n" } else { "\n" };
            let advice = now.lines().find(|line| line.starts_with("# If cargo cannot connect")).unwrap();
            let then = now.replace(&format!("{advice}{line_end}"), "");
            assert_eq!(then.lines().count() + 1, now.lines().count());
            assert_eq!(off(&then).unwrap().text, before, "{then}");
            assert_eq!(on(&then, &switch).unwrap(), then);
        }
    }
}

#[test]
fn what_is_there_stays_as_it_is() {
    assert_snapshot!(there_and_back("# Ours.\n[net]\nretry = 5 # slow\n", &fence()), @r#"
    # Ours.
    [net]
    retry = 5 # slow

    # `cargo fence enable` wrote this; `cargo fence disable` takes it out again.
    # If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    [source.crates-io]
    replace-with = "fence"

    [registries.fence]
    index = "sparse+http://127.0.0.1:7343/crates-io/"
    "#);
}

#[test]
fn a_fence_with_tokens_gets_a_provider() {
    let switch = Switch { access: Access::Tokens, ..fence() };
    assert_snapshot!(there_and_back("[net]\n", &switch), @r#"
    [net]

    # `cargo fence enable` wrote this; `cargo fence disable` takes it out again.
    # If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    [source.crates-io]
    replace-with = "fence"

    [registries.fence]
    index = "sparse+http://127.0.0.1:7343/crates-io/"
    credential-provider = ["cargo:token"]
    "#);
    there_and_back("registries = { a = { index = \"x\" } }\n", &switch);
    there_and_back("registries.fence.token = \"x\"\n", &switch);
    there_and_back("registries.fence.credential-provider = [\"mine\"]\n", &switch);
}

/// A fence in front of a mirror stands behind it in the chain of replacements.
#[test]
fn a_mirror_is_replaced_in_its_turn() {
    let mirror = "[source.crates-io]\nreplace-with = \"mirror\"\n\n\
                  [source.mirror] # ours\nregistry = \"sparse+https://mirror.example/\"\n";
    let switch = Switch { source: "mirror".to_owned(), ..fence() };
    assert_snapshot!(there_and_back(mirror, &switch), @r#"
    [source.crates-io]
    replace-with = "mirror"

    [source.mirror] # ours
    replace-with = "fence"
    registry = "sparse+https://mirror.example/"

    # `cargo fence enable` wrote this; `cargo fence disable` takes it out again.
    # If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    # It also wrote into `source.mirror` above.
    [registries.fence]
    index = "sparse+http://127.0.0.1:7343/crates-io/"
    "#);
}

#[test]
fn tables_are_found_in_every_style() {
    let mut seen = String::new();
    for before in [
        "[source.crates-io]\n",
        "[source.crates-io]",
        "[source.crates-io] # ours\r\nregistry = \"sparse+https://index.example/\"\r\n",
        "[source]\ncrates-io.registry = \"a\" # ours\nother.registry = \"b\"\n",
        "[source]\ncrates-io = {}\n",
        "[source]\n\"crates-io\" = { registry = \"a\" }\n",
        "source.crates-io.registry = \"a\"\nsource.other.registry = \"b\"\n",
        "source.other.registry = \"b\"\n[net]\nretry = 1\n",
        "source = { other = { registry = \"b\" } }\nregistries = {}\n",
        "source = { crates-io.registry = \"a\" }\nregistries = { other.index = \"b\" }\n",
        "source.crates-io = { registry = \"a\", }\n",
        "registries = {\n  other = { index = \"b\" }, # ours\n}\n",
        "[registries]\nfence = { token = \"x\" }\n",
        "[registries.fence]\ntoken = \"x\"\n",
        "[source.crates-io.more]\nx = 1\n",
        "source = { crates-io = { } }\nregistries = { fence = { }, other = {} }\n",
    ] {
        seen += &format!("{}-----\n", there_and_back(before, &fence()).replace('\r', "␍"));
    }
    assert_snapshot!("tables in every style", seen);
}

#[test]
fn line_ends_and_the_end_of_a_file_are_kept() {
    for before in [
        "\n",
        "\n\n",
        "\r\n",
        "# no line end",
        "[net]",
        "[net]\n\n\n",
        "[net]\r\nretry = 1\r\n",
        "[net]\r\nretry = 1",
        "[net]\nretry = 1\r\n\n",
        "[net]\n   ",
        "\u{feff}[net]\n",
        "\u{feff}",
    ] {
        let after = there_and_back(before, &fence());
        assert_eq!(after.ends_with('\n'), before.ends_with('\n'), "{before:?}");
        let is_crlf = before.ends_with("\r\n") || before == "[net]\r\nretry = 1";
        assert_eq!(after.contains("[source.crates-io]\r\n"), is_crlf, "{before:?}");
    }
}

#[test]
fn what_else_was_edited_in_between_stays() {
    let check = |before: &str, edit: &dyn Fn(&str) -> String, expected: &str| {
        let after = edit(&on(before, &fence()).unwrap());
        let Off { text, was } = off(&after).unwrap_or_else(|error| panic!("{error}\n{after}"));
        assert_eq!(text, expected, "{after}");
        assert!(matches!(was, Was::Written(_)), "{after}");
    };
    let append = |words: &'static str| move |text: &str| text.to_owned() + words;
    check("[net]\nretry = 1\n", &|text| text.replace("retry = 1", "retry = 2"), "[net]\nretry = 2\n");
    check("[net]\n", &append("\n[http]\ntimeout = 5\n"), "[net]\n\n[http]\ntimeout = 5\n");
    check("[net]", &append("\n"), "[net]\n");
    check("", &append("\n[net]\n"), "\n[net]\n");
    check("[net]\n", &|text| format!("# new\n{text}"), "# new\n[net]\n");
    check("[net]\n", &|text| text.replace("\n\n# `cargo", "\n# `cargo"), "[net]\n");
    check(
        "[source]\ncrates-io = { registry = \"a\" }\n",
        &|text| text.replace("\"a\"", "\"b\""),
        "[source]\ncrates-io = { registry = \"b\" }\n",
    );
    check(
        "[source.crates-io]\nregistry = \"a\"\n",
        &|text| text.replace("registry = \"a\"\n", ""),
        "[source.crates-io]\n",
    );
    let made = Switch { made: Made::File, ..fence() };
    let after = on("", &made).unwrap() + "\n[net]\n";
    assert_eq!(off(&after).unwrap().text, "[net]\n");
}

#[test]
fn another_address_takes_the_place_of_the_one_before() {
    let before = "[net]\nretry = 1\n";
    let first = on(before, &Switch { made: Made::File, ..fence() }).unwrap();
    let moved = Switch {
        index: "sparse+https://fence.example/crates-io/".to_owned(),
        access: Access::Tokens,
        ..fence()
    };
    let second = on(&first, &moved).unwrap();
    assert!(!second.contains("7343") && second.contains("fence.example"), "{second}");
    let Off { text, was } = off(&second).unwrap();
    assert_eq!((text.as_str(), was), (before, Was::Written(Switch { made: Made::File, ..moved })));
}

/// Written by hand, as earlier versions of the documentation had it: the registry stays described.
#[test]
fn what_was_written_by_hand_is_taken_out_by_the_line() {
    let check = |text: &str, expected: Result<&str, &str>| {
        let found = off(text).map(|off| (off.text, off.was)).map_err(|error| error.to_string());
        let expected = expected.map(|text| (text.to_owned(), Was::ByHand)).map_err(str::to_owned);
        assert_eq!(found, expected, "{text}");
    };
    let registry = "[registries.fence]\nindex = \"sparse+http://127.0.0.1:7343/crates-io/\"\n";
    check(
        &format!("[source.crates-io]\nreplace-with = \"fence\" # on\n\n{registry}"),
        Ok(&format!("\n{registry}")),
    );
    check(
        &format!("[source.crates-io]\nregistry = \"a\"\nreplace-with = \"fence\"\n{registry}"),
        Ok(&format!("[source.crates-io]\nregistry = \"a\"\n{registry}")),
    );
    check(&format!("source.crates-io.replace-with = 'fence'\n{registry}"), Ok(registry));
    check(
        &format!("source = {{ crates-io = {{ replace-with = \"fence\" }} }}\n{registry}"),
        Err("line 1: the tables for the fence are written in a form that cannot be changed here"),
    );
    // What a tool reformatted goes with the registry: the first line says whose it is.
    let formatted = on("[net]\nretry = 1\n", &fence()).unwrap().replace(" = ", "=");
    check(&formatted, Ok("[net]\nretry=1\n\n\n"));
    // By hand and already right: nothing is missing, so nothing is written.
    let right = format!("[source.crates-io]\nreplace-with = \"fence\"\n{registry}");
    assert_eq!(on(&right, &fence()).unwrap(), right);
}

#[test]
fn what_says_otherwise_is_refused() {
    let check = |text: &str, expected: &str| {
        assert_eq!(on(text, &fence()).unwrap_err().to_string(), expected, "{text}");
    };
    check("[net\n", "line 1: unclosed table, expected `]`");
    check(
        "\n[registries.fence]\nindex = \"sparse+https://other.example/\"\n",
        "line 2: `registries.fence` is there, and is not this fence",
    );
    check("[registries]\nfence = 1\n", "line 2: `registries.fence` has to be a table");
    check(
        "[source.fence]\nregistry = \"https://other.example\"\n",
        "line 1: `source.fence` is there, and is not this fence",
    );
    check(
        "[source]\ncrates-io.replace-with = \"vendored\"\n",
        "line 2: `source.crates-io` is replaced with \"vendored\" already",
    );
    check("[[source]]\n", "line 1: `source` has to be a table");
    check("source = 1\n", "line 1: `source` has to be a table");
    check("[source]\ncrates-io = 1\n", "line 2: `source.crates-io` has to be a table");
    check("registries = 'x'\n", "line 1: `registries` has to be a table");
    // What is added to our tables would become part of the table before.
    let added = on("[net]\n", &fence()).unwrap() + "token = \"x\"\n";
    assert_eq!(off(&added).unwrap_err(), SwitchError::AddedTo { line: 9 });
    assert_eq!(on(&added, &fence()).unwrap_err(), SwitchError::AddedTo { line: 9 });
}

#[test]
fn a_text_in_quotes_is_no_block() {
    let block = on("", &fence()).unwrap();
    let text = format!("[env]\nx = '''\n{block}'''\n");
    assert_eq!(off(&text).unwrap(), Off { text: text.clone(), was: Was::Off });
    there_and_back(&text, &fence());
}

#[test]
fn a_key_is_found_by_its_line() {
    let text = "# c\n[source]\ncrates-io.replace-with = \"a\"\n[registries.a]\nindex = 'x'\n";
    assert_eq!(line_of(text, &["source", "crates-io", "replace-with"]), Some(3));
    assert_eq!(line_of(text, &["registries", "a"]), Some(4));
    assert_eq!(line_of(text, &["registries", "b"]), None);
}

/// A value of some key, in one line or several.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("1".to_owned()),
        Just("\"x # no comment\"".to_owned()),
        Just("'''\na\n[source.crates-io]\n'''".to_owned()),
        Just("[ 1,\n  2, # two\n]".to_owned()),
        Just("{ a = 1, b.c = [] }".to_owned()),
        Just("{}".to_owned()),
    ]
}

/// The tables that matter, each style of writing them, none of them twice.
fn tables(
    table: &'static str,
    key: &'static str,
    names: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let one = (prop::sample::select(names), value(), 0..2_u8);
    (0..7_u8, prop::collection::vec(one, 1..3)).prop_map(move |(style, mut all)| {
        all.sort_by_key(|(name, ..)| *name);
        all.dedup_by_key(|(name, ..)| *name);
        let line = |(name, more, count): &(&str, String, u8)| match (style, count) {
            (0, 0) => format!("[{table}.{name}] # ours\n{key} = \"k\"\n"),
            (0, _) => format!("  [ {table} . \"{name}\" ]\nother = {more}\n"),
            (1, _) => format!("{name}.{key} = \"k\"\n{name}.other = {more}\n"),
            (2, 0) => format!("{name} = {{}}\n"),
            (2, _) => format!("\"{name}\" = {{ {key} = \"k\" }} # c\n"),
            (3, _) => format!("{table}.{name}.{key} = \"k\"\n"),
            (4, _) => format!("{table}.{name} = {{ {key} = \"k\", }}\n"),
            (5, _) => format!("{name} = {{ {key} = \"k\" }}, "),
            _ => format!("{name}.{key} = \"k\", "),
        };
        let lines: String = all.iter().map(line).collect();
        match style {
            0 | 3 | 4 => lines,
            1 | 2 => format!("[{table}]\n{lines}"),
            _ => format!("{table} = {{ {} }}\n", lines.trim_end_matches(", ")),
        }
    })
}

/// A file of configuration, as odd as anybody writes one.
fn files() -> impl Strategy<Value = String> {
    let names: &'static [&'static str] = &["crates-io", "mirror", "a-b"];
    let others: &'static [&'static str] = &["mine", "crates-io", "b"];
    let plain = ("[a-z]{1,4}", value()).prop_map(|(key, value)| format!("x-{key} = {value}\n"));
    let other = ("[a-z]{1,4}", value()).prop_map(|(name, value)| format!("[y-{name}]\nk = {value}\n"));
    let comment = prop_oneof![
        Just("# `cargo fence enable` was here\n".to_owned()),
        Just("\n".to_owned()),
        Just(" \t\n".to_owned()),
        Just("# [source.crates-io]\n".to_owned()),
    ];
    let parts = (
        prop::collection::vec(prop_oneof![plain, comment.clone()], 0..3),
        prop::option::of(tables("source", "registry", names)),
        prop::option::of(tables("registries", "index", others)),
        prop::collection::vec(prop_oneof![other, comment], 0..3),
        0..6_u8,
    );
    parts.prop_filter_map("no configuration", |(first, sources, registries, last, ends)| {
        let mut roots: Vec<String> = [sources, registries].into_iter().flatten().collect();
        // Keys of the root come before the first header.
        roots.sort_by_key(|text| text.trim_start().starts_with('['));
        let mut text = first.concat() + &roots.concat() + &last.concat();
        if ends & 1 == 1 {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if ends & 2 == 2 {
            text = text.replace('\n', "\r\n");
        }
        if ends & 4 == 4 {
            text.insert(0, '\u{feff}');
        }
        text.parse::<Table>().is_ok().then_some(text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Expected: whatever a file says and however it is written, off gives back what there was before on.
    #[test]
    fn off_gives_back_every_byte(
        text in files(),
        source in prop::sample::select(&["crates-io", "mirror", "odd name"][..]),
        access in prop::sample::select(&[Access::Open, Access::Tokens][..]),
    ) {
        there_and_back(&text, &Switch { source: source.to_owned(), access, ..fence() });
    }

    /// Expected: lines that were added in front, and tables that were added behind, are what is left.
    #[test]
    fn what_was_added_around_it_is_left(text in files(), more in "[a-z]{1,4}") {
        let text = if text.ends_with('\n') { text } else { text + "\n" };
        let after = on(&text, &fence()).unwrap();
        let (front, behind) = (format!("# {more}\n"), format!("[z-{more}]\nk = 1\n"));
        let bare = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let after = after.strip_prefix('\u{feff}').unwrap_or(&after);
        let found = off(&format!("{front}{after}{behind}")).unwrap();
        prop_assert_eq!(found.text, format!("{front}{bare}{behind}"));
    }

    /// Expected: no text makes it stop, and what it gives is configuration.
    #[test]
    fn no_text_is_too_odd(text in "(\\[source\\.crates-io\\]|\\[registries\\.fence\\]|replace-with|index|=|\"fence\"|\\{|\\}|\n|# `cargo fence enable` wrote this; `cargo fence disable` takes it out again\\.|\\.|,| |é){0,24}") {
        for found in [on(&text, &fence()), off(&text).map(|off| off.text)].into_iter().flatten() {
            prop_assert!(found.parse::<Table>().is_ok());
        }
    }
}
