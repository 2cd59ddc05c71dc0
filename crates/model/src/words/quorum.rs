//! How a quorum stands, in a sentence.

use crate::decision::Support;
use crate::quorum::{Cluster, Quorum, Thin};

use super::line_of;

/// `11 of 30 % and 2 of 3 maintainers so far; these 3 could complete it: a, b, c`. `name` tells what people call a cluster.
pub fn quorum_sentence(quorum: &Quorum, name: impl Fn(Cluster) -> String) -> String {
    match quorum {
        Quorum::Thin(Thin::Few { enrolled, least }) => format!(
            "no quorum: {} of those who maintain dependents of weight {} enrolled, {least} are asked for",
            if *enrolled == 0 { "none".to_owned() } else { enrolled.to_string() },
            if *enrolled < 2 { "is" } else { "are" },
        ),
        Quorum::Thin(Thin::Light { part, least }) => {
            format!(
                "no quorum: {part} of the weight of those who maintain dependents is enrolled, {least} is asked for"
            )
        }
        Quorum::Reached { share, needed, clusters } => {
            format!("{share} approve, from {}; {needed} are asked for", maintainers(*clusters))
        }
        Quorum::Open { share, needed, clusters, clusters_needed, could } => {
            let share = share.to_string();
            let share = share.trim_end_matches(" %");
            let so_far = if clusters < clusters_needed {
                format!("{share} of {needed} and {clusters} of {clusters_needed} maintainers so far")
            } else {
                format!("{share} of {needed} so far, from {}", maintainers(*clusters))
            };
            let names: Vec<String> = could.iter().map(|(cluster, _)| name(*cluster)).collect();
            let these =
                if names.len() == 1 { "this one".to_owned() } else { format!("these {}", names.len()) };
            format!("{so_far}; {these} could complete it: {}", line_of(&names))
        }
    }
}

/// The same of a decision.
pub fn support_sentence(support: &Support) -> String {
    let name = |cluster| {
        let known = support.names.iter().find(|(of, _)| *of == cluster);
        known.map_or_else(|| format!("cluster {}", cluster.0), |(_, name)| name.clone())
    };
    quorum_sentence(&support.quorum, name)
}

fn maintainers(count: usize) -> String {
    if count == 1 { "1 maintainer".to_owned() } else { format!("{count} maintainers") }
}
