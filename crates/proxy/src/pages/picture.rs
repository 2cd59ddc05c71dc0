//! Pictures: signs, the wait, a crate's releases over time.
//!
//! They are drawn in percent of their width and pixels of their height, without a view box: so they fill any width and
//! nothing in them, text included, is ever stretched. Colours come from the style sheet. Each says in words what it shows.

use fence_model::decision::Decision;
use fence_model::words::story::Fact;
use fence_model::{Effect, Time, Verdict};

use super::Mark;
use super::html::{Element, Node, el, nothing};

/// The sign of the fence.
pub(super) fn brand() -> Element {
    let post = |x: &'static str| el("path").set("d", x);
    el("svg")
        .class("logo")
        .set("viewBox", "0 0 24 24")
        .set("aria-hidden", "true")
        .with(post("M3 21V7l2.5-3L8 7v14z"))
        .with(post("M9.5 21V7L12 4l2.5 3v14z"))
        .with(post("M16 21V7l2.5-3L21 7v14z"))
        .with(post("M1 10h22v2.5H1zM1 16h22v2.5H1z"))
}

/// The sign of a verdict, for those who see it; the word beside it is for all.
pub(super) fn glyph(mark: Mark) -> Element {
    el("svg")
        .set("class", format!("icon {}", mark.class()))
        .set("aria-hidden", "true")
        .with(el("use").set("href", mark.place()))
}

/// The shapes of all signs, drawn once on each page and used from there.
pub(super) fn shapes() -> Element {
    let symbol = |mark: &Mark| {
        el("symbol").set("id", &mark.place()[1..]).set("viewBox", "0 0 16 16").with(shape(*mark))
    };
    el("svg").class("unseen").set("aria-hidden", "true").with_all(Mark::ALL.iter().map(symbol))
}

/// Its shape, around the middle of a square of sixteen.
fn shape(mark: Mark) -> Node {
    let path = |d: &'static str| el("path").set("d", d);
    let cut = |d: &'static str| path(d).class("cut");
    let (ground, sign) = match mark {
        Mark::Admitted => {
            (el("circle").set("cx", "8").set("cy", "8").set("r", "7"), cut("M4.6 8.3l2.3 2.4 4.5-5"))
        }
        Mark::Held => (path("M8 .6L15.4 8 8 15.4.6 8z"), cut("M6.4 5.6v4.8M9.6 5.6v4.8")),
        Mark::Blocked => (path("M5 1h6l4 4v6l-4 4H5l-4-4V5z"), cut("M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2")),
        Mark::Warns => (path("M8 1l7.4 13.4H.6z"), cut("M8 6v4M8 11.9v.6")),
        Mark::Says => (el("circle").set("cx", "8").set("cy", "8").set("r", "3.5"), path("")),
    };
    Node::Several(vec![ground.into(), sign.into()])
}

/// The sign of what a reason does.
pub(super) fn mark_of(fact: &Fact<'_>) -> Mark {
    match fact.reason {
        Some(reason) if reason.stands => match reason.effect {
            Effect::Favour => Mark::Admitted,
            Effect::Note => Mark::Says,
            Effect::Warn | Effect::Double | Effect::Ceiling => Mark::Warns,
            Effect::Hold | Effect::Review => Mark::Held,
            Effect::Block => Mark::Blocked,
        },
        Some(_) | None => Mark::Says,
    }
}

/// A wait in numbers: where it begins, how far it is, where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    /// When its time in the open began.
    pub(super) opened: Time,
    /// Up to when time counts.
    pub(super) counted: Time,
    /// When it is over.
    pub(super) until: Time,
    /// Whether its end lets the release in.
    pub(super) end: End,
}

/// What is at the end of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The way in.
    Open,
    /// Something that no time moves.
    Shut,
}

impl Wait {
    /// The wait of a release that is in the open.
    pub(super) fn of(decision: &Decision) -> Option<Self> {
        let clock = &decision.clock;
        let (opened, until) = clock.opened.zip(clock.until)?;
        let is_enough = match decision.verdict {
            Verdict::Admit => true,
            Verdict::Hold => decision.clears.iter().any(|way| way.is_wait()),
            Verdict::Block => false,
        };
        // Where what asks for a reviewer lapses by itself, that is the end that counts.
        let waits = decision.clears.iter().filter(|way| way.is_wait()).map(|way| way.earliest);
        let until = waits.min().map_or(until, |earliest| earliest.max(until));
        let end = if is_enough { End::Open } else { End::Shut };
        Some(Self { opened, counted: clock.counted.max(opened), until, end })
    }

    /// How much of it is over, in percent, rounded down: it is not over before it is.
    pub(super) fn percent(&self) -> i64 {
        let whole = (self.until - self.opened).as_seconds().max(1);
        ((self.counted - self.opened).as_seconds().saturating_mul(100) / whole).clamp(0, 100)
    }

    fn in_words(&self) -> String {
        let over = match (self.percent(), self.end) {
            (100, End::Open) => "The wait is over.".to_owned(),
            (percent, _) => format!("{percent} percent of the wait is over."),
        };
        let end = match self.end {
            End::Open => format!("It ends on {}.", self.until.date()),
            End::Shut => "Its end alone lets nothing in.".to_owned(),
        };
        format!("{over} {end}")
    }
}

/// A wait as a bar, small enough for a row of a table.
pub(super) fn wait(wait: &Wait) -> Element {
    let height = "10";
    svg("wait", height, wait.in_words()).with_all(bar(wait, 0.0, 100.0, 0.0, 10.0))
}

/// The parts of a bar from `left` to `right`, in percent, at a height of `top`.
fn bar(wait: &Wait, left: f64, right: f64, top: f64, high: f64) -> Vec<Element> {
    let width = right - left;
    let done = width * wait.percent() as f64 / 100.0;
    let rect = |class: &'static str, width: f64| {
        el("rect")
            .class(class)
            .set("x", percent(left))
            .set("y", top.to_string())
            .set("width", percent(width))
            .set("height", high.to_string())
            .set("rx", (high / 2.0).to_string())
    };
    let mut parts = vec![rect("track", width)];
    if done > 0.0 {
        parts.push(rect("done", done));
    }
    if wait.end == End::Shut {
        // A gate that stays shut: seen without any colour.
        let gate = el("path").set("d", format!("M-7 {0}V{1}M-2 {0}V{1}", top - 3.0, top + high + 3.0));
        parts.push(el("svg").set("x", percent(right)).set("overflow", "visible").with(gate.class("gate")));
    }
    parts
}

/// What happened to a release, on an axis of time, with its wait beneath.
pub(super) fn story(decision: &Decision, facts: &[Fact<'_>], now: Time) -> Node {
    let Some(wait) = Wait::of(decision) else { return nothing() };
    let (start, end) = (wait.opened, wait.until.max(now));
    let whole = (end - start).as_seconds().max(1) as f64;
    let place = |at: Time| {
        let at = at.max(start).min(end);
        // Room at both ends for the signs.
        2.0 + 96.0 * (at - start).as_seconds() as f64 / whole
    };
    let mut signs = Vec::new();
    let mut taken: Vec<f64> = Vec::new();
    for fact in facts {
        let Some(at) = fact.at.filter(|at| *at >= start) else { continue };
        let x = place(at);
        // What happened at the same time stands one above the other, three at most: the list beneath has all.
        let height = taken.iter().filter(|other| (**other - x).abs() < 2.5).count();
        taken.push(x);
        if height < 3 {
            let y = 52 - 18 * height;
            signs.push(sign(mark_of(fact), x, y));
        }
    }
    let now_at = place(now);
    let line = el("line")
        .class("now")
        .set("x1", percent(now_at))
        .set("x2", percent(now_at))
        .set("y1", "4")
        .set("y2", "78");
    let right = place(wait.until);
    let (anchor, shift) = if now_at > 80.0 { ("end", -12) } else { ("start", 12) };
    let mut labels = vec![label("now", now_at, 14, anchor, shift), label(&start.date(), 0.0, 94, "start", 0)];
    let end_of_wait = match wait.end {
        End::Open => format!("the wait ends {}", wait.until.date()),
        End::Shut => format!("{}, and still shut", wait.until.date()),
    };
    // Beside the other one there is room for it, or it says nothing that cannot be read beneath.
    if right > 60.0 {
        labels.push(label(&end_of_wait, right, 94, "end", 0));
    }
    let told = format!(
        "From {} to {}. {} Below is what happened, in the order of time.",
        start.date(),
        end.date(),
        wait.in_words()
    );
    svg("story", "100", told)
        .with_all(bar(&wait, place(start), right, 66.0, 10.0))
        .with(line)
        .with_all(signs)
        .with_all(labels)
        .into()
}

/// One release of a crate in its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dot {
    pub(super) at: Time,
    pub(super) verdict: Verdict,
}

/// The releases of a crate over time: what is admitted on the line, what is not above it.
pub(super) fn releases(dots: &[Dot], now: Time) -> Node {
    let Some(first) = dots.iter().map(|dot| dot.at).min() else { return nothing() };
    let whole = (now - first).as_seconds().max(1) as f64;
    let place = |at: Time| 2.0 + 96.0 * (at.min(now) - first).as_seconds() as f64 / whole;
    let of = |verdict| dots.iter().filter(|dot| dot.verdict == verdict).count();
    let told = format!(
        "{} from {} to {}: {} admitted, {} held, {} blocked.",
        super::count(dots.len(), "release"),
        first.date(),
        now.date(),
        of(Verdict::Admit),
        of(Verdict::Hold),
        of(Verdict::Block)
    );
    let axis = el("line").class("axis").set("x1", "0").set("x2", "100%").set("y1", "46").set("y2", "46");
    let mut picture = svg("releases", "72", told).with(axis);
    let (mut last, mut shown) = (f64::MIN, Verdict::Admit);
    for dot in dots {
        let x = place(dot.at);
        // Hundreds of releases on the same spot look like one, and cost like hundreds.
        if x - last < 0.25 && dot.verdict == shown {
            continue;
        }
        (last, shown) = (x, dot.verdict);
        let y = if dot.verdict == Verdict::Admit { 46 } else { 20 };
        picture = picture.with(sign(Mark::of(dot.verdict), x, y));
    }
    picture.with_all(years(first, now, place)).into()
}

/// Years along the axis, so few that they can be read on a phone.
fn years(first: Time, now: Time, place: impl Fn(Time) -> f64) -> Vec<Element> {
    let year = |at: Time| at.date()[..4].parse::<i64>().unwrap_or_default();
    let (from, to) = (year(first), year(now));
    let step = ((to - from) / 4).max(1);
    let mut labels = Vec::new();
    let mut at = from + 1;
    while at <= to {
        if let Ok(start) = format!("{at:04}-01-01").parse::<Time>() {
            let x = place(start);
            if (4.0..96.0).contains(&x) {
                let tick = el("line")
                    .class("axis")
                    .set("x1", percent(x))
                    .set("x2", percent(x))
                    .set("y1", "42")
                    .set("y2", "50");
                labels.push(tick);
                labels.push(label(&at.to_string(), x, 68, "middle", 0));
            }
        }
        at += step;
    }
    labels
}

fn sign(mark: Mark, x: f64, y: usize) -> Element {
    let shape = el("use")
        .set("href", mark.place())
        .set("x", "-8")
        .set("y", (y as i64 - 8).to_string())
        .set("width", "16")
        .set("height", "16");
    el("svg")
        .set("class", format!("sign {}", mark.class()))
        .set("x", percent(x))
        .set("overflow", "visible")
        .with(shape)
}

fn label(text: &str, x: f64, y: usize, anchor: &'static str, shift: i64) -> Element {
    el("text")
        .set("x", percent(x))
        .set("dx", shift.to_string())
        .set("y", y.to_string())
        .set("text-anchor", anchor)
        .with(text.to_owned())
}

fn svg(class: &'static str, height: &'static str, told: String) -> Element {
    el("svg")
        .set("class", format!("picture {class}"))
        .set("width", "100%")
        .set("height", height)
        .set("role", "img")
        .set("aria-label", told)
}

fn percent(value: f64) -> String {
    format!("{:.2}%", value)
}
