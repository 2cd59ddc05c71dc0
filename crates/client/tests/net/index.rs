//! The index: from this machine while it is fresh, else from the registry, and what bad registries get.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use fence_client::cache::{Cache, ContentDigest};
use fence_client::cargo_config::{CargoConfig, Credentials, IndexLocation, Registry};
use fence_client::http::{Ask, Http, HttpSettings, Network, Secret, Transfer};
use fence_client::index::{IndexOutcome, Known, Wanted, read_index};
use fence_client::progress::Silent;
use fence_client::{Environment, Limits};
use fence_model::{CrateName, Span, Time};
use fence_registry::IndexPath;
use fence_testkit::registry::{Act, FakeRegistry, Validators};

use crate::support::{
    Fault, FaultyDisk, Pauses, Recorded, impatient, online, online_with, set_changed, settings, time, write,
};

const SERDE: &str = "{\"name\":\"serde\",\"vers\":\"1.0.0\"}\n";
const SYN: &str = "{\"name\":\"syn\",\"vers\":\"2.0.0\"}\n";

/// A registry, a cache, and a client that are about to meet at `now`.
struct Meeting {
    fake: FakeRegistry,
    registry: Registry,
    folder: tempfile::TempDir,
    cache: Cache,
    network: Network,
    pauses: Pauses,
    now: Time,
}

fn meeting() -> Meeting {
    meeting_with(settings(), Limits::DEFAULT)
}

fn meeting_with(settings: HttpSettings, limits: Limits) -> Meeting {
    let fake = FakeRegistry::start();
    fake.serve("index/se/rd/serde", SERDE);
    fake.serve("index/3/s/syn", SYN);
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry {
        name: "fake".into(),
        location: IndexLocation::Sparse(fake.url("index/")),
        credentials: Credentials::None,
        cargo_packages: None,
        cargo_copies: Some(folder.path().join("cargo/registry/index/fake-0123456789abcdef")),
    };
    let cache = Cache::at(&folder.path().join("cache"));
    let (network, pauses) = online_with(settings, limits);
    Meeting { fake, registry, folder, cache, network, pauses, now: time("2026-11-22T12:00:00Z") }
}

impl Meeting {
    /// Reads crates of which nothing is known, and tells what became of them, one line each.
    fn read(&self, names: &[&str]) -> String {
        let names: Vec<CrateName> = names.iter().map(|name| name.parse().unwrap()).collect();
        let wanted: Vec<Wanted<'_>> = names.iter().map(|name| Wanted { name, known: None }).collect();
        self.read_wanted(&wanted)
    }

    /// Reads one crate of which `bytes` are known, confirmed at `checked`.
    fn read_knowing(&self, name: &str, bytes: &str, validator: Option<&str>, checked: &str) -> String {
        let name = name.parse().unwrap();
        let digest = ContentDigest::of(bytes.as_bytes());
        let known = Some(Known { digest, validator, checked: time(checked) });
        self.read_wanted(&[Wanted { name: &name, known }])
    }

    fn read_wanted(&self, wanted: &[Wanted<'_>]) -> String {
        let ten_minutes = Some(Span::minutes(10));
        let outcomes =
            read_index(&self.registry, wanted, ten_minutes, &self.network, &self.cache, self.now, &Silent);
        assert_eq!(outcomes.len(), wanted.len());
        let lines: Vec<String> = outcomes.iter().map(shown).collect();
        self.plain(&lines.join("\n"))
    }

    /// Ports and folders change from run to run.
    fn plain(&self, text: &str) -> String {
        text.replace(&self.fake.host_and_port(), "fake")
            .replace(&self.folder.path().display().to_string(), "")
    }

    /// What the registry was asked for, with the headers that matter.
    fn requests(&self) -> String {
        let matter = ["if-none-match", "if-modified-since", "authorization"];
        let lines: Vec<String> = self
            .fake
            .take_requests()
            .iter()
            .map(|request| {
                let headers = matter
                    .iter()
                    .filter_map(|name| Some(format!(" [{name}: {}]", request.headers.get(*name)?)));
                format!("{}{}", request.path, headers.collect::<String>())
            })
            .collect();
        lines.join("\n")
    }

    fn pauses(&self) -> Vec<u128> {
        std::mem::take(&mut *self.pauses.lock().unwrap())
    }

    fn later(&mut self, span: Span) {
        self.now = self.now + span;
    }
}

fn shown(outcome: &IndexOutcome) -> String {
    match outcome {
        IndexOutcome::Unchanged { checked } => format!("unchanged, checked {checked}"),
        IndexOutcome::Read(entry) => {
            let validator = entry.validator.as_deref().unwrap_or("no validator");
            let text = String::from_utf8_lossy(&entry.bytes);
            format!("read {:?}, {validator}, checked {}", text, entry.checked)
        }
        IndexOutcome::DoesNotExist => "does not exist".into(),
        IndexOutcome::Failed(error) => format!("failed: {error}; {}", error.hint()),
    }
}

#[test]
fn files_are_fetched_once_and_kept_while_they_are_fresh() {
    let mut meeting = meeting();
    let expected = "read \"{\\\"name\\\":\\\"serde\\\",\\\"vers\\\":\\\"1.0.0\\\"}\\n\", no validator, checked 2026-11-22T12:00:00Z";
    assert_eq!(meeting.read(&["serde"]), expected);
    let request = meeting.fake.take_requests().remove(0);
    assert_eq!(request.path, "index/se/rd/serde");
    assert!(request.headers["user-agent"].starts_with("cargo-fence/"), "{request:?}");

    meeting.later(Span::minutes(10));
    assert_eq!(meeting.read(&["serde"]), expected);
    assert_eq!(meeting.requests(), "");

    meeting.later(Span::seconds(1));
    assert_eq!(meeting.read(&["serde"]), expected.replace("12:00:00", "12:10:01"));
    assert_eq!(meeting.requests(), "index/se/rd/serde");
}

#[test]
fn what_the_caller_has_is_not_sent_again() {
    let mut meeting = meeting();
    assert_eq!(
        meeting.read_knowing("serde", SERDE, None, "2026-11-22T11:55:00Z"),
        "unchanged, checked 2026-11-22T11:55:00Z"
    );
    assert_eq!(meeting.requests(), "", "fresh enough");

    assert_eq!(
        meeting.read_knowing("serde", SERDE, None, "2026-11-22T11:00:00Z"),
        "unchanged, checked 2026-11-22T12:00:00Z"
    );
    assert_eq!(meeting.requests(), "index/se/rd/serde", "no validator: the same bytes say so");

    meeting.later(Span::days(1));
    meeting.fake.send_validators(Validators::ETag);
    meeting.fake.next("index/se/rd/serde", [Act::status(304)]);
    assert_eq!(
        meeting.read_knowing("serde", SERDE, Some("etag: \"x\""), "2026-11-22T11:00:00Z"),
        "unchanged, checked 2026-11-23T12:00:00Z"
    );
    assert_eq!(meeting.requests(), "index/se/rd/serde [if-none-match: \"x\"]");
}

#[test]
fn validators_are_sent_back() {
    for (validators, header) in [
        (Validators::ETag, "if-none-match: \""),
        (Validators::LastModified, "if-modified-since: Sat, 22 Aug 2026"),
    ] {
        let mut meeting = meeting();
        meeting.fake.send_validators(validators);
        let first = meeting.read(&["syn"]);
        meeting.later(Span::hours(1));
        let second = meeting.read(&["syn"]);
        let sent = meeting.requests();
        assert!(sent.starts_with(&format!("index/3/s/syn\nindex/3/s/syn [{header}")), "{sent}");
        // The registry says that nothing changed, and the copy is handed out with the new time.
        assert_eq!(second, first.replace("12:00:00Z", "13:00:00Z"));
        meeting.later(Span::minutes(5));
        assert_eq!(meeting.read(&["syn"]), second);
        assert_eq!(meeting.requests(), "", "the copy is fresh again");
    }
}

#[test]
fn three_ways_to_say_that_there_is_no_such_crate() {
    let meeting = meeting();
    meeting.fake.next("index/se/rd/serde", [Act::status(410), Act::status(451)]);
    assert_eq!(meeting.read(&["serde", "serde", "nobody"]), "does not exist\ndoes not exist\ndoes not exist");
    assert_eq!(meeting.pauses(), [0_u128; 0]);
}

#[test]
fn a_copy_outlives_its_file_at_the_registry_but_is_not_taken_for_it() {
    let mut meeting = meeting();
    meeting.read(&["serde"]);
    meeting.fake.remove("index/se/rd/serde");
    meeting.later(Span::hours(1));
    assert_eq!(meeting.read(&["serde"]), "does not exist");
    meeting.network = Network::Offline;
    assert!(meeting.read(&["serde"]).starts_with("read "));
}

#[test]
fn chance_failures_are_tried_again_with_cargos_pauses() {
    let meeting = meeting();
    let serde = meeting.read(&["serde"]);
    for acts in [
        [Act::status(500), Act::status(503), Act::status(429)],
        [Act::Close, Act::CloseMidBody, Act::Garbage],
    ] {
        let meeting = self::meeting();
        meeting.fake.next("index/se/rd/serde", acts);
        assert_eq!(meeting.read(&["serde"]), serde);
        let pauses = meeting.pauses();
        assert!((500..1_500).contains(&pauses[0]), "{pauses:?}");
        assert_eq!(pauses[1..], [3_500, 6_500]);
    }
}

#[test]
fn a_server_says_how_long_to_wait_up_to_ten_seconds() {
    let meeting = meeting();
    meeting.fake.next(
        "index/se/rd/serde",
        [Act::status_with(503, "retry-after", "2"), Act::status_with(429, "retry-after", "3600")],
    );
    assert!(meeting.read(&["serde"]).starts_with("read "));
    assert_eq!(meeting.pauses(), [2_000, 10_000]);
}

/// Expected: the failure of one crate under `acts`, whose number is that of all tries.
fn check_failure<const N: usize>(meeting: &Meeting, acts: [Act; N], expected: &str) {
    meeting.fake.next("index/se/rd/serde", acts);
    let outcomes = meeting.read(&["serde", "syn"]);
    let (serde, syn) = outcomes.split_once('\n').unwrap();
    assert_eq!(serde, expected);
    assert!(syn.starts_with("read "), "one failure is not another's: {syn}");
    let asked = meeting.requests().matches("serde").count();
    assert_eq!(asked, N);
}

#[test]
fn unreachable_is_said_with_the_address() {
    let again = "try again in a while, or use what is on this machine with `--offline`";
    check_failure(
        &meeting(),
        [Act::status(500), Act::status(500), Act::status(500), Act::status(502)],
        &format!("failed: http://fake/index/se/rd/serde cannot be reached: the server answered 502; {again}"),
    );
    let look = "look at the connection and at `http.proxy` in cargo's configuration, \
                or use what is on this machine with `--offline`";
    for act in [Act::Silence, Act::StallMidBody] {
        // An impatient client may find any answer late, so that it is asked for nothing else.
        let meeting = meeting_with(impatient(), Limits::DEFAULT);
        meeting.fake.next("index/se/rd/serde", [act.clone(), act]);
        let silent =
            format!("failed: http://fake/index/se/rd/serde cannot be reached: it fell silent; {look}");
        assert_eq!(meeting.read(&["serde"]), silent);
        assert_eq!(meeting.pauses().len(), 1);
    }
    check_failure(
        &meeting_with(HttpSettings { retries: 1, ..settings() }, Limits::DEFAULT),
        [Act::CloseMidBody, Act::CloseMidBody],
        &format!(
            "failed: http://fake/index/se/rd/serde cannot be reached: the connection was closed before the answer was whole; {look}"
        ),
    );
}

/// Who has no network, or a wrong address, is told at once.
#[test]
fn what_does_not_pass_by_itself_is_not_tried_again() {
    let check = |url: &str, expected: &str| {
        let (network, pauses) = online();
        let Network::Online(http) = network else { unreachable!() };
        let ask = Ask { url, limit: 100, unless: None, token: None, transfer: Transfer::Plain };
        assert_eq!(http.fetch(&ask).unwrap_err().to_string(), format!("{url} cannot be reached: {expected}"));
        assert_eq!(*pauses.lock().unwrap(), [0; 0], "{url}");
    };
    // The server is gone.
    let url = FakeRegistry::start().url("db");
    check(&url, "nobody listens there");
    // No label of a name has more than 63 letters, so that nobody is asked for this one.
    check(&format!("https://{}.example/db", "a".repeat(64)), "the name of its host does not resolve");
}

#[test]
fn nonsense_is_not_unreachable() {
    let compare = "compare the address with the registry's or feed's own words; \
                   a login page of a network may be in between";
    check_failure(
        &meeting_with(HttpSettings { retries: 1, ..settings() }, Limits::DEFAULT),
        [Act::Garbage, Act::Garbage],
        &format!(
            "failed: http://fake/index/se/rd/serde gave an answer that makes no sense: \
             protocol: http parse fail: invalid HTTP version; {compare}"
        ),
    );
    check_failure(
        &meeting(),
        [Act::status(418)],
        &format!(
            "failed: http://fake/index/se/rd/serde gave an answer that makes no sense: status 418; {compare}"
        ),
    );
    check_failure(
        &meeting(),
        [Act::status(304)],
        &format!(
            "failed: http://fake/index/se/rd/serde gave an answer that makes no sense: status 304; {compare}"
        ),
    );
    check_failure(
        &meeting(),
        [Act::Answer { status: 200, headers: vec![], body: b"<!doctype html>".to_vec() }],
        "failed: http://fake/index/se/rd/serde is no index file: it does not begin with a JSON object; \
         compare the address with `[registries]` and `[source]` in cargo's configuration; \
         a login page of a network may be in between",
    );
}

#[test]
fn a_login_page_is_not_kept() {
    let mut meeting = meeting();
    meeting
        .fake
        .next("index/se/rd/serde", [Act::Answer { status: 200, headers: vec![], body: b"<html>".to_vec() }]);
    assert!(meeting.read(&["serde"]).starts_with("failed"));
    meeting.network = Network::Offline;
    assert_eq!(
        meeting.read(&["serde"]),
        "failed: no copy of the index file of serde is on this machine; \
         run once without `--offline`, or name a copy of the index with `--index <folder>`"
    );
}

#[test]
fn a_wrong_length_spoils_no_other_answer() {
    let meeting = meeting();
    meeting.fake.next("index/se/rd/serde", [Act::LengthTooSmall]);
    let outcomes = meeting.read(&["serde", "syn"]);
    let (serde, syn) = outcomes.split_once('\n').unwrap();
    assert!(serde.contains("1.0.0\\\"}\", no validator"), "as long as the server said: {serde}");
    assert!(syn.starts_with("read \"{\\\"name\\\":\\\"syn\\\""), "{syn}");
}

#[test]
fn too_much_is_refused_compressed_or_not() {
    let limits = Limits { index_file_bytes: 40, ..Limits::DEFAULT };
    let expected = "failed: http://fake/index/se/rd/serde sends more than 40 bytes; \
                    compare the address; real files are far smaller";
    let large = format!("{{{}}}", " ".repeat(100_000));
    let plain = Act::Answer { status: 200, headers: vec![], body: large.clone().into_bytes() };
    check_failure(&meeting_with(settings(), limits), [plain], expected);
    check_failure(&meeting_with(settings(), limits), [gzipped(large.as_bytes())], expected);
}

#[test]
fn compressed_answers_are_unpacked() {
    let meeting = meeting();
    let plain = meeting.read(&["serde"]);
    let meeting = self::meeting();
    meeting.fake.next("index/se/rd/serde", [gzipped(SERDE.as_bytes())]);
    assert_eq!(meeting.read(&["serde"]), plain);
}

fn gzipped(bytes: &[u8]) -> Act {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    let headers = vec![("content-encoding".to_owned(), "gzip".to_owned())];
    Act::Answer { status: 200, headers, body: encoder.finish().unwrap() }
}

#[test]
fn redirects_are_followed_but_not_for_ever_and_not_with_the_token() {
    let meeting = meeting();
    meeting.fake.serve("elsewhere", SERDE);
    meeting.fake.next("index/se/rd/serde", [Act::redirect("/elsewhere")]);
    assert!(meeting.read(&["serde"]).starts_with("read "));

    let mut meeting = self::meeting();
    meeting.fake.always(Act::redirect(&meeting.fake.url("index/se/rd/serde")));
    assert_eq!(
        meeting.read(&["serde"]),
        "failed: http://fake/index/se/rd/serde gave an answer that makes no sense: too many redirects; \
         compare the address with the registry's or feed's own words; a login page of a network may be in between"
    );

    let other = FakeRegistry::start();
    other.serve("stolen", SERDE);
    meeting = self::meeting();
    meeting.fake.require_token("t");
    meeting.registry.credentials = Credentials::Token(Secret::new("t"));
    meeting.fake.next("index/se/rd/serde", [Act::redirect(&other.url("stolen"))]);
    assert!(meeting.read(&["serde"]).starts_with("read "));
    assert_eq!(meeting.requests(), "index/config.json\nindex/se/rd/serde [authorization: t]");
    let elsewhere = other.take_requests();
    assert_eq!((elsewhere.len(), elsewhere[0].headers.get("authorization")), (1, None));
}

#[test]
fn a_token_is_shown_to_those_who_ask_for_it() {
    let mut meeting = meeting();
    meeting.registry.credentials = Credentials::Token(Secret::new("t"));

    meeting.fake.serve("index/config.json", r#"{"dl": "https://dl.example"}"#);
    assert!(meeting.read(&["serde"]).starts_with("read "));
    assert_eq!(meeting.requests(), "index/config.json\nindex/se/rd/serde", "an open registry gets no token");

    meeting.later(Span::hours(1));
    meeting.fake.serve("index/config.json", r#"{"dl": "https://dl.example", "auth-required": true}"#);
    assert!(meeting.read(&["serde"]).starts_with("read "));
    assert_eq!(meeting.requests(), "index/config.json\nindex/se/rd/serde [authorization: t]");

    meeting.later(Span::hours(1));
    meeting.fake.require_token("other");
    let denied = "failed: http://fake/index/se/rd/serde is not for everybody: the server answered 401; \
                  set the registry's token, as for cargo: \
                  `cargo login --registry <name>` or CARGO_REGISTRIES_<NAME>_TOKEN";
    assert_eq!(meeting.read(&["serde"]), denied, "a wrong token");
    meeting.registry.credentials = Credentials::None;
    assert_eq!(meeting.read(&["serde"]), denied, "no token");
}

#[test]
fn a_token_that_only_cargo_can_get_is_asked_for_in_another_way() {
    let mut meeting = meeting();
    meeting.fake.require_token("t");
    meeting.registry.credentials = Credentials::OnlyCargo {
        provider: "cargo:libsecret".into(),
        variable: "CARGO_REGISTRIES_FAKE_TOKEN".into(),
    };
    assert_eq!(
        meeting.read(&["serde"]),
        "failed: fake wants a token, and its credential provider `cargo:libsecret` is not asked by the fence; \
         set CARGO_REGISTRIES_FAKE_TOKEN to a token that may read the registry"
    );
}

#[test]
#[cfg(unix)]
fn a_program_may_print_the_token() {
    let mut meeting = meeting();
    meeting.fake.require_token("t of fake");
    let printing = |script: &str| Credentials::FromStdout {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
        registry: "fake".into(),
    };
    meeting.registry.credentials = printing("echo \"t of $CARGO_REGISTRY_NAME_OPT\"");
    assert!(meeting.read(&["serde"]).starts_with("read "));

    meeting.later(Span::hours(1));
    let mut check = |script: &str, cause: &str| {
        meeting.registry.credentials = printing(script);
        assert_eq!(
            meeting.read(&["serde"]),
            format!(
                "failed: fake wants a token, and `sh` gave none: {cause}; \
                 run `sh` by hand; it has to print a token in one line"
            )
        );
    };
    check("echo locked >&2; exit 3", "exit status: 3: locked");
    check("true", "it printed nothing");
    check("echo a; echo b", "it printed more than a line");
    check("yes", "it printed more than 16384 bytes");
}

#[test]
fn a_dead_line_is_not_tried_for_every_crate() {
    let meeting = meeting();
    let Meeting { registry, cache, now, fake, .. } = &meeting;
    let names: Vec<CrateName> = (0..50).map(|n| format!("crate{n}").parse().unwrap()).collect();
    let wanted: Vec<Wanted<'_>> = names.iter().map(|name| Wanted { name, known: None }).collect();
    fake.always(Act::Close);
    let (network, pauses) = online();
    let outcomes = read_index(registry, &wanted, Some(Span::minutes(10)), &network, cache, *now, &Silent);
    let unreachable = outcomes.iter().filter(|o| shown(o).contains("cannot be reached")).count();
    assert_eq!(unreachable, 50);
    assert_eq!(pauses.lock().unwrap().len(), 9, "the retries of three crates");
}

#[test]
fn offline_the_younger_copy_is_used_whatever_its_age() {
    let mut meeting = meeting();
    meeting.read(&["serde"]);
    meeting.requests();
    meeting.network = Network::Offline;
    meeting.later(Span::days(365));
    let serde = meeting.read(&["serde"]);
    assert!(serde.ends_with("checked 2026-11-22T12:00:00Z"), "{serde}");
    assert_eq!(
        meeting.read_knowing("serde", "older", None, "2026-11-21T12:00:00Z"),
        serde,
        "younger than what the caller has"
    );
    assert_eq!(
        meeting.read_knowing("serde", "younger", None, "2026-11-23T12:00:00Z"),
        "unchanged, checked 2026-11-23T12:00:00Z"
    );
    assert_eq!(
        meeting.read_knowing("syn", SYN, None, "2026-11-01T12:00:00Z"),
        "unchanged, checked 2026-11-01T12:00:00Z"
    );
    assert!(meeting.read(&["syn"]).starts_with("failed: no copy of the index file of syn"));
    assert_eq!(meeting.requests(), "");
}

#[test]
fn a_damaged_copy_is_fetched_again() {
    let meeting = meeting();
    let serde = meeting.read(&["serde"]);
    let path = meeting.folder.path().join("cache/v1/index/fake-0123456789abcdef/se/rd/serde");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    write(&path, bytes);
    assert_eq!(meeting.read(&["serde"]), serde);
    assert_eq!(meeting.requests(), "index/se/rd/serde\nindex/se/rd/serde");
}

#[test]
fn a_cache_that_cannot_be_written_is_told_once_and_stops_nothing() {
    let meeting = meeting();
    for fails_at in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::on(folder.path(), Arc::new(FaultyDisk::new(fails_at, Fault::Before)));
        let names = ["serde".parse().unwrap(), "syn".parse().unwrap()];
        let wanted = names.each_ref().map(|name| Wanted { name, known: None });
        let told = Recorded::default();
        let outcomes =
            read_index(&meeting.registry, &wanted, None, &meeting.network, &cache, meeting.now, &told);
        assert!(outcomes.iter().all(|o| matches!(o, IndexOutcome::Read(_))), "{outcomes:?}");
        let told = told.text().replace(&folder.path().display().to_string(), "");
        let file = ["se/rd/serde", "3/s/syn"][fails_at / 3];
        let warning = format!(
            "warning: the cache cannot be written: /v1/index/fake-0123456789abcdef/{file}: the disk was pulled out"
        );
        assert_eq!(told.matches("warning").count(), 1, "{told}");
        assert!(
            told.contains(&warning) && told.starts_with("2 index files, ") && told.ends_with(", end"),
            "{told}"
        );
    }
}

#[test]
fn many_crates_come_in_order_over_few_connections() {
    let meeting = meeting_with(HttpSettings { connections: 4, ..settings() }, Limits::DEFAULT);
    let names: Vec<CrateName> = (0..200).map(|n| format!("crate-{n}").parse().unwrap()).collect();
    for name in &names {
        meeting.fake.serve(&format!("index/{}", IndexPath::of(name)), format!("{{\"name\":\"{name}\"}}\n"));
    }
    let wanted: Vec<Wanted<'_>> = names.iter().map(|name| Wanted { name, known: None }).collect();
    let told = Recorded::default();
    let outcomes =
        read_index(&meeting.registry, &wanted, None, &meeting.network, &meeting.cache, meeting.now, &told);
    for (name, outcome) in names.iter().zip(&outcomes) {
        let IndexOutcome::Read(entry) = outcome else { panic!("{outcome:?}") };
        assert_eq!(String::from_utf8_lossy(&entry.bytes), format!("{{\"name\":\"{name}\"}}\n"));
    }
    assert_eq!(told.text().matches("one").count(), 200);
    assert!(meeting.fake.connections() <= 4, "{}", meeting.fake.connections());
}

#[test]
fn plain_requests_go_through_the_proxy_and_past_it_where_it_says() {
    let proxy = FakeRegistry::start();
    proxy.serve("index/se/rd/serde", SERDE);
    let mut meeting =
        meeting_with(HttpSettings { http_proxy: Some(proxy.host_and_port()), ..settings() }, Limits::DEFAULT);
    meeting.registry.location = IndexLocation::Sparse("http://registry.invalid/index/".into());
    assert!(meeting.read(&["serde"]).starts_with("read "));
    let asked = proxy.take_requests();
    assert_eq!(asked.last().unwrap().path, "index/se/rd/serde");
    assert_eq!(asked.last().unwrap().headers["host"], "registry.invalid");

    let meeting = meeting_with(
        HttpSettings {
            http_proxy: Some(proxy.host_and_port()),
            no_proxy: Some("localhost,127.0.0.1".into()),
            ..settings()
        },
        Limits::DEFAULT,
    );
    assert!(meeting.read(&["serde"]).starts_with("read "));
    assert_eq!((proxy.take_requests().len(), meeting.requests().as_str()), (0, "index/se/rd/serde"));
}

#[test]
fn settings_that_cannot_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let check = |settings: HttpSettings, expected: &str| {
        let error = Http::new(&settings).unwrap_err();
        let text = format!("{error}; {}", error.hint()).replace(&folder.path().display().to_string(), "");
        assert_eq!(text, expected);
    };
    let proxy = "write `http.proxy` or HTTPS_PROXY as [protocol://][user:password@]host[:port]";
    check(
        HttpSettings { https_proxy: Some("user:hush@gopher://x y".into()), ..settings() },
        &format!("the proxy \"gopher://x y\" is not to be understood; {proxy}"),
    );
    let cainfo = "let `http.cainfo` in cargo's configuration name a file of PEM certificates";
    let gone = folder.path().join("gone.pem");
    check(
        HttpSettings { cainfo: Some(gone), ..settings() },
        &format!(
            "the certificate authorities in /gone.pem cannot be used: No such file or directory (os error 2); {cainfo}"
        ),
    );
    let empty = folder.path().join("empty.pem");
    write(&empty, "no certificate here\n");
    check(
        HttpSettings { cainfo: Some(empty), ..settings() },
        &format!(
            "the certificate authorities in /empty.pem cannot be used: it holds no certificate; {cainfo}"
        ),
    );
}

#[test]
fn indexes_that_the_fence_does_not_read_say_what_to_do() {
    let mut meeting = meeting();
    meeting.registry.location = IndexLocation::Git("https://user:hush@git.example/index".into());
    assert_eq!(
        meeting.read(&["serde"]),
        "failed: the index of fake is a git repository (https://git.example/index), which the fence does not read; \
         use the registry's sparse index (`index = \"sparse+https://…/\"`); \
         for crates.io remove `protocol = \"git\"` from cargo's configuration"
    );
    meeting.registry.location = IndexLocation::Vendored("/vendor".into());
    assert_eq!(
        meeting.read(&["serde"]),
        "failed: fake is replaced with the folder /vendor, which has no index; \
         name a copy of the index with `--index <folder>`, or run where the source is not replaced"
    );
    meeting.registry.location = IndexLocation::Sparse("ftp://x.example/".into());
    assert_eq!(
        meeting.read(&["serde"]),
        "failed: \"ftp://x.example/se/rd/serde\" is no address to ask: it is neither https nor http; \
         write an address that begins with https://"
    );
}

#[test]
fn a_folder_is_an_index_as_of_its_newest_file() {
    let mut meeting = meeting();
    let folder = meeting.folder.path().join("copy");
    for (path, bytes, when) in
        [("se/rd/serde", SERDE, "2026-08-01T00:00:00Z"), ("3/s/syn", SYN, "2026-08-02T00:00:00Z")]
    {
        write(&folder.join(path), bytes);
        set_changed(&folder.join(path), time(when));
    }
    meeting.registry = Registry::in_folder(&folder);
    meeting.network = Network::Offline;
    let outcomes = meeting.read(&["serde", "syn", "nobody"]);
    let lines: Vec<&str> = outcomes.lines().collect();
    assert!(lines[0].ends_with(", 32 1785542400000000000, checked 2026-08-02T00:00:00Z"), "{}", lines[0]);
    assert!(lines[1].ends_with("checked 2026-08-02T00:00:00Z"), "{}", lines[1]);
    assert_eq!(lines[2], "does not exist");

    let unchanged = "unchanged, checked 2026-08-01T00:00:00Z";
    assert_eq!(
        meeting.read_knowing("serde", "?", Some("32 1785542400000000000"), "2026-08-01T00:00:00Z"),
        unchanged
    );
    assert_eq!(meeting.read_knowing("serde", SERDE, None, "2026-08-01T00:00:00Z"), unchanged);

    meeting.registry = Registry::in_folder(&folder.join("gone"));
    assert_eq!(
        meeting.read(&["serde"]),
        "failed: no index in /copy/gone: No such file or directory (os error 2); \
         name a folder in the layout of a sparse index"
    );
}

/// The bytes are those that cargo 1.95 wrote for a registry without validators.
#[test]
fn cargos_own_copy_is_used_while_it_is_fresh() {
    let mut meeting = meeting();
    let copy = meeting.registry.cargo_copies.clone().unwrap().join(".cache/id/en/ident_case");
    write(&copy, include_bytes!("../data/cargo-cache/ident_case"));
    set_changed(&copy, time("2026-11-22T11:58:00Z"));
    let read = meeting.read(&["ident_case"]);
    assert!(
        read.starts_with("read \"{\\\"name\\\": \\\"ident_case\\\", \\\"vers\\\": \\\"1.0.0\\\""),
        "{read}"
    );
    assert!(read.ends_with("}\\n\", no validator, checked 2026-11-22T11:58:00Z"), "{read}");
    assert_eq!(read.matches("\\n").count(), 2, "a line for each release");
    assert_eq!(meeting.requests(), "");

    meeting.later(Span::hours(1));
    assert_eq!(
        meeting.read(&["ident_case"]),
        "does not exist",
        "not fresh: the registry is asked, which has none"
    );
    meeting.network = Network::Offline;
    assert_eq!(meeting.read(&["ident_case"]), read);

    for spoilt in [&b""[..], b"\x02\x02\0\0\0Unknown\0", b"\x03\x02\0\0\0etag", b"\xff\xff"] {
        write(&copy, spoilt);
        assert!(meeting.read(&["ident_case"]).starts_with("failed: no copy"), "{spoilt:?}");
    }
}

/// Cargo itself fetches from the fake registry; then the fence finds cargo's copies, with their validators.
#[test]
fn the_fence_finds_what_cargo_wrote() {
    let mut meeting = meeting();
    let dependency = "{\"name\":\"serde\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\
                      \"a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3\",\
                      \"features\":{},\"yanked\":false}\n";
    meeting.fake.serve("index/se/rd/serde", dependency);
    meeting.fake.serve("index/config.json", "{\"dl\":\"http://127.0.0.1:9/\"}");
    meeting.fake.send_validators(Validators::ETag);
    let project = meeting.folder.path().join("project");
    write(
        &project.join("Cargo.toml"),
        "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nserde = \"1\"\n",
    );
    write(&project.join("src/lib.rs"), "");
    let url = meeting.fake.url("index/");
    write(
        &project.join(".cargo/config.toml"),
        format!("[source.crates-io]\nreplace-with = 'fake'\n[registries.fake]\nindex = 'sparse+{url}'\n"),
    );
    let home = meeting.folder.path().join("home");
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["generate-lockfile", "--quiet"])
        .current_dir(&project)
        .env("CARGO_HOME", &home)
        .env_remove("CARGO_HTTP_PROXY")
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    meeting.requests();

    let home = home.display().to_string();
    let environment = Environment::of([("CARGO_HOME", home.as_str())], Path::new("/"));
    meeting.registry = CargoConfig::read(&project, &environment).unwrap().crates_io().unwrap();
    meeting.now = time("2036-01-01T00:00:00Z");
    let read = meeting.read(&["serde"]);
    assert!(read.contains("etag: \"") && read.ends_with("checked 2036-01-01T00:00:00Z"), "{read}");
    let asked = meeting.requests();
    assert!(asked.starts_with("index/se/rd/serde [if-none-match: \""), "{asked}");
    meeting.network = Network::Offline;
    assert_eq!(meeting.read(&["serde"]), read, "kept by the fence as well");
}
