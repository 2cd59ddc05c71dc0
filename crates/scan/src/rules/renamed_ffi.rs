//! `renamed-ffi`: System functions under other names, or under none.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "renamed-ffi",
        techniques: &["A13", "O5"],
        means: "A function of the system is declared under another name, or the kernel is called past the library.",
        look: "Which function it is. Symbol versions are honest; a harmless name for `system` is not.",
    },
    needs: &[Sign::RenamedFfi, Sign::RawSyscall],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if look.has(Sign::RenamedFfi) && look.any(&[Sign::CProcess, Sign::Load, Sign::OtherProcess]) {
        return hit(
            Severity::Medium,
            &[Sign::RenamedFfi],
            WAY,
            format!(
                "{} declares a function that starts programs or loads code under a name that is not its own",
                look.where_it_runs()
            ),
        );
    }
    if look.has(Sign::RenamedFfi)
        && look.has(Sign::Net)
        && look.any(&[Sign::StreamsFrom, Sign::HostFact, Sign::EnvAll, Sign::Env])
    {
        return hit(
            Severity::Medium,
            &[Sign::RenamedFfi],
            WAY,
            format!(
                "{} connects through a function that is declared under another name",
                look.where_it_runs()
            ),
        );
    }
    if !look.has(Sign::RawSyscall) {
        return None;
    }
    let says_so = look.says(&[
        "syscall",
        "libc",
        "kernel",
        "linux",
        "system call",
        "runtime",
        "sandbox",
        "io_uring",
        "posix",
        "*nix",
        "bindings",
    ]);
    let kernel = look.has(Sign::Asm) || look.code.unit(look.scope.units[0]).signs.has(Sign::RawSyscall);
    if kernel
        && look.any(&[
            Sign::CProcess,
            Sign::Shell,
            Sign::HiddenCommand,
            Sign::HiddenPath,
            Sign::HiddenUrl,
            Sign::Decoded,
        ])
    {
        return hit(
            if says_so { Severity::Low } else { Severity::High },
            &[Sign::RawSyscall],
            WAY,
            format!("{} starts a program by calling the kernel itself", look.where_it_runs()),
        );
    }
    let for_what = look.any(&[
        Sign::Env,
        Sign::EnvAll,
        Sign::HostFact,
        Sign::HostCommand,
        Sign::Opaque,
        Sign::Net,
        Sign::Url,
        Sign::Process,
        Sign::PreMain,
        Sign::Xor,
    ]);
    if look.has(Sign::Asm) && !says_so && (look.is_close() || look.scope.is_whole) {
        let severity = if for_what { Severity::Medium } else { Severity::Low };
        return hit(
            severity,
            &[Sign::RawSyscall],
            WAY,
            format!(
                "{} calls the kernel itself, which its description does not lead one to expect",
                look.where_it_runs()
            ),
        );
    }
    None
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
            r##"extern "C" { #[link_name = "system"] fn normalise(s: *const i8) -> i32; }
pub fn f(s: *const i8) { unsafe { normalise(s); } }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"extern "C" { #[link_name = "opendir$INODE64"] fn opendir(p: *const i8) -> *mut u8; }
pub fn f(s: *const i8) { unsafe { opendir(s); } }"##,
        );
    }
}
