//! Takeovers of an account that publishes the target: nobody who looks at names sees anything.

use fence_model::Span;
use fence_model::facts::{Advisory, AdvisoryKind, Bound, Range};

use super::Stage;
use crate::attack::script::{Act, Script, What, networking, plain, quiet};

/// A plain patch whose build script fetches and runs.
pub(super) fn night<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    vec![stage.takeover("own account", plain())]
}

/// A patch that does harm with what the crate could do before.
pub(super) fn quiet_takeover<'a>(stage: &Stage<'a>) -> Script<'a> {
    stage.takeover("own account", quiet())
}

pub(super) fn within_old<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    vec![quiet_takeover(stage)]
}

/// He reports an old flaw of the target, which the release to come mends: advisories are believed about what is fixed.
pub(super) fn as_fix<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let mut script = quiet_takeover(stage);
    let known = stage.start - Span::hours(1);
    let fixed = Range { lower: Bound::Inclusive(stage.target.next.clone()), upper: Bound::Unbounded };
    let advisory = Advisory {
        id: "RUSTSEC-0000-0000",
        kind: AdvisoryKind::Vulnerability,
        known,
        patched: vec![fixed],
        unaffected: Vec::new(),
        withdrawn: None,
        title: "an old flaw",
        aliases: Vec::new(),
    };
    script.acts.insert(0, (known, Act::Advise(stage.target.name.clone(), advisory)));
    script.variant = "an advisory of his".into();
    script.holdings.push(stage.holds(What::Feed, 1, known));
    vec![script]
}

/// A clean release that may use the network comes first; the malicious one has nothing that is new beside it. How long he
/// leaves between the two is his choice, and so is to go without.
pub(super) fn staging<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let after = |days: i64| {
        let turn = stage.start + Span::days(days);
        let (clean, bad) = (stage.release(0, stage.start), stage.release(1, turn));
        let name = &stage.target.name;
        let mut script = stage.takeover(&format!("{days} days after the clean one"), networking());
        script.bad = stage.id(&bad.version);
        script.open = turn;
        script.acts = vec![
            (stage.start, Act::Publish(name.clone(), Box::new(clean), networking())),
            (turn, Act::Publish(name.clone(), Box::new(bad), networking())),
        ];
        script
    };
    [1, 8, 15, 31, 61].map(after).into()
}
