//! Attacks on what the victim hears, and on the fence itself.

use fence_model::code::CodeClass;
use fence_model::policy::{Exception, LONGEST_EXCEPTION};
use fence_model::{Code, Span};

use super::Stage;
use super::takeovers::quiet_takeover;
use crate::attack::script::{Act, Hears, Script, What, plain};

/// Since when the victim is cut off: once it has seen the release.
const CUT: Span = Span::minutes(1);

fn cut_off<'a>(stage: &Stage<'a>, variant: &str, hears: Hears) -> Script<'a> {
    let mut script = quiet_takeover(stage);
    script.holdings.push(stage.holds(What::Feed, 1, stage.start));
    Script { variant: variant.into(), hears, ..script }
}

/// The victim hears no advisories, or nothing at all, and knows that it does not. That may be in the way of the release, so he
/// need not cut it off.
pub(super) fn blocked<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let since = stage.start + CUT;
    vec![
        cut_off(stage, "advisories", Hears::NoAdvisories(since)),
        cut_off(stage, "index and advisories", Hears::Nothing(since)),
        quiet_takeover(stage),
    ]
}

/// A mirror shows the index of the moment after the release, and calls it today's.
pub(super) fn old_index<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    vec![cut_off(stage, "index", Hears::OldIndex(stage.start + CUT))]
}

/// The same of advisories.
pub(super) fn old_view<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    vec![cut_off(stage, "index and advisories", Hears::OldView(stage.start + CUT))]
}

/// Who has the fence writes into its policy an exception from whatever stands against the release.
pub(super) fn fence<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let mut script = stage.takeover("an exception", plain());
    let release = stage.release(0, stage.start);
    let codes = Code::ALL.iter().copied().filter(|code| code.class() != CodeClass::For).collect();
    let exception = Exception {
        name: stage.target.name.clone(),
        version: release.version,
        digest: release.digest,
        codes,
        because: "no reason".into(),
        until: stage.start + LONGEST_EXCEPTION,
    };
    script.acts.push((stage.start, Act::Except(exception)));
    script.holdings.push(stage.holds(What::Fence, 1, stage.start));
    vec![script]
}
