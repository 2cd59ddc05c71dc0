//! Under which names a fence answers.

/// The names of a fence, beside those that any machine has for itself.
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// These host names, without a port.
    pub fn new<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        Self(names.into_iter().map(|name| plain(name.as_ref())).collect())
    }

    /// The host name in an address such as `https://fence.example.net/`.
    pub fn of_url(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self::new([host(authority)])
    }

    /// Whether what a client calls its host, with or without a port, is this fence: one of its names, a name for this
    /// machine itself, or an address. A port says nothing about who speaks, and another one is another's tunnel to here.
    pub(super) fn hold(&self, authority: &str) -> bool {
        let host = plain(host(authority));
        let is_address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
        let is_in_brackets =
            host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).is_some_and(is_address);
        is_address(&host)
            || is_in_brackets
            || host == "localhost"
            || host.ends_with(".localhost")
            || self.0.contains(&host)
    }
}

/// The host of `user@host:port`.
fn host(authority: &str) -> &str {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        // Within brackets it is a part of an address.
        Some((before, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !before.ends_with(':') => {
            before
        }
        _ => host,
    }
}

/// Upper and lower case are the same name, and a dot at its end says nothing.
fn plain(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_known_by_its_names_and_by_addresses() {
        let names = Names::of_url("https://Fence.example.net:8443/registry/");
        for known in [
            "fence.example.net",
            "FENCE.example.net.:443",
            "localhost",
            "localhost:7343",
            "fence.localhost:7343",
            "127.0.0.1:7343",
            "10.0.0.7",
            "[::1]:7343",
            "[fe80::1]",
        ] {
            assert!(names.hold(known), "{known}");
        }
        for unknown in [
            "",
            "evil.example",
            "evil.example:7343",
            "127.0.0.1.evil.example",
            "fence.example.net.evil.example",
            "notlocalhost",
            "localhost.evil.example",
            "fence.example.net@evil.example",
            "[localhost]",
            "evil.example:80:80",
        ] {
            assert!(!names.hold(unknown), "{unknown}");
        }
        assert!(!Names::default().hold("fence.example.net"));
    }
}
