//! Attacks that play with yanks.

use fence_model::{Span, Time};

use super::Stage;
use super::takeovers::quiet_takeover;
use crate::attack::script::{Act, Script};

/// For how long he shows it between two yanks: too short for anybody to look.
const SHOWN: Span = Span::minutes(5);

/// The release is published and yanked at once, grows old where nobody takes it, and comes back for good. It is taken to be looked
/// at only from then on. He yanks it once; or anew each day, so that no yank is a long one; or once and then for minutes, so that the
/// long yank is not the last.
pub(super) fn wait<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let yanked = |variant: String, back: &[Time]| {
        let mut script = quiet_takeover(stage);
        let (name, version) = (stage.target.name.clone(), script.bad.version.clone());
        let mut shown = stage.start;
        for back in back {
            let yanked = Act::Yank(name.clone(), vec![version.clone()]);
            script.acts.push((shown + SHOWN, yanked));
            shown = *back;
            script.acts.push((shown, Act::Unyank(name.clone(), version.clone())));
        }
        script.open = shown;
        script.variant = variant;
        script
    };
    let day = |days: i64| stage.start + Span::days(days);
    let once = [20, 8 * 24, 15 * 24, 31 * 24]
        .map(|hours| yanked(format!("back after {hours} hours"), &[stage.start + Span::hours(hours)]));
    let anew = [3, 7, 14, 30].map(|days| {
        let back: Vec<Time> = (1..=days).map(day).collect();
        yanked(format!("yanked anew each day, {days} days"), &back)
    });
    let again = [3, 7, 14, 30].map(|days| {
        let back = [day(days), day(days) + SHOWN + SHOWN];
        yanked(format!("back after {days} days, and yanked again for minutes"), &back)
    });
    once.into_iter().chain(anew).chain(again).collect()
}

/// All other releases that cargo could take are yanked, so that whoever updates is pushed to this one; or they are left alone,
/// since to yank them shows.
pub(super) fn lure<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let mut script = quiet_takeover(stage);
    let good: Vec<_> = stage.target.compatible().cloned().collect();
    if !good.is_empty() {
        let yanked = Act::Yank(stage.target.name.clone(), good);
        script.acts.push((stage.start + Span::minutes(1), yanked));
    }
    script.variant = "all good ones yanked".into();
    vec![script, quiet_takeover(stage)]
}
