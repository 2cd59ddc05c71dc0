//! OpenSSH's lists of patterns (ssh_config(5), PATTERNS): `*.example.org,!mallory@example.org`.

/// A list of patterns, at least one of which is not excluding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patterns(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    excludes: bool,
    text: Box<str>,
}

impl Patterns {
    /// Any text is a list of patterns.
    pub(crate) fn new(text: &str) -> Self {
        let one = |part: &str| match part.strip_prefix('!') {
            Some(rest) => Pattern { excludes: true, text: rest.into() },
            None => Pattern { excludes: false, text: part.into() },
        };
        Self(text.split(',').map(one).collect())
    }

    /// Whether a pattern of the list matches, and none that excludes.
    pub(crate) fn match_text(&self, text: &str) -> bool {
        let matching = |pattern: &&Pattern| matches(pattern.text.as_bytes(), text.as_bytes());
        let mut found = self.0.iter().filter(matching).peekable();
        found.peek().is_some() && found.all(|pattern| !pattern.excludes)
    }
}

/// `*` is any text, `?` one byte. When a letter does not fit, only the last `*` takes one more: those before it have
/// taken the least that they could. So the time is the product of both lengths at most.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match last_star {
                Some((star, taken)) => {
                    last_star = Some((star, taken + 1));
                    (p, t) = (star + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, text: &str, expected: bool) {
        assert_eq!(Patterns::new(list).match_text(text), expected, "{list} {text}");
    }

    #[test]
    fn lists_match_as_openssh_says() {
        check("ann@example.org", "ann@example.org", true);
        check("ann@example.org", "Ann@example.org", false);
        check("bob@example.org,ann@example.org", "ann@example.org", true);
        check("*@example.org", "ann@example.org", true);
        check("*@example.org", "ann@example.org.evil", false);
        check("a?n@*", "ann@", true);
        check("a?n@*", "an@", false);
        check("*a*b*c", "xxaxxbxxbxxc", true);
        check("*a*b*c", "xxaxxbxxbxxcd", false);
        check("*@example.org,!mallory@*", "mallory@example.org", false);
        check("!mallory@*,*@example.org", "mallory@example.org", false);
        check("!mallory@*", "ann@example.org", false);
        check("", "ann", false);
        check("*", "", true);
    }

    #[test]
    fn many_stars_do_not_take_long() {
        check(&"*a".repeat(300), &"a".repeat(299), false);
        check(&format!("{}b", "*a".repeat(300)), &"a".repeat(5_000), false);
    }
}
