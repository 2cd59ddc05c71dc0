//! Pictures of an exposure: the frontier beside the takeovers that were found, and a badge.
//!
//! Each is one SVG file without fonts, scripts or addresses of its own, for a README: its colours follow whether the page is
//! light or dark, and its title says in words what it shows.

use fence_model::Span;
use fence_model::exposure::Weakest;

use super::exposure::words;
use crate::commands::exposure::Told;

/// The picture's size, in pixels.
const WIDTH: usize = 680;
const HEIGHT: usize = 320;
/// Where bars stand, and where the longest wait is.
const FLOOR: f64 = 264.0;
const TOP: f64 = 62.0;
/// Where the scale is, the bars begin, and the takeovers are.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 500.0;
const FOUND: f64 = 590.0;
/// How many numbers of identities have a bar.
const MOST_BARS: usize = 6;

/// Waits that the scale names.
const MARKS: [(&str, i64); 7] = [
    ("1 h", 3_600),
    ("6 h", 21_600),
    ("1 d", 86_400),
    ("3 d", 259_200),
    ("7 d", 604_800),
    ("14 d", 1_209_600),
    ("30 d", 2_592_000),
];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.dim{fill:#59636e;font-size:12px}.line{stroke:#d1d9e0}\
.bar{fill:#0969da}.never{fill:none;stroke:#0969da;stroke-dasharray:4 3}.once{stroke:#cf222e;stroke-width:3}.dot{fill:#bc4c00;fill-opacity:.75}\
.strong{font-weight:600}\
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.dim{fill:#9198a1}.line{stroke:#3d444d}.bar{fill:#4493f8}.never{stroke:#4493f8}\
.once{stroke:#f85149}.dot{fill:#f0883e}}";

/// The frontier as bars, one for each number of identities, beside the takeovers that were found, on one scale.
pub(crate) fn frontier(told: &Told<'_>) -> String {
    let frontier = &told.exposure.frontier;
    let most = frontier.last().map_or(1, |point| point.identities).clamp(3, MOST_BARS);
    let bars = if told.is_nothing_judged() { 0 } else { most };
    let step = (RIGHT - LEFT) / most as f64;
    let width = (step * 0.56).min(92.0);
    let mut parts = String::new();
    for (name, seconds) in MARKS {
        let y = height(Span::seconds(seconds));
        parts += &format!(
            "<line class=\"line\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"dim\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\n",
            FOUND + 50.0,
            LEFT - 10.0,
            y + 4.0
        );
    }
    parts += &format!(
        "<line class=\"line\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{FLOOR}\" y2=\"{FLOOR}\"/>\n",
        FOUND + 50.0
    );
    for identities in 1..=bars {
        let middle = LEFT + step * (identities as f64 - 0.5);
        let (left, enough) =
            (middle - width / 2.0, frontier.iter().rfind(|point| point.identities <= identities));
        let (bar, label, top) = match enough.map(|point| point.wait) {
            None => (
                format!(
                    "<rect class=\"never\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"3\"/>",
                    FLOOR - TOP
                ),
                "never".to_owned(),
                TOP,
            ),
            Some(Span::ZERO) => (
                format!(
                    "<line class=\"once\" x1=\"{left:.1}\" x2=\"{:.1}\" y1=\"{FLOOR}\" y2=\"{FLOOR}\"/>",
                    left + width
                ),
                "at once".to_owned(),
                FLOOR,
            ),
            Some(wait) => {
                let top = height(wait);
                (
                    format!(
                        "<rect class=\"bar\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"3\"/>",
                        FLOOR - top
                    ),
                    words(wait),
                    top,
                )
            }
        };
        parts += &format!(
            "{bar}<text class=\"strong\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>\
             <text x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{identities}</text>\n",
            top - 7.0,
            FLOOR + 19.0
        );
    }
    // Those of about the same time stand beside each other.
    let mut rows: Vec<(f64, usize)> = Vec::new();
    let mut longest: Vec<Span> = told.takeovers.iter().map(|one| one.longest).collect();
    longest.sort_unstable();
    for wait in longest {
        let y = height(wait);
        let beside = match rows.iter_mut().find(|(other, _)| (*other - y).abs() < 6.0) {
            Some((_, beside)) => {
                *beside += 1;
                *beside
            }
            None => {
                rows.push((y, 0));
                0
            }
        };
        let y = rows.iter().map(|(other, _)| *other).find(|other| (other - y).abs() < 6.0).unwrap_or(y);
        let side = if beside % 2 == 0 { 1.0 } else { -1.0 };
        let x = FOUND + side * beside.div_ceil(2) as f64 * 8.0;
        parts += &format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.4\"/>");
    }
    parts += &format!(
        "\n<text class=\"dim\" x=\"{FOUND}\" y=\"{}\" text-anchor=\"middle\">{} takeovers,</text>\
         <text class=\"dim\" x=\"{FOUND}\" y=\"{}\" text-anchor=\"middle\">as they were found</text>\
         <text class=\"dim\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">identities that somebody controls</text>\
         <text class=\"strong\" x=\"{}\" y=\"20\">How long a malicious release must stay unnoticed</text>\n",
        FLOOR + 19.0,
        told.takeovers.len(),
        FLOOR + 35.0,
        (LEFT + RIGHT) / 2.0,
        FLOOR + 40.0,
        16
    );
    file(WIDTH, HEIGHT, &in_words(told), STYLE, &parts)
}

/// Where a wait is on the scale: by the logarithm of the hours and one.
fn height(wait: Span) -> f64 {
    let scale = |seconds: i64| (seconds.max(0) as f64 / 3_600.0 + 1.0).ln();
    FLOOR - (FLOOR - TOP) * (scale(wait.as_seconds()) / scale(2_592_000)).min(1.0)
}

/// A badge that tells the first line.
pub(crate) fn badge(told: &Told<'_>) -> String {
    let frontier = &told.exposure.frontier;
    let (name, class) = ("fence exposure", class(told));
    let says = match frontier.first() {
        None if told.is_nothing_judged() => "nothing judged".to_owned(),
        None => "nobody".to_owned(),
        Some(point) => format!("{}: {}", identities(point.identities), after(point.wait)),
    };
    // As wide as the letters are in any usual typeface of that size; `textLength` makes them fit.
    let wide = |text: &str| text.chars().count() * 6;
    let (left, right) = (wide(name) + 12, wide(&says) + 12);
    let parts = format!(
        "<clipPath id=\"c\"><rect width=\"{0}\" height=\"20\" rx=\"4\"/></clipPath><g clip-path=\"url(#c)\">\
         <rect class=\"name\" width=\"{left}\" height=\"20\"/><rect class=\"{class}\" x=\"{left}\" width=\"{right}\" height=\"20\"/></g>\
         <text x=\"6\" y=\"14\" textLength=\"{1}\">{name}</text><text x=\"{2}\" y=\"14\" textLength=\"{3}\">{says}</text>\n",
        left + right,
        left - 12,
        left + 6,
        right - 12
    );
    let style = "text{font:11px Verdana,system-ui,sans-serif;fill:#fff}.name{fill:#424a53}.long{fill:#1a7f37}.some{fill:#9a6700}.none{fill:#cf222e}\
        @media(prefers-color-scheme:dark){.name{fill:#57606a}}";
    file(left + right, 20, &in_words(told), style, &parts)
}

/// What a first line is worth beside the takeovers that were found, of which few had lasted a week: by its wait, since more
/// identities can be one person.
fn class(told: &Told<'_>) -> &'static str {
    match told.exposure.frontier.first() {
        None if told.is_nothing_judged() => "name",
        None => "long",
        Some(point) if point.wait >= Span::days(7) => "long",
        Some(point) if point.wait > Span::ZERO => "some",
        Some(_) => "none",
    }
}

fn identities(number: usize) -> String {
    if number == 1 { "1 identity".to_owned() } else { format!("{number} identities") }
}

fn after(wait: Span) -> String {
    if wait == Span::ZERO { "at once".to_owned() } else { words(wait) }
}

fn in_words(told: &Told<'_>) -> String {
    let frontier = &told.exposure.frontier;
    if told.is_nothing_judged() {
        return "No release is judged".to_owned();
    }
    if frontier.is_empty() {
        return "No identity that the policy trusts can have a malicious release admitted".to_owned();
    }
    let point = |point: &Weakest| format!("{}: {}", identities(point.identities), after(point.wait));
    let points: Vec<String> = frontier.iter().map(point).collect();
    format!("How long a malicious release must stay unnoticed for whoever controls {}", points.join("; "))
}

/// A file with a picture.
fn file(width: usize, height: usize, title: &str, style: &str, parts: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\
         <title>{title}</title><style>{style}</style>\n{parts}</svg>\n"
    )
}
