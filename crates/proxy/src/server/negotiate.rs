//! What a client has already, and in which coding it takes the rest: `If-None-Match` and `Accept-Encoding`
//! (RFC 9110, 13.1.2 and 12.5.3).

use hyper::header::{ACCEPT_ENCODING, HeaderMap, IF_NONE_MATCH};

/// The coding in which an index file goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is kept.
    Gzip,
    /// Unpacked on the way.
    Identity,
}

/// Whether a client with these headers has the version with this tag, which comes with its quotes. Tags are compared
/// weakly, as the RFC asks: what stands for the same version is the same.
pub(super) fn has(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|value| lists(value.as_bytes(), tag.as_bytes()))
}

/// Whether a list of entity tags names `tag`, or `*`. A comma may stand inside a tag. What is no list names nothing
/// more, so that its sender gets the whole file.
fn lists(mut list: &[u8], tag: &[u8]) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    loop {
        list = list.trim_ascii_start();
        if let Some(rest) = list.strip_prefix(b",") {
            list = rest;
            continue;
        }
        let quoted = list.strip_prefix(b"W/").unwrap_or(list);
        let Some(length) = quoted
            .strip_prefix(b"\"")
            .and_then(|inside| inside.iter().position(|byte| *byte == b'"'))
            .map(|inside| inside + 2)
        else {
            return false;
        };
        let (named, rest) = quoted.split_at(length);
        if named == tag {
            return true;
        }
        list = rest;
    }
}

/// The coding for a client with these headers: gzip where it is allowed and not the lesser wish.
pub(super) fn coding(headers: &HeaderMap) -> Coding {
    let mut gzip = None;
    let mut identity = None;
    let mut others = None;
    for value in headers.get_all(ACCEPT_ENCODING) {
        let Ok(list) = value.to_str() else { continue };
        for wish in list.split(',') {
            let (name, parameters) = wish.split_once(';').unwrap_or((wish, ""));
            let name = name.trim();
            let place = if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                &mut gzip
            } else if name.eq_ignore_ascii_case("identity") {
                &mut identity
            } else if name == "*" {
                &mut others
            } else {
                continue;
            };
            *place = Some(quality(parameters));
        }
    }
    // Without a word about it, a client takes its answer as it is. One that takes neither coding gets that, too:
    // nothing else is there, and the RFC lets a server pass over the header.
    let gzip = gzip.or(others).unwrap_or(0);
    if gzip > 0 && gzip >= identity.unwrap_or(0) { Coding::Gzip } else { Coding::Identity }
}

/// The weight in `;q=0.5`, in thousandths; 1,000 where none is named, 0 where it is none.
fn quality(parameters: &str) -> u16 {
    let Some(weight) = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value.trim())
    }) else {
        return 1_000;
    };
    let weight: f32 = weight.parse().unwrap_or(0.0);
    (weight.clamp(0.0, 1.0) * 1_000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_tags(list: &'static str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, list.parse().unwrap());
        assert_eq!(has(&headers, "\"a,b\""), expected, "{list}");
    }

    #[test]
    fn a_list_of_tags_names_those_that_stand_in_it() {
        for list in
            ["\"a,b\"", "W/\"a,b\"", "\"x\", \"a,b\"", "\"x\" ,W/\"a,b\",\"y\"", "*", " * ", ",, \"a,b\""]
        {
            check_tags(list, true);
        }
        for list in [
            "\"a\"",
            "a,b",
            "\"a,b",
            "w/\"a,b\"",
            "\"x\" \"y\"",
            "",
            "**",
            "\"x\", *",
            "\"a,b\"x\""[..3].into(),
        ] {
            check_tags(list, false);
        }
    }

    #[test]
    fn tags_may_come_in_several_headers() {
        let mut headers = HeaderMap::new();
        assert!(!has(&headers, "\"a\""));
        headers.append(IF_NONE_MATCH, "\"b\"".parse().unwrap());
        headers.append(IF_NONE_MATCH, "\"a\"".parse().unwrap());
        assert!(has(&headers, "\"a\""));
    }

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        let check = |list: &'static str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, list.parse().unwrap());
            assert_eq!(coding(&headers), expected, "{list}");
        };
        for list in [
            "gzip",
            "GZIP",
            "x-gzip",
            "deflate, gzip, br",
            "gzip;q=0.1",
            "gzip; q=0.5 , identity;q=0.5",
            "*",
            "*;q=0.1",
            "br;q=1, *;q=0.5",
            "identity;q=0, *",
            "gzip;q=1.0, *;q=0",
            "gzip;level=9;q=0.001",
        ] {
            check(list, Coding::Gzip);
        }
        for list in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip;q=0, *",
            "gzip;q=0.000",
            "gzip;q=nonsense",
            "gzip;q=0.5, identity",
            "*;q=0",
            "identity;q=0",
            "gzipped",
        ] {
            check(list, Coding::Identity);
        }
        assert_eq!(coding(&HeaderMap::new()), Coding::Identity);
    }
}
