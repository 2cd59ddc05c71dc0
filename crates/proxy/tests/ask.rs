//! The paths of a registry, there and back.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::path;
use fence_model::{Code, CrateName, Digest};
use fence_proxy::answer::{Ask, Asset, Page, download_template};
use proptest::prelude::*;
use semver::Version;

/// Something that cargo could ask for. An index path is in lower case, and so is the name that it gives.
fn ask() -> impl Strategy<Value = Ask> {
    let registry = || "[a-zA-Z0-9_-]{1,64}";
    let name = "[a-zA-Z][a-zA-Z0-9_-]{0,20}".prop_map(|name| name.parse::<CrateName>().unwrap());
    let small = "[a-z][a-z0-9_-]{0,20}".prop_map(|name| name.parse::<CrateName>().unwrap());
    let version = "[0-9]{1,3}\\.(0|[1-9][0-9]{0,3})\\.0(-[a-z]{1,5}\\.[1-9])?(\\+[a-z0-9]{1,5})?"
        .prop_filter_map("leading zero", |version| version.parse::<Version>().ok());
    let page = prop_oneof![
        Just(Page::Waiting),
        Just(Page::Older),
        Just(Page::Policy),
        Just(Page::Status),
        "([^\\s]{1,20}( [^\\s]{1,20})?)?".prop_map(|sought| Page::Search { sought }),
        proptest::sample::select(Code::ALL).prop_map(Page::Code),
        (registry(), name.clone()).prop_map(|(registry, name)| Page::Crate { registry, name }),
        (registry(), name.clone()).prop_map(|(registry, name)| Page::Releases { registry, name }),
        (registry(), name.clone(), version.clone()).prop_map(|(registry, name, version)| Page::Release {
            registry,
            name,
            version
        }),
    ];
    prop_oneof![
        page.prop_map(Ask::Page),
        proptest::sample::select(&Asset::ALL[..]).prop_map(Ask::Asset),
        Just(Ask::Status),
        registry().prop_map(|registry| Ask::Config { registry }),
        (registry(), small).prop_map(|(registry, name)| Ask::Index { registry, name }),
        (registry(), name, version, any::<[u8; 32]>()).prop_map(|(registry, name, version, digest)| {
            Ask::Package { registry, name, version, digest: Digest(digest) }
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_asked_for_is_understood(ask in ask()) {
        prop_assert_eq!(Ask::parse(&path(&ask)), Some(ask));
    }

    #[test]
    fn what_is_understood_is_spelt_in_one_way(text in "/[a-z]{1,2}/(dl/)?[a-zA-Z0-9./%-]{0,12}(/[0-9.]{5})?") {
        if let Some(ask) = Ask::parse(&text) {
            prop_assert_eq!(path(&ask), text);
        }
    }

    /// What people read never stands where cargo looks for something: a registry and a crate may have any names.
    #[test]
    fn no_page_has_the_path_of_what_cargo_asks_for(ask in ask(), name in "crate|codes|dl|policy|status|search|style") {
        let is_for_people = |ask: &Ask| matches!(ask, Ask::Page(_) | Ask::Asset(_));
        prop_assert_eq!(Ask::parse(&path(&ask)).as_ref().map(is_for_people), Some(is_for_people(&ask)));
        let index = fence_registry::IndexPath::of(&name.parse().unwrap());
        for registry in ["crate", "codes", "dl", "policy", "status", "search", "crates-io"] {
            let asked = Ask::parse(&format!("/{registry}/{index}"));
            prop_assert!(matches!(asked, Some(Ask::Index { .. })), "{registry} {index}: {asked:?}");
            let asked = Ask::parse(&format!("/{registry}/config.json"));
            prop_assert!(matches!(asked, Some(Ask::Config { .. })), "{registry}: {asked:?}");
        }
    }

    #[test]
    fn whatever_is_sought_is_a_search(query in "\\PC{0,200}") {
        let asked = Ask::parse(&format!("/search?q={query}"));
        prop_assert!(matches!(asked, Some(Ask::Page(Page::Search { .. }))), "{asked:?}");
    }

    #[test]
    fn cargo_fills_in_the_template_so_that_it_is_understood(ask in ask()) {
        if let Ask::Package { registry, name, version, digest } = &ask {
            let filled = download_template(registry)
                .replace("{crate}", name.as_str())
                .replace("{version}", &version.to_string())
                .replace("{sha256-checksum}", &digest.to_string());
            prop_assert_eq!(Ask::parse(&filled), Some(ask));
        }
    }
}
