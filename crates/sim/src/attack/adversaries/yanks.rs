//! Attacks that play with yanks.

use fence_model::Span;

use super::Stage;
use super::takeovers::quiet_takeover;
use crate::attack::script::{Act, Script};

/// The release is published and yanked at once, grows old where nobody takes it, and comes back. It is taken to be looked at
/// only from then on.
pub(super) fn wait<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let after = |hours: i64| {
        let mut script = quiet_takeover(stage);
        let (name, version) = (stage.target.name.clone(), script.bad.version.clone());
        let back = stage.start + Span::hours(hours);
        let yanked = Act::Yank(name.clone(), vec![version.clone()]);
        script.acts.push((stage.start + Span::minutes(5), yanked));
        script.acts.push((back, Act::Unyank(name, version)));
        script.open = back;
        script.variant = format!("back after {hours} hours");
        script
    };
    [20, 8 * 24, 15 * 24, 31 * 24].map(after).into()
}

/// All other releases that cargo could take are yanked, so that whoever updates is pushed to this one.
pub(super) fn lure<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let mut script = quiet_takeover(stage);
    let good: Vec<_> = stage.target.compatible().cloned().collect();
    if !good.is_empty() {
        let yanked = Act::Yank(stage.target.name.clone(), good);
        script.acts.push((stage.start + Span::minutes(1), yanked));
    }
    script.variant = "all good ones yanked".into();
    vec![script]
}
