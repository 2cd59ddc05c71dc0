//! `code-in-memory`: Code that no file shows.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;
use crate::source::UnitKind;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "code-in-memory",
        techniques: &["A11"],
        means: "Bytes become code that is run from memory, or a library that was just written.",
        look: "Where the bytes come from. Compilers make them; nothing honest carries or fetches them.",
    },
    needs: &[Sign::MapExecutable, Sign::MemoryFile, Sign::Load, Sign::Transmute],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let foreign_bytes = look.any(&[
        Sign::Opaque,
        Sign::Embedded,
        Sign::EmbeddedProgram,
        Sign::Net,
        Sign::Decode,
        Sign::Xor,
        Sign::Decrypt,
        Sign::HiddenProgram,
    ]);
    let close = look.is_close() || look.scope.is_whole;
    if look.has(Sign::MapExecutable) && look.any(&[Sign::Transmute, Sign::Asm]) {
        let root = look.code.unit(look.scope.units[0]).kind;
        let severity = match () {
            () if foreign_bytes && close => Severity::High,
            // A function that leads to both within a few calls runs what it maps, whoever made it.
            () if look.is_close() && root == UnitKind::Function => Severity::Medium,
            () => Severity::Low,
        };
        let makes_code = look.says(&["jit", "compil", "assembler"]);
        let severity = if makes_code { severity.min(Severity::Medium) } else { severity };
        return hit(
            severity,
            &[Sign::MapExecutable],
            WAY,
            format!("{} makes memory executable and calls into it", look.where_it_runs()),
        );
    }
    if look.has(Sign::MapExecutable) && foreign_bytes && look.is_close() {
        return hit(
            Severity::Medium,
            &[Sign::MapExecutable],
            WAY,
            format!("{} makes memory executable that holds data", look.where_it_runs()),
        );
    }
    if look.has(Sign::MemoryFile) && (look.starts() || look.any(&[Sign::RawSyscall, Sign::ProcessPath])) {
        let severity = if foreign_bytes && close { Severity::High } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::MemoryFile],
            WAY,
            format!("{} runs a program from a file that is in memory alone", look.where_it_runs()),
        );
    }
    if look.has(Sign::Load) && look.has(Sign::FsWrite) && foreign_bytes && close {
        let severity = if look.is_build() || look.any(&[Sign::Decoded, Sign::EmbeddedProgram]) {
            Severity::High
        } else {
            Severity::Medium
        };
        return hit(
            severity,
            &[Sign::Load],
            WAY,
            format!("{} writes a file and loads a library", look.where_it_runs()),
        );
    }
    if look.has(Sign::Transmute) && look.has(Sign::Opaque) && look.has(Sign::MapMemory) && look.is_close() {
        return hit(
            Severity::High,
            &[Sign::Transmute],
            WAY,
            format!(
                "{} maps memory, has data that says nothing, and takes bytes for something else",
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
            r##"const C: [u8; 24] = [0x90,0x91,0x90,0x93,0x94,0x90,0x90,0x97,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0x90,0xc3];
pub fn f() {
    unsafe {
        let p = libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE, -1, 0);
        std::ptr::copy(C.as_ptr(), p.cast(), C.len());
        let f: extern "C" fn() = std::mem::transmute(p);
        f();
    }
}"##,
            Severity::High,
        );
    }

    #[test]
    fn it_fires_on_data_among_the_code() {
        fires(
            &RULE,
            "src/lib.rs",
            r##"#[link_section = ".text.hot"]
static T: [u8; 8] = [0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3];
pub fn f() { let g: extern "C" fn() = unsafe { std::mem::transmute(T.as_ptr()) }; g() }"##,
            Severity::Medium,
        );
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"#[link_section = ".text.hot"]
pub fn f(x: u32) -> f32 { unsafe { std::mem::transmute(x) } }"##,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn open(p: &str) -> libloading::Library { unsafe { libloading::Library::new(p).unwrap() } }"##,
        );
    }
}
