//! The route: what answers for crates.io here, whether that is a fence, and what of cargo's configuration leads past it.

use std::path::Path;

use fence_client::cargo_config::{IndexLocation, Located, Reach, Setting, Way};
use fence_client::http::{is_loopback, is_same_origin, shown as shown_address};
use fence_model::Level;

use super::{Answer, Answered, CLOCK_TOLERANCE, Finding, Gravity, Seen, Spot, while_silent, word};
use crate::error::shown;
use crate::neighbour::{Feed, Status};
use crate::render::text;

/// What leads cargo to a fence.
const ENABLE: &str = "cargo fence enable";

/// The same for all that this user does.
const ENABLE_GLOBALLY: &str = "cargo fence enable --global";

pub(super) fn findings(seen: &Seen) -> Vec<Finding> {
    let mut findings = match &seen.route {
        Err(wrong) => vec![
            Finding::new(
                "config-unreadable",
                Gravity::Broken,
                "cargo's configuration does not say what answers",
            )
            .wrong(wrong),
        ],
        Ok(route) => of_route(route, seen),
    };
    findings.extend(of_config(seen));
    findings
}

/// Whether a fence answers, and for whom.
fn of_route(route: &Way, seen: &Seen) -> Vec<Finding> {
    let last = route.steps.last();
    let placed = |finding: Finding| match last {
        Some(step) => finding.at(&step.at),
        None => finding,
    };
    match &route.registry.location {
        IndexLocation::Git(address) => {
            let protocol = seen.config.protocol.as_ref().filter(|_| route.steps.is_empty());
            let finding = Finding::new(
                "git-index",
                Gravity::Open,
                "cargo reads crates.io's index from a git repository, which no fence can stand in front of",
            );
            let finding = match protocol {
                Some(protocol) => finding.at(&protocol.at),
                None => placed(finding).because(shown_address(address)),
            };
            vec![finding.fix("take that setting out, and lead cargo to a fence", &[ENABLE])]
        }
        IndexLocation::Vendored(folder) => vec![
            placed(Finding::new(
                "vendored",
                Gravity::Open,
                format!(
                    "crates.io is answered from a vendored folder, {}: whatever lies there is built",
                    shown(folder)
                ),
            ))
            .fix("judge what is locked, which the folder should hold", &["cargo fence check"])
            .fix("vendor anew from behind a fence", &["cargo fence cargo vendor"]),
        ],
        IndexLocation::Folder(folder) => vec![
            placed(Finding::new(
                "local-registry",
                Gravity::Open,
                format!(
                    "crates.io is answered from a folder, {}: whatever lies there is built",
                    shown(folder)
                ),
            ))
            .fix("judge what is locked, which the folder should hold", &["cargo fence check"])
            .fix("let a fence stand in front of it", &["cargo fence serve"]),
        ],
        IndexLocation::Sparse(url) => of_sparse(url, route, seen),
    }
}

fn of_sparse(url: &str, route: &Way, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = shown_address(url);
    let Some(step) = route.steps.last() else {
        findings.push(no_route());
        findings.extend(of_clock(&seen.answer));
        return findings;
    };
    if let Some((proxy, from, no_proxy)) = &seen.config.proxy
        && url.starts_with("http:")
        && !is_past_proxy(url, no_proxy.as_deref())
    {
        let host = host_of(url);
        findings.push(
            Finding::new(
                "http-proxy",
                Gravity::Open,
                format!("cargo asks a proxy for {name}: whoever runs it answers in the fence's place"),
            )
            .at(&step.at)
            .because(format!("{from} names the proxy {}", shown_address(proxy)))
            .fix(
                "let cargo ask this host without a proxy",
                &[&format!("export no_proxy={}", word(host, "HOST"))],
            ),
        );
    }
    match &seen.answer {
        Answer::NotAsked(why) => {
            let what = format!("whether {name} is a fence is not known: {why}");
            findings.push(
                Finding::new("not-asked", Gravity::Broken, what)
                    .at(&step.at)
                    .fix("ask it", &["cargo fence doctor"]),
            );
        }
        Answer::Silent(wrong) => {
            let what =
                format!("nothing can be fetched: {name} answers for crates.io here, and does not answer");
            let finding = Finding::new("fence-silent", Gravity::Broken, what).at(&step.at);
            let finding = match is_loopback(url) {
                true => {
                    finding.fix("start the fence, in the folder whose policy counts", &["cargo fence serve"])
                }
                false => finding,
            };
            findings.push(finding.wrong(wrong));
        }
        Answer::Denied(wrong) => {
            let what = format!("{name} wants a token, or another one");
            findings.push(Finding::new("fence-denied", Gravity::Broken, what).at(&step.at).wrong(wrong));
        }
        Answer::Answered(answered) => match &answered.fence {
            None => findings.push(
                Finding::new(
                    "not-a-fence",
                    Gravity::Open,
                    format!("{name} answers for crates.io, and is no fence"),
                )
                .at(&step.at)
                .fix("run cargo behind a fence that stands in front of it", &["cargo fence cargo build"])
                .fix("or start one for good", &["cargo fence serve"]),
            ),
            Some(fence) => {
                findings.extend(of_fence(fence, url, seen));
                findings.extend(of_answers(answered, url));
                findings.extend(of_reach(route));
                findings.extend(of_plain_http(url, &step.at));
            }
        },
    }
    findings.extend(of_clock(&seen.answer));
    findings
}

fn no_route() -> Finding {
    Finding::new("no-route", Gravity::Open, "cargo asks crates.io itself: nothing leads it to a fence")
        .fix("lead it there, in this project or in all", &[ENABLE, ENABLE_GLOBALLY])
        .fix("start the fence that it is led to, or let the system do so", &["cargo fence serve"])
        .fix(
            "or go behind one for a single command, without configuring anything",
            &["cargo fence cargo build"],
        )
}

/// Whether the fence that answers is this project's.
fn of_fence(fence: &Status, url: &str, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let here = seen.project.policy_file.parent().unwrap_or(Path::new(""));
    let policy = fence.policy.as_deref().map(Path::new);
    let is_here = policy == Some(here);
    let wanted = seen.project.policy.as_ref().ok().map(fence_model::policy::Policy::strictest_level);
    let level = fence.level.parse::<Level>().ok();
    if is_loopback(url) && !is_here {
        let of = policy.map_or("none".to_owned(), shown);
        let mut finding = Finding::new(
            "other-policy",
            Gravity::Warning,
            format!("the fence goes by another policy than this project's: that of {of}"),
        );
        if level < wanted {
            finding = finding.because(format!(
                "it asks for level {}, and this project for {}",
                fence.level,
                wanted.map_or("", Level::as_str)
            ));
        }
        findings.push(
            finding
                .fix("stop it, and start one in this folder", &["cargo fence serve"])
                .fix("or use this project's own for one command", &["cargo fence cargo build"]),
        );
    } else if !is_here && level < wanted {
        findings.push(
            Finding::new(
                "other-policy",
                Gravity::Warning,
                format!(
                    "the fence asks for level {}, and this project for {}",
                    fence.level,
                    wanted.map_or("", Level::as_str)
                ),
            )
            .fix("judge what is locked by this project's policy as well", &["cargo fence check"]),
        );
    }
    if let Some(wrong) = &fence.policy_wrong {
        findings.push(
            Finding::new(
                "policy-not-in-force",
                Gravity::Warning,
                "the fence goes by an earlier policy: the one that lies there now cannot be read",
            )
            .because(wrong.clone()),
        );
    }
    let silent = fence.feeds.iter().filter(|feed| feed.state != "current");
    let (unread, others): (Vec<&Feed>, Vec<&Feed>) = silent.partition(|feed| feed.is_unread_audits());
    if !unread.is_empty() {
        let names: Vec<String> = unread.iter().map(|feed| text::harmless(&feed.name)).collect();
        let what = format!("audits that the fence never read count for nothing there: {}", text::and(&names));
        findings.push(
            Finding::new("fence-feed", Gravity::Warning, what)
                .fix("see what it says about them", &["cargo fence update"]),
        );
    }
    for feed in others {
        let as_of = feed.as_of.map_or("never read".to_owned(), |time| format!("as of {time}"));
        let meanwhile = while_silent(feed.is_audits());
        findings.push(
            Finding::new(
                "fence-feed",
                Gravity::Warning,
                format!("the fence's feed {} is {}, {as_of}: {meanwhile} there", feed.name, feed.state),
            )
            .fix("see what it says about it", &["cargo fence update"]),
        );
    }
    findings
}

/// Whether what it answers is what cargo needs, and leads nowhere else.
fn of_answers(answered: &Answered, url: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &answered.downloads {
        None => findings.push(
            Finding::new(
                "index-unread",
                Gravity::Broken,
                "the fence has no registry at this address: it has no config.json",
            )
            .because(shown_address(url)),
        ),
        Some(downloads) if !is_same_origin(downloads, url) => findings.push(
            Finding::new(
                "downloads-elsewhere",
                Gravity::Open,
                "the fence's index sends cargo elsewhere for packages, past the fence",
            )
            .because(format!("index at {}, packages at {}", origin_of(url), origin_of(downloads)))
            .fix(
                "start it with the address under which its clients reach it",
                &["cargo fence serve --url URL"],
            ),
        ),
        Some(_) => {}
    }
    if let Some((name, Err(why))) = &answered.index {
        findings.push(
            Finding::new(
                "index-unread",
                Gravity::Broken,
                format!("the fence does not give the index file of {name}"),
            )
            .because(why.clone()),
        );
    }
    findings
}

/// Whether the route counts for `cargo install` too.
fn of_reach(route: &Way) -> Option<Finding> {
    let step = route.steps.iter().find(|step| step.reach == Reach::Folder)?;
    Some(
        Finding::new(
            "project-only",
            Gravity::Warning,
            "the route counts in this folder alone: `cargo install`, and other projects, ask crates.io itself",
        )
        .at(&step.at)
        .fix("lead all that you do with cargo there", &[ENABLE_GLOBALLY])
        .fix("or install from behind the fence", &["cargo fence cargo install PROGRAM"]),
    )
}

fn of_plain_http(url: &str, at: &Located) -> Option<Finding> {
    if url.starts_with("https:") || is_loopback(url) {
        return None;
    }
    let what = "cargo asks the fence over plain HTTP: whoever is on the way can answer in its place";
    Some(
        Finding::new("plain-http", Gravity::Warning, what)
            .at(at)
            .fix("let it speak TLS", &["cargo fence serve --certificate FILE --key FILE"]),
    )
}

fn of_clock(answer: &Answer) -> Option<Finding> {
    let Answer::Answered(answered) = answer else { return None };
    let (there, here) = answered.clock?;
    let off = if here > there { here - there } else { there - here };
    if off <= CLOCK_TOLERANCE {
        return None;
    }
    let way = if here > there { "ahead of" } else { "behind" };
    // What is a day ahead lets in what should wait another day.
    let gravity =
        if here > there && off >= fence_model::Span::days(1) { Gravity::Open } else { Gravity::Warning };
    Some(
        Finding::new(
            "clock-off",
            gravity,
            format!("this machine's clock is {} {way} that of what answers for crates.io", off.in_words()),
        )
        .because(format!("{here} here, {there} there"))
        .because("a clock that is ahead lets releases in before their time")
        .fix("set it, and keep it set", &["timedatectl set-ntp true"]),
    )
}

/// What in the configuration leads past the fence, or would.
fn of_config(seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = &seen.config;
    for (unread, read) in &config.shadowed {
        findings.push(
            Finding::new(
                "shadowed-config",
                Gravity::Warning,
                format!("cargo does not read {}: {} lies beside it", shown(unread), shown(read)),
            )
            .in_file(read, None)
            .fix("join the two in the one with the extension", &[]),
        );
    }
    let is_git = config.protocol.as_ref().is_some_and(|protocol| protocol.words == ["git"]);
    let is_replaced = seen.route.as_ref().is_ok_and(|route| !route.steps.is_empty());
    if let Some(protocol) = config.protocol.as_ref().filter(|_| is_git && is_replaced) {
        findings.push(
            Finding::new(
                "git-index",
                Gravity::Warning,
                "without the fence cargo would read crates.io's index from a git repository",
            )
            .at(&protocol.at)
            .fix("take that setting out", &[]),
        );
    }
    for (name, value) in &config.variables {
        findings.extend(of_variable(name, value));
    }
    if let Some(at) = &config.replaced_in_usual_home
        && let Some(home) = &config.moved_home
        && !is_replaced
    {
        findings.push(
            Finding::new(
                "cargo-home",
                Gravity::Open,
                format!(
                    "CARGO_HOME is {}: what the usual home says of crates.io does not count",
                    shown(home)
                ),
            )
            .at(Spot::Variable("CARGO_HOME".to_owned()))
            .at(at)
            .fix("unset it, or write the same into the config.toml there", &["unset CARGO_HOME"]),
        );
    }
    if let Some(at) = &config.offline {
        findings.push(
            Finding::new("offline", Gravity::Note, "cargo is told to use no network: it builds what it has")
                .at(at),
        );
    }
    for alias in &config.aliases {
        findings.extend(of_alias(alias));
    }
    findings
}

/// A variable that cargo reads, or that somebody may think it reads.
fn of_variable(name: &str, value: &str) -> Option<Finding> {
    let spot = Spot::Variable(name.to_owned());
    if name.starts_with("CARGO_SOURCE_") {
        let what = format!("{name} does nothing: cargo takes no source from the environment");
        return Some(
            Finding::new("environment", Gravity::Warning, what)
                .at(spot)
                .fix("write `[source]` into a config.toml", &[&format!("unset {}", word(name, "NAME"))]),
        );
    }
    if name.starts_with("CARGO_REGISTRIES_") && name.ends_with("_INDEX") {
        let what =
            format!("{name} says where a registry is, whatever the files say: {}", shown_address(value));
        return Some(
            Finding::new("environment", Gravity::Warning, what)
                .at(spot)
                .fix("unset it", &[&format!("unset {}", word(name, "NAME"))]),
        );
    }
    None
}

/// An alias that changes what `cargo fence` is, or what a command asks.
fn of_alias(alias: &Setting) -> Option<Finding> {
    let Setting { key: name, words, .. } = alias;
    if name == "fence" {
        return Some(
            Finding::new("alias", Gravity::Open, "`cargo fence` is an alias of something else here")
                .at(&alias.at)
                .because(words.join(" "))
                .fix("take the alias out", &[])
                .fix("until then, start the fence by its own name", &["cargo-fence fence check"]),
        );
    }
    let leads = words.iter().any(|word| word.contains("source.") || word.contains("registries."));
    leads.then(|| {
        Finding::new("alias", Gravity::Open, format!("the alias `cargo {name}` configures its own registry"))
            .at(&alias.at)
            .because(words.join(" "))
            .fix("take `--config` out of it", &[])
    })
}

/// Whether a host is asked without a proxy, as curl reads the list.
fn is_past_proxy(url: &str, no_proxy: Option<&str>) -> bool {
    let host = host_of(url);
    let is_it = |entry: &str| {
        let entry = entry.trim().trim_start_matches('.');
        entry == "*"
            || (!entry.is_empty()
                && (host == entry || host.strip_suffix(entry).is_some_and(|before| before.ends_with('.'))))
    };
    no_proxy.is_some_and(|list| list.split([',', ' ']).any(is_it))
}

/// The host of an address, without its port.
fn host_of(url: &str) -> &str {
    let authority = authority_of(url);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// Scheme, host and port of an address.
fn origin_of(url: &str) -> String {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    format!("{scheme}://{}", authority_of(url))
}
