//! `time-bomb`: Bombs with a clock.

use crate::report::{Place, Severity};
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;
use crate::source::UnitKind;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "time-bomb",
        techniques: &["E7"],
        means: "From a certain moment on, something else happens.",
        look: "What happens then. Licences and certificates expire; libraries do not.",
    },
    needs: &[Sign::Clock],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let compares = look.any(&[Sign::MomentNumber, Sign::DateMade, Sign::DateText]);
    if !look.has(Sign::Clock) || !compares || !(look.is_close() || look.scope.is_whole) {
        return None;
    }
    let grave = look.any(&[
        Sign::FsRemoveTree,
        Sign::Process,
        Sign::CProcess,
        Sign::Load,
        Sign::DeleteAll,
        Sign::FsRemove,
    ]);
    // Dates of a table are data. One that stands in a function's own code beside the clock decides what it does.
    let in_code = look.is_close()
        && look.scope.place == Place::Normal
        && look.near().has(Sign::Clock)
        && look.code.unit(look.scope.units[0]).kind == UnitKind::Function
        && look.code.unit(look.scope.units[0]).signs.has(Sign::MomentNumber);
    let stops = look.any(&[Sign::Terminate, Sign::Panic]);
    let reaches_out = look.has(Sign::Net) && look.is_close();
    if !(grave || stops || reaches_out || in_code) {
        return None;
    }
    let severity = match () {
        () if grave && look.any(&[Sign::Shell, Sign::FsRemoveTree, Sign::DeleteAll, Sign::Decoded]) => {
            Severity::High
        }
        () => Severity::Medium,
    };
    let severity = if look.scope.is_whole { severity.min(Severity::Medium) } else { severity };
    hit(
        severity,
        &[Sign::MomentNumber, Sign::DateMade, Sign::DateText],
        WAY,
        format!(
            "{} compares the time with a fixed moment, on which what it does depends",
            look.where_it_runs()
        ),
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
            r##"use std::time::{SystemTime as T, UNIX_EPOCH as E};
fn due() -> bool { T::now().duration_since(E).unwrap().as_secs() > 1_798_761_600 }
pub fn f() { if due() { std::process::abort() } }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn it_fires_where_nothing_but_a_value_changes() {
        fires(
            &RULE,
            "src/lib.rs",
            r##"use std::time::{SystemTime, UNIX_EPOCH};
fn season() -> u64 { SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs()) }
pub fn share(a: u64) -> u64 { if season() > 1_830_297_600 { a + 1 } else { a } }"##,
            Severity::Medium,
        );
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"const RATES: &[(u64, u16)] = &[(0, 190), (1_830_297_600, 195)];
pub fn rate() -> u16 {
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |t| t.as_secs());
    RATES.iter().rev().find(|(from, _)| *from <= now).map_or(0, |(_, rate)| *rate)
}"##,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn age(t: std::time::SystemTime) -> bool { t.elapsed().unwrap().as_secs() > 86_400 }"##,
        );
    }
}
