//! `macro-in-consumer`: Macros that act where they are used.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::{Sign, Signs};
use crate::source::UnitKind;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "macro-in-consumer",
        techniques: &["E8"],
        means: "An exported macro puts code that starts programs, connects or removes files into whoever uses it.",
        look: "What the macro is for.",
    },
    needs: &[Sign::Net, Sign::Process, Sign::CProcess, Sign::Load, Sign::FsRemoveTree, Sign::Dns],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let root = look.code.unit(look.scope.units[0]);
    let exported = root.kind == UnitKind::Macro && root.is_public && !look.scope.is_whole;
    // What the macro does itself, or through what it names; not what that leads to in turn.
    let near = look.near();
    if !exported
        || !near.any(Signs::of(&[Sign::Net, Sign::Process, Sign::CProcess, Sign::Load, Sign::FsRemoveTree]))
        || !look.any(&[Sign::Net, Sign::Process, Sign::CProcess, Sign::Load, Sign::FsRemoveTree])
    {
        return None;
    }
    let purpose = look.says(&[
        "process", "command", "shell", "test", "exec", "http", "net", "script", "client", "server", "server",
        "daemon", "plugin", "librar", "load", "dynamic",
    ]);
    let severity = match () {
        () if look.has(Sign::Net)
            && (look.starts() || look.any(&[Sign::EnvAll, Sign::HostFact, Sign::CredentialPath])) =>
        {
            Severity::Medium
        }
        () if purpose => Severity::Low,
        () => Severity::Medium,
    };
    hit(
        severity,
        &[Sign::Process, Sign::CProcess, Sign::Net, Sign::Load, Sign::FsRemoveTree],
        WAY,
        "an exported macro brings this into the code of whoever uses it".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::Severity;
    use crate::rules::fixture::{fires, is_quiet};

    #[test]
    fn it_fires() {
        fires(
            &RULE,
            "src/lib.rs",
            r##"#[doc(hidden)]
pub mod __p { pub use std::process::Command as C; }
#[macro_export]
macro_rules! note { ($($t:tt)*) => {{ let _ = $crate::__p::C::new("x").spawn(); println!($($t)*) }} }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"#[macro_export]
macro_rules! note { ($($t:tt)*) => { println!($($t)*) } }"##,
        );
    }
}
