//! What a shell offers when somebody presses tab. Bash is asked, since it is where people and CI have it; the other
//! shells' scripts differ in nothing that is ours but fish's few lines.

use std::process::Command;

use crate::calm;

/// Asks bash's own way: by the function that is registered for the first word.
const ASK: &str = r#"
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    $(complete -p "$1" | sed 's/.* -F \([^ ]*\) .*/\1/') "$1" "${@: -1}" "${@: -2:1}"
    echo "${COMPREPLY[*]}"
}
_cargo() { COMPREPLY=(what cargo offers); }
complete -F _cargo cargo
"#;

/// Expected: in a bash that read the script, the last word of `words` is completed to `offered`.
#[track_caller]
fn offers(words: &str, offered: &str) {
    let script = calm().stdout("completions bash");
    // Whoever reads .bashrc again reads the script again.
    let session = format!("{ASK}\n{script}\n{script}\nask {words}");
    let output = Command::new("bash").args(["--norc", "-c", &session]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), offered, "{words}");
}

#[test]
fn commands_and_options_are_completed_under_both_names() {
    for program in ["cargo fence", "cargo-fence"] {
        offers(&format!("{program} ex"), "except exposure explain export");
        offers(&format!("{program} check --fo"), "--format");
        offers(&format!("{program} check --format ''"), "human json sarif markdown github");
        offers(&format!("{program} check --level ''"), "low medium high");
        offers(&format!("{program} check --nowhere"), "");
    }
}

#[test]
fn the_rest_of_cargo_is_left_to_cargo() {
    offers("cargo bu", "what cargo offers");
    offers("cargo fe", "what cargo offers");
}
