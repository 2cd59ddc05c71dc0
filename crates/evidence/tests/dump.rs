//! What is read of the database dump, and what is said of one that cannot be trusted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read};

use fence_evidence::Limits;
use fence_evidence::dump::{Crate, Dump, DumpError, Part, Reader, Table};
use fence_model::Time;
use fence_model::facts::{DependencyKind, Publisher};
use fence_model::people::Account;
use fence_testkit::dump::{CI_SINCE, LAYOUTS, MadeUp, RECORDED_SINCE};
use fence_testkit::synthetic::{Shapes, Synthetic};
use proptest::prelude::*;

const TODAY: &str = LAYOUTS[LAYOUTS.len() - 1];

fn registry(crates: u32) -> Synthetic {
    Synthetic::of(Shapes::few(), crates, Time::from_unix(1_790_000_000), 7)
}

/// The files of a dump, in the order of the archive.
type Files = Vec<(Part, Vec<u8>)>;

fn files(registry: &Synthetic, day: &str) -> Files {
    let (made, reader) = (MadeUp::of(registry, day), Reader::with_dependencies(&Limits::default()));
    let mut files = vec![(Part::Metadata, made.metadata().into_bytes())];
    for name in made.tables() {
        if let Some(part) = reader.wants(&format!("data/{name}.csv")) {
            let mut bytes = Vec::new();
            made.table(name, &mut bytes).expect("a table");
            files.push((part, bytes));
        }
    }
    files
}

fn read(files: &Files) -> Result<Dump, DumpError> {
    read_within(files, &Limits::default())
}

fn read_within(files: &Files, limits: &Limits) -> Result<Dump, DumpError> {
    let mut reader = Reader::with_dependencies(limits);
    for (part, bytes) in files {
        reader.read(*part, &mut bytes.as_slice())?;
    }
    reader.finish()
}

/// Everything that a dump tells of people.
fn people(dump: &Dump) -> String {
    let account = |account: Account| {
        let organisation = dump.organisation(account).map_or_else(String::new, |org| format!(" of {org}"));
        let kind = match account {
            Account::User(id) => format!("user {id}"),
            Account::Team(id) => format!("team {id}"),
        };
        format!("{kind} {}{organisation}", dump.login(account).unwrap_or("without a login"))
    };
    let mut text = format!("as of {}\n", dump.as_of());
    for of in dump.crates() {
        let _ = writeln!(text, "{}", of.name());
        for owner in of.owners() {
            let _ = writeln!(text, "  {} since {}", account(owner.account), owner.since);
        }
        for release in of.releases() {
            let by = match release.publisher() {
                Some(Publisher::User(id)) => account(Account::User(id)),
                Some(Publisher::Ci(_)) => "CI".to_owned(),
                None => "nobody knows whom".to_owned(),
            };
            let yanked = if release.yanked() { ", yanked" } else { "" };
            let digest = release.digest().to_string();
            let _ = writeln!(
                text,
                "  {} …{} {} by {by}{yanked}",
                release.version(),
                &digest[54..],
                release.published()
            );
            for need in release.dependencies() {
                let kind = match need.kind {
                    DependencyKind::Normal => "",
                    DependencyKind::Build => " for its build",
                    DependencyKind::Dev => " for its tests",
                };
                let optional = if need.optional { " optionally" } else { "" };
                let target = need.target.map_or_else(String::new, |target| format!(" on {target}"));
                let _ = writeln!(text, "    {} {}{kind}{optional}{target}", need.on, need.requirement);
            }
        }
    }
    text
}

/// What only later layouts tell, and what was left out.
fn beside(dump: &Dump) -> String {
    let only_ci: Vec<&str> =
        dump.crates().filter(|of| of.trustpub_only() == Some(true)).map(|of| of.name()).collect();
    let told = dump.crates().all(|of| of.trustpub_only().is_some());
    let only_ci =
        if told { format!("only CI publishes {only_ci:?}") } else { "nobody tells of CI".to_owned() };
    let deleted = match dump.deleted() {
        None => "nobody tells what was deleted".to_owned(),
        Some(deleted) => deleted
            .map(|of| format!("{} deleted {}, free {}", of.name, of.deleted, of.free))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let mut text = format!("{only_ci}\n{deleted}\n");
    for skipped in dump.skipped() {
        let first = skipped
            .first
            .as_ref()
            .map_or_else(String::new, |(line, fault)| format!("; line {line}: {fault}"));
        let example = skipped.example.as_ref().map_or_else(String::new, |example| format!("; {example}"));
        let _ = writeln!(
            text,
            "{}: {} rows, {} malformed, {} dangling{first}{example}",
            skipped.table, skipped.rows, skipped.malformed, skipped.dangling
        );
    }
    text
}

#[test]
fn a_small_dump() {
    let dump = read(&files(&registry(9), TODAY)).expect("a dump");
    insta::assert_snapshot!(format!("{}\n{}", people(&dump), beside(&dump)));
}

#[test]
fn every_layout_tells_of_the_same_people() {
    let registry = registry(60);
    let today = people(&read(&files(&registry, TODAY)).expect("a dump"));
    let mut told = String::new();
    for day in LAYOUTS {
        let dump = read(&files(&registry, day)).unwrap_or_else(|error| panic!("{day}: {error}"));
        assert_eq!(people(&dump), today, "{day}");
        let columns = |table: Table| {
            let all = files(&registry, day);
            let of = all.into_iter().find(|(part, _)| *part == Part::Table(table));
            of.map_or_else(|| "no table".to_owned(), |(_, bytes)| first_line(&bytes))
        };
        let deleted = dump.deleted().map_or_else(|| "none".to_owned(), |deleted| deleted.len().to_string());
        let _ = writeln!(
            told,
            "{day}: users {}; oauth_github {}; crates told of CI: {}; deleted: {deleted}",
            columns(Table::Users),
            columns(Table::OauthGithub),
            dump.crates().filter(|of| of.trustpub_only().is_some()).count()
        );
    }
    insta::assert_snapshot!(told);
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn it_tells_what_the_index_tells() {
    let registry = registry(40);
    let dump = read(&files(&registry, TODAY)).expect("a dump");
    let (mut by_ci, mut unknown) = (0, 0);
    for number in 0..registry.crates() {
        let of = dump.crate_named(&Synthetic::name(number)).expect("a crate");
        let needs = registry.needs(number);
        let history = registry.history(number, &needs);
        assert_eq!(of.releases().len(), history.len());
        for release in history {
            let version = release.version.parse().expect("a version");
            let told = of.release(&version, &release.digest).expect("a release");
            assert_eq!((told.published(), told.yanked()), (release.published, release.yanked));
            assert_eq!(told.dependencies().len(), release.needs);
            for need in &needs[..release.needs] {
                let on = Synthetic::name(need.on);
                assert!(
                    told.dependencies().any(|told| told.on == on && told.requirement == need.requirement)
                );
            }
            match told.publisher() {
                Some(by @ Publisher::Ci(_)) => {
                    assert_eq!(by, Publisher::UNKNOWN_CI);
                    assert!(release.published >= CI_SINCE);
                    by_ci += 1;
                }
                None => {
                    assert!(release.published < RECORDED_SINCE);
                    unknown += 1;
                }
                Some(Publisher::User(id)) => {
                    assert!(release.published >= RECORDED_SINCE);
                    assert!(of.owners().any(|owner| owner.account == Account::User(id)));
                }
            }
        }
    }
    assert!(by_ci > 0 && unknown > 0);
    assert!(dump.crate_named("crate_1").is_none(), "names are exact");
}

/// Who publishes other bytes under the version of a release has not published that release.
#[test]
fn a_release_is_found_by_its_bytes() {
    let registry = registry(9);
    let dump = read(&files(&registry, TODAY)).expect("a dump");
    let of: Crate<'_> = dump.crate_named("crate-1").expect("a crate");
    let release = of.releases().next().expect("a release");
    let version = release.version().parse().expect("a version");
    assert!(of.release(&version, &release.digest()).is_some());
    assert!(of.release(&version, &fence_model::Digest([9; 32])).is_none());
    assert!(of.release(&"77.0.0".parse().expect("a version"), &release.digest()).is_none());
}

#[test]
fn an_archive_is_read_as_it_is_unpacked() {
    let registry = registry(30);
    let mut packed = Vec::new();
    MadeUp::of(&registry, TODAY).archive(&mut packed).expect("an archive");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let mut reader = Reader::with_dependencies(&Limits::default());
    let mut passed = Vec::new();
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").to_str().expect("text").to_owned();
        match reader.wants(&path) {
            Some(part) => reader.read(part, &mut entry).expect("a table"),
            None => passed.push(path),
        }
        if reader.is_complete() {
            break;
        }
    }
    let dump = reader.finish().expect("a dump");
    assert_eq!(people(&dump), people(&read(&files(&registry, TODAY)).expect("a dump")));
    insta::assert_snapshot!(passed.join("\n"));
}

#[test]
fn without_dependencies_they_are_not_asked_for() {
    let (registry, limits) = (registry(9), Limits::default());
    let all = files(&registry, TODAY);
    let mut reader = Reader::new(&limits);
    assert_eq!(reader.wants("2026-10-12-020011/data/dependencies.csv"), None);
    assert_eq!(reader.wants("2026-10-12-020011/data/users.csv"), Some(Part::Table(Table::Users)));
    assert_eq!(reader.wants("metadata.json"), Some(Part::Metadata));
    for other in
        ["data/version_downloads.csv", "a/b/data/users.csv", "users.csv", "data/users", "b/users.csv"]
    {
        assert_eq!(reader.wants(other), None, "{other}");
    }
    for (part, bytes) in all.iter().filter(|(part, _)| *part != Part::Table(Table::Dependencies)) {
        assert!(!reader.is_complete());
        reader.read(*part, &mut bytes.as_slice()).expect("a table");
    }
    assert!(reader.is_complete());
    let dump = reader.finish().expect("a dump");
    assert_eq!(dump.dependencies(), None);
    assert!(dump.crates().flat_map(|of| of.releases()).all(|release| release.dependencies().len() == 0));
    assert_eq!(read(&all).expect("a dump").releases(), dump.releases());
}

/// A dump of two crates, each file as it stands; `change` says what is otherwise.
fn with(change: impl FnOnce(&mut BTreeMap<&'static str, String>)) -> Result<Dump, DumpError> {
    let digest = |digit: &str| digit.repeat(64);
    let mut files = BTreeMap::from([
        ("metadata.json", r#"{"timestamp": "2026-10-12T02:00:11.5Z", "crates_io_commit": "unknown"}"#.to_owned()),
        ("users", "id,username\n1,ann\n7,ben\n".to_owned()),
        ("teams", "id,login\n7,github:org:team\n".to_owned()),
        ("crates", "id,name\n3,foo\n5,bar\n".to_owned()),
        (
            "crate_owners",
            "crate_id,created_at,owner_id,owner_kind\n3,2020-01-01 00:00:00+00,7,1\n3,2020-01-01 00:00:00,7,0\n"
                .to_owned(),
        ),
        (
            "versions",
            format!(
                "checksum,crate_id,created_at,id,num,published_by,yanked\n\
                 {},3,2020-01-01 10:20:30.999999,11,1.0.0,7,f\n{},5,2026-01-01 10:20:30+00,12,1.0.0,,t\n",
                digest("a"),
                digest("b")
            ),
        ),
        ("dependencies", "crate_id,kind,optional,req,target,version_id\n5,0,f,^1,,11\n".to_owned()),
    ]);
    change(&mut files);
    let mut reader = Reader::with_dependencies(&Limits { dump_row_bytes: 4_096, ..Limits::default() });
    for (name, text) in files {
        let path = if name == "metadata.json" { name.to_owned() } else { format!("data/{name}.csv") };
        let part = reader.wants(&path).expect("a part");
        reader.read(part, &mut text.as_bytes())?;
    }
    reader.finish()
}

#[test]
fn what_cannot_be_trusted_is_refused_in_words() {
    type Change = Box<dyn FnOnce(&mut BTreeMap<&'static str, String>)>;
    let put = |name: &'static str, text: String| -> Change {
        Box::new(move |files| drop(files.insert(name, text)))
    };
    let add = |name: &'static str, text: String| -> Change {
        Box::new(move |files| files.get_mut(name).expect("a table").push_str(&text))
    };
    let without = |name: &'static str| -> Change { Box::new(move |files| drop(files.remove(name))) };
    let replace = |name: &'static str, from: &'static str, to: &'static str| -> Change {
        Box::new(move |files| {
            let text = files.get_mut(name).expect("a table");
            *text = text.replace(from, to);
        })
    };
    let version = |id: u32, rest: &str| format!("{},3,2020-01-02 00:00:00+00,{id},{rest}\n", "c".repeat(64));
    let many = |row: &dyn Fn(u32) -> String| (100..117).map(row).collect::<String>();
    let cases: Vec<(&str, Change)> = vec![
        ("nothing is wrong", Box::new(|_| {})),
        ("no metadata", without("metadata.json")),
        ("no time", put("metadata.json", "{}".to_owned())),
        ("a time that is none", put("metadata.json", r#"{"timestamp": "\u001b[2Jyesterday"}"#.to_owned())),
        ("no table", without("versions")),
        ("no teams", without("teams")),
        ("no dependencies", without("dependencies")),
        ("empty", put("users", String::new())),
        ("a column is gone", replace("versions", "published_by", "published_as")),
        ("the digest has another name", replace("versions", "checksum", "tar_sha512")),
        ("logins are gone", replace("users", "username", "nick")),
        ("a column is there twice", replace("crates", "id,name", "id,name,name")),
        ("cut off", put("crates", "id,name\n3,foo\n5,ba".to_owned())),
        ("a quote is not closed", add("crates", "9,\"baz\n".to_owned())),
        ("a row is too long", add("crates", format!("9,\"{}\"\n", "x".repeat(5_000)))),
        ("too many fields", add("crates", format!("{}\n", "9,".repeat(300)))),
        ("a quote swallows rows", replace("crates", "3,foo\n5,bar\n", "3,\"foo\n5,\"bar\n")),
        ("a row of another length", add("crates", "9,baz,t\n".to_owned())),
        ("versions that are none", add("versions", many(&|id| version(id, "one,7,f")))),
        ("times that are none", replace("crate_owners", "2020-01-01 00", "2020-01-32 00")),
        ("more of them", add("crate_owners", many(&|id| format!("3,infinity,{id},0\n")))),
        ("other kinds of owners", add("crate_owners", many(&|id| format!("3,2020-01-01 00:00:00,{id},2\n")))),
        ("names that are none", add("crates", many(&|id| format!("{id},\"\u{1b}[31m,\n{id}\"\n")))),
        ("numbers with signs", add("users", many(&|id| format!("+{id},x\n")))),
        ("one user twice", add("users", "7,eve\n".to_owned())),
        ("one team twice", add("teams", "7,github:eve:eve\n".to_owned())),
        ("one crate twice", add("crates", "3,eve\n".to_owned())),
        ("one name twice", add("crates", "9,FOO\n".to_owned())),
        ("one owner twice", add("crate_owners", "3,2010-01-01 00:00:00,7,0\n".to_owned())),
        ("one number twice", add("versions", version(11, "2.0.0,7,f"))),
        ("one version twice", add("versions", version(13, "1.0.0,1,f"))),
        ("owners of nothing", add("crate_owners", many(&|id| format!("{id},2020-01-01 00:00:00,7,0\n")))),
        ("owners who are nobody", add("crate_owners", many(&|id| format!("3,2020-01-01 00:00:00,{id},1\n")))),
        ("publishers who are nobody", add("versions", many(&|id| version(id, &format!("2.0.{id},{id},f"))))),
        ("releases of nothing", replace("crates", "5,bar\n", "")),
        ("dependencies of nothing", add("dependencies", many(&|id| format!("5,0,f,^1,,{id}\n")))),
        ("dependencies on nothing", add("dependencies", many(&|id| format!("{id},0,f,^1,,11\n")))),
        ("kinds that are none", add("dependencies", many(&|_| "5,3,f,^1,,11\n".to_owned()))),
    ];
    let mut told = String::new();
    for (name, change) in cases {
        let outcome = match with(change) {
            Err(error) => error.to_string(),
            Ok(dump) => {
                let some = dump.skipped().iter().filter(|skipped| skipped.malformed + skipped.dangling > 0);
                let left: Vec<String> = some
                    .map(|skipped| format!("{} {}+{}", skipped.table, skipped.malformed, skipped.dangling))
                    .collect();
                format!("{} releases; left out: {left:?}", dump.releases())
            }
        };
        assert!(!outcome.contains(char::is_control), "{outcome:?}");
        let _ = writeln!(told, "{name}: {outcome}");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn nobody_gets_more_room_than_there_is() {
    let all = files(&registry(60), TODAY);
    let mut told = String::new();
    let cases: [fn(&mut Limits); 6] = [
        |limits| limits.dump_crates = 50,
        |limits| limits.dump_accounts = 20,
        |limits| limits.dump_releases = 100,
        |limits| limits.dump_dependencies = 100,
        |limits| limits.dump_text_bytes = 300,
        |limits| limits.dump_table_bytes = 2_000,
    ];
    for case in cases {
        let mut limits = Limits::default();
        case(&mut limits);
        let error = read_within(&all, &limits).expect_err("too much");
        let _ = writeln!(told, "{error}");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_the_archive_does_not_give_is_not_made_up() {
    struct Breaks<'a>(&'a [u8]);
    impl Read for Breaks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("it is\u{7} damaged")),
                count => Ok(count),
            }
        }
    }
    let mut reader = Reader::new(&Limits::default());
    let error = reader.table(Table::Users, &mut Breaks(b"id,username\n1,ann\n")).expect_err("an error");
    assert_eq!(
        error.to_string(),
        "data/users.csv cannot be read on: it is\u{fffd} damaged; fetch the dump again"
    );
    let mut reader = Reader::new(&Limits::default());
    let other = [b"id,name\n".as_slice(), &b"9,\xff\n".repeat(17)].concat();
    let error = reader.table(Table::Crates, &mut other.as_slice()).expect_err("an error");
    assert!(error.to_string().contains("name is \"\u{fffd}\", and should be UTF-8;"), "{error}");
    let mut reader = Reader::new(&Limits::default());
    reader.table(Table::Teams, &mut b"id,login\n".as_slice()).expect("a table");
    let twice = reader.table(Table::Teams, &mut b"id,login\n".as_slice()).expect_err("an error");
    assert_eq!(twice.to_string(), "data/teams.csv is there twice: no dump has that; fetch the dump again");
}

/// A login is shown by what is nearest to GitHub; the account is a number whatever it is called.
#[test]
fn logins_are_those_of_github() {
    let told = |users: &str, github: Option<&str>| {
        let dump = with(|files| {
            files.insert("users", users.to_owned());
            if let Some(github) = github {
                files.insert("oauth_github", format!("account_id,login,user_id\n{github}"));
            }
        });
        let dump = dump.expect("a dump");
        dump.accounts()
            .map(|account| format!("{account:?} {}", dump.login(account).unwrap_or("-")))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let of_three = "id,gh_login,username\n1,,\n7,old,ben\n";
    let told = [
        told(of_three, None),
        told(of_three, Some("99,second,7\n98,first,7\n5,ann,1\n6,nobody,55\n")),
        told("id,gh_login\n7,old\n", None),
        told("id\n7\n", Some("98,first,7\n")),
        told("id,username\n1,a b\n7,\u{1b}[31m\n", Some("98,,7\n")),
    ];
    insta::assert_snapshot!(told.join("\n"));
}

/// The rows of a table, those with line feeds in quotes too.
fn rows(text: &str) -> Vec<String> {
    let (mut rows, mut row, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        row.push(c);
        match c {
            '"' => quoted = !quoted,
            '\n' if !quoted => rows.push(std::mem::take(&mut row)),
            _ => {}
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// In whatever order rows and tables come, and whatever columns stand beside, the dump tells the same.
    #[test]
    fn order_does_not_show(seed: u64, crates in 3u32..12) {
        let registry = registry(crates);
        let straight = files(&registry, TODAY);
        let mut next = seed;
        let mut key = || {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            next >> 33
        };
        let mut shuffled: Files = straight
            .iter()
            .map(|(part, bytes)| {
                let text = String::from_utf8(bytes.clone()).expect("text");
                if *part == Part::Metadata {
                    return (*part, bytes.clone());
                }
                let all = rows(&text);
                let (header, rest) = all.split_first().expect("a header");
                let mut keyed: Vec<(u64, &String)> = rest.iter().map(|row| (key(), row)).collect();
                keyed.sort();
                let rest: String = keyed.into_iter().map(|(_, row)| format!("\"\"\"new\"\"\",{row}")).collect();
                (*part, format!("a_new_column,{header}{rest}").into_bytes())
            })
            .collect();
        shuffled.sort_by_key(|_| key());
        let (straight, shuffled) = (read(&straight).expect("a dump"), read(&shuffled).expect("a dump"));
        prop_assert_eq!(people(&straight), people(&shuffled));
        prop_assert_eq!(straight.deleted().map(Vec::from_iter), shuffled.deleted().map(Vec::from_iter));
    }
}
