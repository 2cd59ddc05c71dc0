//! The address in a manifest: where a stranger says that a repository is.

/// The address to clone from that a manifest's `repository` means.
///
/// A manifest may name any machine: only `https`, by a public host's name and without a user or a port, is asked on its
/// word. `http` and `git` become `https`, and of a page of a forge's (`/tree/…`, `/blob/…`) the repository stays.
///
/// # Errors
/// Why nobody is asked there, in a few words.
pub fn clone_address(repository: &str) -> Result<String, &'static str> {
    let text = repository.trim();
    let text = text.strip_prefix("git+").unwrap_or(text);
    let rest = ["https://", "http://", "git://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let rest = rest.ok_or("it is no https address")?;
    if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%+?#=&@:".contains(&b)) {
        return Err("it has characters that no address of a repository has");
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.contains(['@', ':']) {
        return Err("it names a user or a port");
    }
    let host = host.to_ascii_lowercase();
    let last = host.rsplit_once('.').map(|(_, last)| last);
    let is_public = last.is_some_and(|last| {
        let is_reserved =
            matches!(last, "local" | "localhost" | "internal" | "lan" | "home" | "corp" | "test");
        // A number at the end is that of an address, however it is written.
        !is_reserved && last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
            || last.starts_with("xn--")
    });
    if !is_public || host.starts_with(['-', '.']) {
        return Err("its host is none of the public internet");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_page = |part: &&str| matches!(*part, "-" | "tree" | "blob" | "src");
    let end = parts.iter().skip(2).position(is_page).map_or(parts.len(), |at| at + 2);
    let parts = &parts[..end];
    if parts.is_empty() || parts.iter().any(|part| matches!(*part, "." | "..") || part.starts_with('-')) {
        return Err("it names no repository");
    }
    Ok(format!("https://{host}/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_strangers_are_asked_only_where_anybody_may_ask() {
        let check =
            |text: &str, expected: &str| assert_eq!(clone_address(text).as_deref(), Ok(expected), "{text}");
        check("https://example.org/a/b", "https://example.org/a/b");
        check("http://example.org/a/b.git/", "https://example.org/a/b.git");
        check("git://example.org/a/b", "https://example.org/a/b");
        check("https://example.org/a/b/tree/main/crates/c", "https://example.org/a/b");
        check("git+https://example.org/a/b?branch=x", "https://example.org/a/b");
        check("https://example.org/a/b/-/tree/main?x#y", "https://example.org/a/b");
        for hostile in [
            "--upload-pack=touch x",
            "ext::sh -c touch% x",
            "file:///etc",
            "ssh://git@example.org/a/b",
            "/home/a/b",
            "https://-oProxyCommand=x/a",
            "https://user@example.org/a",
            "https://example.org:8080/a",
            "https://127.0.0.1/a",
            "https://2130706433/a",
            "https://0x7f.1/a",
            "https://[::1]/a",
            "https://localhost/a",
            "https://printer.local/a",
            "https://example.org",
            "https://example.org/../a",
            "https://example.org/--upload-pack=x",
            "https://example.org/a\nb",
            "https://example.org/a b",
            "",
        ] {
            assert!(clone_address(hostile).is_err(), "{hostile} is asked at {:?}", clone_address(hostile));
        }
    }
}
