//! Feeds: what is read from each kind of source, and what bad ones get.

use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

use fence_client::Limits;
use fence_client::cache::Cache;
use fence_client::feed::{FeedFiles, FeedOutcome, read_feed, unpack};
use fence_client::http::{HttpSettings, Network};
use fence_model::policy::{FeedRole, FeedSource};
use fence_model::{Span, Time};
use fence_testkit::registry::{Act, FakeRegistry, Validators};

use crate::support::{
    Fault, FaultyDisk, impatient, online, online_with, real_data, set_changed, settings, time, write,
};

/// A project with a cache, about to read a feed at `now`.
struct Reading {
    folder: tempfile::TempDir,
    cache: Cache,
    network: Network,
    now: Time,
}

fn reading() -> Reading {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(&folder.path().join("cache"));
    Reading { folder, cache, network: online().0, now: time("2026-11-22T12:00:00Z") }
}

impl Reading {
    fn read(&self, source: &FeedSource, known: Option<&str>) -> FeedOutcome {
        let root = self.folder.path().join("project");
        read_feed("rustsec", source, &root, known, &self.network, &self.cache, self.now)
    }

    /// What became of the feed, in lines.
    fn shown(&self, source: &FeedSource, known: Option<&str>) -> String {
        let text = match self.read(source, known) {
            FeedOutcome::Unchanged { identity, as_of } => {
                format!("unchanged {}, as of {as_of}", short(&identity))
            }
            FeedOutcome::Read(files) => {
                let names: Vec<&str> = files.files.iter().map(|(path, _)| path.as_str()).collect();
                let FeedFiles { identity, as_of, fetched, .. } = &files;
                format!("{} as of {as_of}, fetched {fetched}: {}", short(identity), names.join(" "))
            }
            FeedOutcome::Failed(error) => format!("{error}; {}", error.hint()),
        };
        text.replace(&self.folder.path().display().to_string(), "")
    }

    fn put(&self, path: &str, bytes: impl AsRef<[u8]>, changed: &str) {
        let path = self.folder.path().join("project").join(path);
        write(&path, bytes);
        set_changed(&path, time(changed));
    }
}

/// The kind of an identity; its digits are the content's.
fn short(identity: &str) -> &str {
    identity.split(':').next().unwrap()
}

fn folder(path: &str) -> FeedSource {
    FeedSource { path: Some(path.into()), ..FeedSource::of(FeedRole::Advisories) }
}

fn archive(place: &str) -> FeedSource {
    FeedSource { archive: Some(place.into()), ..FeedSource::of(FeedRole::Advisories) }
}

fn audits(place: &str) -> FeedSource {
    FeedSource { file: Some(place.into()), ..FeedSource::of(FeedRole::Audits) }
}

fn git(address: &str) -> FeedSource {
    FeedSource { git: Some(address.into()), ..FeedSource::of(FeedRole::Advisories) }
}

/// A `.tar`, entry by entry; the checksum of each header is right whatever stands in it.
struct Tar(tar::Builder<Vec<u8>>);

fn tarball() -> Tar {
    Tar(tar::Builder::new(Vec::new()))
}

impl Tar {
    fn entry(mut self, kind: tar::EntryType, path: &str, bytes: &[u8], changed: u64) -> Self {
        let mut header = tar::Header::new_ustar();
        // Not `set_path`: it refuses what a hostile archive has.
        header.as_ustar_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(changed);
        header.set_cksum();
        self.0.append(&header, bytes).unwrap();
        self
    }

    fn file(self, path: &str, bytes: &[u8]) -> Self {
        // 2026-08-21T06:28:00Z
        self.entry(tar::EntryType::Regular, path, bytes, 1_787_293_680)
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn advisories() -> Tar {
    tarball()
        .entry(tar::EntryType::Directory, "./crates/", b"", 1_787_293_000)
        .file("./crates/a/RUSTSEC-2026-0001.md", b"one")
        .file("./crates/b/RUSTSEC-2026-0002.md", b"two")
        .file("./LICENSE.txt", b"not used")
}

/// A `.zip`, entry by entry.
struct Zip(zip::ZipWriter<std::io::Cursor<Vec<u8>>>);

fn zipped() -> Zip {
    Zip(zip::ZipWriter::new(std::io::Cursor::new(Vec::new())))
}

impl Zip {
    fn file(mut self, path: &str, bytes: &[u8]) -> Self {
        self.0.start_file(path, Self::options()).unwrap();
        self.0.write_all(bytes).unwrap();
        self
    }

    fn link(mut self, path: &str) -> Self {
        self.0.add_symlink(path, "/etc/passwd", Self::options()).unwrap();
        self
    }

    fn options() -> zip::write::SimpleFileOptions {
        zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default())
    }

    fn bytes(self) -> Vec<u8> {
        self.0.finish().unwrap().into_inner()
    }
}

/// An OSV export: a record per file, at the top.
fn records() -> Zip {
    zipped()
        .file("RUSTSEC-2026-0001.json", &b"one, and again one, and again one".repeat(9))
        .file("GHSA-aaaa-bbbb-cccc.json", b"two")
        .file("modified_id.csv", b"not used")
}

const READ_ARCHIVE: &str = "sha256 as of 2026-08-21T06:28:00Z, fetched 2026-11-22T12:00:00Z: \
                            crates/a/RUSTSEC-2026-0001.md crates/b/RUSTSEC-2026-0002.md";

#[test]
fn a_folder_is_read_without_links_and_hidden_things() {
    let reading = reading();
    reading.put("db/crates/a/RUSTSEC-2026-0001.md", "one", "2026-08-01T00:00:00Z");
    reading.put("db/crates/b/RUSTSEC-2026-0002.md", "two", "2026-08-02T00:00:00Z");
    reading.put("db/.git/x.md", "hidden", "2026-08-03T00:00:00Z");
    reading.put("db/README.txt", "not used", "2026-08-04T00:00:00Z");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc", reading.folder.path().join("project/db/etc.md")).unwrap();
    let first = "files as of 2026-08-02T00:00:00Z, fetched 2026-11-22T12:00:00Z: \
                 crates/a/RUSTSEC-2026-0001.md crates/b/RUSTSEC-2026-0002.md";
    assert_eq!(reading.shown(&folder("db"), None), first);

    let FeedOutcome::Read(files) = reading.read(&folder("db"), None) else { panic!() };
    assert_eq!(
        reading.shown(&folder("db"), Some(&files.identity)),
        "unchanged files, as of 2026-08-02T00:00:00Z"
    );
    // The same bytes under other names are another feed.
    std::fs::rename(
        reading.folder.path().join("project/db/crates/a"),
        reading.folder.path().join("project/db/crates/aa"),
    )
    .unwrap();
    assert!(reading.shown(&folder("db"), Some(&files.identity)).contains("crates/aa/"));
}

#[test]
fn a_role_takes_the_files_that_it_uses() {
    let reading = reading();
    for path in
        ["set/supply-chain/audits.toml", "set/supply-chain/config.toml", "set/Cargo.toml", "set/README.md"]
    {
        reading.put(path, "x", "2026-08-01T00:00:00Z");
    }
    let set = FeedSource { path: Some("set".into()), ..FeedSource::of(FeedRole::Audits) };
    assert!(reading.shown(&set, None).ends_with(": supply-chain/audits.toml supply-chain/config.toml"));
    assert!(reading.shown(&folder("set"), None).ends_with(": README.md"));
    reading.put("ours.toml", "x", "2026-08-01T00:00:00Z");
    let expected = "sha256 as of 2026-08-01T00:00:00Z, fetched 2026-11-22T12:00:00Z: ours.toml";
    assert_eq!(reading.shown(&audits("ours.toml"), None), expected);
}

#[test]
fn what_is_not_there_is_absent() {
    let reading = reading();
    let correct = "correct the source in [feeds.rustsec] of fence.toml; paths are relative to it";
    for source in [folder("gone"), archive("gone"), audits("gone")] {
        assert_eq!(
            reading.shown(&source, None),
            format!("feed rustsec is not there: /project/gone: there is no such file or folder; {correct}")
        );
    }
    let server = FakeRegistry::start();
    let missing =
        reading.shown(&archive(&server.url("db.tar.zst")), None).replace(&server.host_and_port(), "fake");
    assert_eq!(
        missing,
        format!(
            "feed rustsec is not there: http://fake/db.tar.zst: the server says that there is no such file; {correct}"
        )
    );
}

#[test]
fn archives_are_known_by_their_first_bytes() {
    let reading = reading();
    let plain = advisories().bytes();
    let two_frames =
        [zst(&plain[..1_000]), vec![0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9], zst(&plain[1_000..])].concat();
    for packed in [plain.clone(), gz(&plain), zst(&plain), two_frames] {
        reading.put("db.bin", packed, "2026-09-01T00:00:00Z");
        assert_eq!(reading.shown(&archive("db.bin"), None), READ_ARCHIVE);
    }
}

/// The times of its entries have no time zone, so that of the file counts.
#[test]
fn a_zip_of_osv_records_is_read() {
    let reading = reading();
    reading.put("all.zip", records().bytes(), "2026-09-01T00:00:00Z");
    assert_eq!(
        reading.shown(&archive("all.zip"), None),
        "sha256 as of 2026-09-01T00:00:00Z, fetched 2026-11-22T12:00:00Z: \
         GHSA-aaaa-bbbb-cccc.json RUSTSEC-2026-0001.json"
    );
    let branch = zipped().file("db-osv/crates/RUSTSEC-2026-0001.json", b"1").file("db-osv/README.txt", b"");
    reading.put("branch.zip", branch.bytes(), "2026-09-01T00:00:00Z");
    let shown = reading.shown(&archive("branch.zip"), None);
    assert!(shown.ends_with(": crates/RUSTSEC-2026-0001.json"), "{shown}");
}

#[test]
fn a_folder_that_everything_lies_in_is_taken_off() {
    let reading = reading();
    let check = |tar: Tar, expected: &str| {
        reading.put("db.tar", tar.bytes(), "2026-09-01T00:00:00Z");
        let shown = reading.shown(&archive("db.tar"), None);
        assert_eq!(shown.split_once("Z: ").unwrap().1, expected);
    };
    let forge = tarball()
        .entry(tar::EntryType::XGlobalHeader, "pax_global_header", b"20 comment=whatever\n", 0)
        .file("advisory-db-main/README.txt", b"")
        .file("advisory-db-main/crates/a/RUSTSEC-2026-0001.md", b"one");
    check(forge, "crates/a/RUSTSEC-2026-0001.md");
    check(tarball().file("crates/a/RUSTSEC-2026-0001.md", b"one"), "crates/a/RUSTSEC-2026-0001.md");
    check(tarball().file("a/x.md", b"one").file("b/x.md", b"two"), "a/x.md b/x.md");
}

#[test]
fn times_that_cannot_be_are_not_believed() {
    let reading = reading();
    let check = |changed: u64, file_changed: &str, expected: &str| {
        let tar = tarball().entry(tar::EntryType::Regular, "a.md", b"x", changed);
        reading.put("db.tar", tar.bytes(), file_changed);
        assert_eq!(
            reading.shown(&archive("db.tar"), None).split(", ").next().unwrap(),
            format!("sha256 as of {expected}")
        );
    };
    check(1_787_293_680, "2026-09-01T00:00:00Z", "2026-08-21T06:28:00Z");
    check(0, "2026-09-01T00:00:00Z", "2026-09-01T00:00:00Z");
    check(315_532_800, "1980-01-01T00:00:00Z", "2026-11-22T12:00:00Z");
    check(4_000_000_000, "2026-09-01T00:00:00Z", "2026-11-22T12:00:00Z");
}

/// Expected: what the archive `packed` gets.
fn check_archive(packed: &[u8], expected: &str) {
    let reading = reading();
    reading.put("db", packed, "2026-09-01T00:00:00Z");
    let again =
        "fetch or make the archive again; if it is the one that its publisher means, report it to them";
    let expected = format!("feed rustsec is invalid: /project/db: {expected}; {again}");
    assert_eq!(reading.shown(&archive("db"), None), expected);
}

#[test]
fn hostile_paths_and_kinds_are_named() {
    use tar::EntryType as Kind;
    for path in ["../x.md", "/etc/x.md", "a/../../x.md", "..", "a\\..\\x.md", "C:/x.md", "\\\\host\\x.md"] {
        check_archive(
            &tarball().file(path, b"x").bytes(),
            &format!("the path {path:?} leads outside the archive"),
        );
    }
    for (kind, said) in [
        (Kind::Symlink, "a link"),
        (Kind::Link, "a link"),
        (Kind::Char, "a device"),
        (Kind::Block, "a device"),
        (Kind::Fifo, "a pipe"),
        (Kind::new(b'Z'), "of an unknown kind"),
    ] {
        check_archive(
            &tarball().entry(kind, "a/x.md", b"", 0).bytes(),
            &format!("the entry \"a/x.md\" is {said}, not a file or folder"),
        );
    }
    check_archive(
        &tarball().file("a/x.md", b"1").file("./a//x.md", b"2").bytes(),
        "the file \"a/x.md\" is there twice",
    );
    for path in ["../MAL-1.json", "/MAL-1.json", "a/../../MAL-1.json", "a\\..\\MAL-1.json"] {
        check_archive(
            &zipped().file(path, b"x").bytes(),
            &format!("the path {path:?} leads outside the archive"),
        );
    }
    check_archive(
        &zipped().link("a/MAL-1.json").bytes(),
        "the entry \"a/MAL-1.json\" is a link, not a file or folder",
    );
    check_archive(
        &zipped().file("a/MAL-1.json", b"1").file("a//MAL-1.json", b"2").bytes(),
        "the file \"a/MAL-1.json\" is there twice",
    );
    // Which of two entries of one name is meant, tools do not agree on.
    let twice = zipped().file("MAL-1.json", b"1").file("MAL-2.json", b"2").bytes();
    let mut renamed = twice.clone();
    for at in 0..twice.len() {
        if twice[at..].starts_with(b"MAL-2.json") {
            renamed[at + 4] = b'1';
        }
    }
    check_archive(&renamed, "it is damaged: it does not list as many entries as it says, or one twice");
    let mut long = tar::Builder::new(Vec::new());
    let path = format!("{}x.md", "folder/".repeat(200));
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    long.append_data(&mut header, &path, &b""[..]).unwrap();
    check_archive(
        &long.into_inner().unwrap(),
        &format!("the path {:?} is longer than 1024 bytes, or is no text", &path[..200]),
    );
}

#[test]
fn archives_that_end_early_are_refused_wherever_they_end() {
    let plain = advisories().bytes();
    for packed in [plain.clone(), gz(&plain), zst(&plain)] {
        // The last 1,024 bytes of a plain archive are the zeros that say that it is whole.
        let whole = if packed == plain { plain.len() - 1_024 } else { packed.len() - 1 };
        for end in (0..=whole).step_by(if packed == plain { 16 } else { 1 }) {
            let outcome = unpack(&packed[..end], FeedRole::Advisories, &Limits::DEFAULT);
            assert!(outcome.is_err(), "cut at {end}: {outcome:?}");
        }
    }
    check_archive(&plain[..2_000], "it is cut off");
    check_archive(&plain[..plain.len() - 1_024], "it is cut off");
    check_archive(&gz(&plain)[..100], "it is cut off");
    check_archive(&zst(&plain)[..100], "it is cut off");
    let listed = records().bytes();
    for end in 0..listed.len() {
        let outcome = unpack(&listed[..end], FeedRole::Advisories, &Limits::DEFAULT);
        assert!(outcome.is_err(), "cut at {end}: {outcome:?}");
    }
    check_archive(&listed[..listed.len() - 1], "it is cut off");
    check_archive(
        &[&listed[..], b"more"].concat(),
        "it is damaged: it does not list as many entries as it says, or one twice",
    );
}

#[test]
fn a_flipped_bit_changes_no_file() {
    let plain = advisories().bytes();
    let read = |packed: &[u8]| unpack(packed, FeedRole::Advisories, &Limits::DEFAULT);
    for (packed, honest) in [
        (gz(&plain), read(&plain).unwrap()),
        (zst(&plain), read(&plain).unwrap()),
        (records().bytes(), read(&records().bytes()).unwrap()),
    ] {
        for at in 0..packed.len() {
            for bit in [0x01, 0x10] {
                let mut flipped = packed.clone();
                flipped[at] ^= bit;
                // Flips that leave the content as it is, such as those of a gzip header's time, do no harm.
                if let Ok(files) = read(&flipped) {
                    assert_eq!(files, honest, "flipped {bit} at {at}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    check_archive(b"", "it is neither .tar nor .tar.gz nor .tar.zst nor .zip");
    check_archive(b"PK\x03\x04 a zip", "it is cut off");
    check_archive(b"<!doctype html>", "it is neither .tar nor .tar.gz nor .tar.zst nor .zip");
    check_archive(&gz(b"not a tar"), "it is cut off");
    check_archive(
        &gz(&[b'x'; 2_048]),
        "it is damaged: numeric field was not a number: xxxxxxxx when getting cksum for xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    );
    let reading = reading();
    reading.put("db", gz(&[0x1b; 2_048]), "2026-09-01T00:00:00Z");
    let shown = reading.shown(&archive("db"), None);
    assert!(shown.contains("it is damaged: numeric field") && !shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn bombs_do_not_go_off() {
    // 16 MiB of zeros in 16 kB: far beyond what text does.
    let huge = vec![0; 16 << 20];
    for packed in [gz(&tarball().file("a.txt", &huge).bytes()), zst(&tarball().file("a.txt", &huge).bytes())]
    {
        let size = packed.len();
        let limit = (size * 200).max(1 << 20);
        assert!(limit < huge.len(), "{size}");
        check_archive(
            &packed,
            &format!("it unpacks to more than {limit} bytes, which is too much for {size} bytes of archive"),
        );
    }
    let bomb = zipped().file("MAL-1.json", &huge[..12 << 20]).bytes();
    let (size, limit) = (bomb.len(), (bomb.len() * 200).max(1 << 20));
    check_archive(
        &bomb,
        &format!("it unpacks to more than {limit} bytes, which is too much for {size} bytes of archive"),
    );
    // A frame that says that it needs 2 GiB of window, before any byte of it.
    check_archive(
        &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00],
        "it was packed with a window of 2147483648 bytes, more than 134217728",
    );
}

#[test]
fn floods_of_files_are_refused() {
    let limits = Limits { feed_entries: 3, feed_file_bytes: 5, feed_kept_bytes: 8, ..Limits::DEFAULT };
    let check = |tar: Tar, expected: &str| {
        let reading = Reading { network: online_with(settings(), limits).0, ..reading() };
        reading.put("db", tar.bytes(), "2026-09-01T00:00:00Z");
        let shown = reading.shown(&archive("db"), None);
        assert!(shown.starts_with(&format!("feed rustsec is invalid: /project/db: {expected}; ")), "{shown}");
    };
    check(
        tarball().file("a", b"").file("b", b"").file("c", b"").file("d", b""),
        "it holds more than 3 entries",
    );
    check(tarball().file("a.md", b"123456"), "the file \"a.md\" has more than 5 bytes");
    check(
        tarball().file("a.md", b"12345").file("b.md", b"1234"),
        "its files have more than 8 bytes together",
    );

    let check = |zip: Zip, expected: &str| {
        let outcome = unpack(&zip.bytes(), FeedRole::Advisories, &limits).unwrap_err();
        assert_eq!(outcome.to_string(), expected);
    };
    check(
        zipped().file("a", b"").file("b", b"").file("c", b"").file("d", b""),
        "it holds more than 3 entries",
    );
    check(zipped().file("A-1.json", b"123456"), "the file \"A-1.json\" has more than 5 bytes");
    check(
        zipped().file("A-1.json", b"12345").file("A-2.json", b"1234"),
        "its files have more than 8 bytes together",
    );

    let reading = Reading { network: online_with(settings(), limits).0, ..reading() };
    let shown = |files: &[(&str, &str)]| {
        let db = reading.folder.path().join("project/db");
        let _ = std::fs::remove_dir_all(&db);
        for (path, bytes) in files {
            reading.put(&format!("db/{path}"), bytes, "2026-09-01T00:00:00Z");
        }
        let shown = reading.shown(&folder("db"), None);
        shown.split_once(';').unwrap().0.to_owned()
    };
    assert_eq!(
        shown(&[("a", ""), ("b", ""), ("c", ""), ("d", "")]),
        "feed rustsec is invalid: /project/db: it holds more than 3 entries"
    );
    assert_eq!(
        shown(&[("a.md", "123456")]),
        "feed rustsec is invalid: /project/db/a.md: it has 6 bytes, more than 5"
    );
    assert_eq!(
        shown(&[("a.md", "12345"), ("b.md", "1234")]),
        "feed rustsec is invalid: /project/db: its files have more than 8 bytes together"
    );
}

#[test]
fn an_address_is_asked_for_what_changed() {
    let server = FakeRegistry::start();
    server.send_validators(Validators::ETag);
    server.serve("db.tar.zst", zst(&advisories().bytes()));
    let source = archive(&server.url("db.tar.zst"));
    let mut reading = reading();
    assert_eq!(reading.shown(&source, None), READ_ARCHIVE);
    let asked = server.take_requests();
    assert_eq!(asked[0].headers["accept-encoding"], "identity");

    let FeedOutcome::Read(files) = reading.read(&source, None) else { panic!() };
    reading.now = reading.now + Span::hours(6);
    assert_eq!(reading.shown(&source, Some(&files.identity)), "unchanged sha256, as of 2026-08-21T06:28:00Z");
    assert_eq!(server.take_requests().iter().filter(|r| r.headers.contains_key("if-none-match")).count(), 2);
    // Who lost what was made of it gets it again, without a byte from the server.
    assert_eq!(reading.shown(&source, None), READ_ARCHIVE.replace("T12:00", "T18:00"));

    server.serve("db.tar.zst", gz(&advisories().file("crates/c/RUSTSEC-2026-0003.md", b"three").bytes()));
    assert!(reading.shown(&source, Some(&files.identity)).ends_with("RUSTSEC-2026-0003.md"));
}

#[test]
fn offline_the_copy_is_used_and_another_source_has_none() {
    let server = FakeRegistry::start();
    server.serve_dated("audits.toml", "x", "Sun, 06 Sep 2026 08:49:37 GMT");
    server.send_validators(Validators::LastModified);
    let source = audits(&server.url("audits.toml?token=hush"));
    server.serve_dated("audits.toml?token=hush", "x", "Sun, 06 Sep 2026 08:49:37 GMT");
    let mut reading = reading();
    let expected = "sha256 as of 2026-09-06T08:49:37Z, fetched 2026-11-22T12:00:00Z: audits.toml";
    assert_eq!(reading.shown(&source, None), expected);
    reading.now = reading.now + Span::days(30);
    reading.network = Network::Offline;
    assert_eq!(reading.shown(&source, None), expected);
    let shown = reading.shown(&audits(&server.url("other.toml?token=hush")), None);
    assert_eq!(
        shown.replace(&server.host_and_port(), "fake"),
        "feed rustsec is not on this machine: it was never read from http://fake/other.toml; \
         run once without `--offline`"
    );
}

#[test]
fn a_copy_that_was_torn_is_none() {
    let server = FakeRegistry::start();
    server.serve("db", zst(&advisories().bytes()));
    let source = archive(&server.url("db"));
    for fault in [Fault::Before, Fault::Halfway] {
        for fails_at in 0..3 {
            let mut reading = reading();
            reading.cache = Cache::on(reading.folder.path(), Arc::new(FaultyDisk::new(fails_at, fault)));
            assert_eq!(reading.shown(&source, None), READ_ARCHIVE, "a cache that fails stops nothing");
            reading.network = Network::Offline;
            assert!(reading.shown(&source, None).starts_with("feed rustsec is not on this machine"));
        }
    }
}

#[test]
fn unreachable_refused_and_invalid_stay_apart() {
    let server = FakeRegistry::start();
    let once = HttpSettings { retries: 0, ..settings() };
    let check = |settings: HttpSettings, act: Act, expected: &str| {
        let reading = Reading { network: online_with(settings, Limits::DEFAULT).0, ..reading() };
        server.next("db", [act]);
        let shown = reading.shown(&archive(&server.url("db")), None).replace(&server.host_and_port(), "fake");
        assert_eq!(shown.split_once(';').unwrap().0, expected);
    };
    check(
        once.clone(),
        Act::status(500),
        "feed rustsec cannot be reached: http://fake/db: the server answered 500",
    );
    check(
        HttpSettings { retries: 0, ..impatient() },
        Act::StallMidBody,
        "feed rustsec cannot be reached: http://fake/db: it fell silent",
    );
    check(
        once.clone(),
        Act::Answer { status: 200, headers: vec![], body: b"<html>".to_vec() },
        "feed rustsec is invalid: http://fake/db: it is neither .tar nor .tar.gz nor .tar.zst nor .zip",
    );
    check(once.clone(), Act::status(400), "feed rustsec is invalid: http://fake/db: the server answered 400");
    check(once, Act::status(403), "feed rustsec is refused: http://fake/db: the server answered 403");
}

#[test]
fn addresses_that_anybody_can_change_on_the_way_are_not_asked() {
    let reading = reading();
    let check = |source: FeedSource, expected: &str| {
        let shown = reading.shown(&source, None);
        assert_eq!(shown.split_once(';').unwrap().0, expected);
    };
    check(
        archive("http://user:hush@feed.example/db.tar.gz?key=hush"),
        "feed rustsec is refused: http://feed.example/db.tar.gz: it is not an https address",
    );
    check(archive("file:///db"), "feed rustsec is refused: file:///db: write it as a path");
    check(
        archive("http://127.0.0.1.feed.example/db"),
        "feed rustsec is refused: http://127.0.0.1.feed.example/db: it is not an https address",
    );
    for address in [
        "http://git.example/db",
        "git://git.example/db",
        "ext::sh -c true",
        "--upload-pack=sh",
        "https://",
        "ssh://-oProxyCommand=sh/db",
        "https://git.example/a b",
        "/srv/db",
        "file://-x",
        "ssh://me@-x/db",
    ] {
        let shown = reading.shown(&git(address), None);
        assert!(
            shown.contains("is refused") && shown.contains("git is asked over https, ssh and file only"),
            "{shown}"
        );
    }
}

/// A repository on this machine, made with commits of a known time.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"], 0);
        repository
    }

    fn git(&self, arguments: &[&str], seconds: i64) -> String {
        let date = format!("{seconds} +0200");
        let output = Command::new("git")
            .args(["-c", "user.name=n", "-c", "user.email=m", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit(&self, path: &str, text: &str, when: &str) {
        write(&self.0.path().join(path), text);
        self.git(&["add", "--all"], 0);
        self.git(&["commit", "--quiet", "--message=m"], time(when).unix());
    }

    fn source(&self) -> FeedSource {
        git(&format!("file://{}", self.0.path().display()))
    }
}

#[test]
fn a_repository_is_read_at_its_newest_commit() {
    let repository = Repository::new();
    repository.commit("crates/a/RUSTSEC-2026-0001.md", "one", "2026-08-01T00:00:00Z");
    repository.commit("crates/b/RUSTSEC-2026-0002.md", "two\n", "2026-08-02T00:00:00Z");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", repository.0.path().join("crates/link.md")).unwrap();
    repository.commit("src/main.rs", "not used", "2026-08-03T00:00:00Z");
    let mut reading = reading();
    let first = "git as of 2026-08-03T00:00:00Z, fetched 2026-11-22T12:00:00Z: \
                 crates/a/RUSTSEC-2026-0001.md crates/b/RUSTSEC-2026-0002.md";
    assert_eq!(reading.shown(&repository.source(), None), first);

    let FeedOutcome::Read(files) = reading.read(&repository.source(), None) else { panic!() };
    let head = repository.git(&["rev-parse", "HEAD"], 0);
    assert_eq!(files.identity, format!("git:{}", head.trim()));
    assert_eq!(files.files[1].1, b"two\n");
    assert_eq!(
        reading.shown(&repository.source(), Some(&files.identity)),
        "unchanged git, as of 2026-08-03T00:00:00Z"
    );

    repository.commit("crates/c/RUSTSEC-2026-0003.md", "three", "2036-01-01T00:00:00Z");
    reading.now = reading.now + Span::days(1);
    assert_eq!(
        reading.shown(&repository.source(), Some(&files.identity)),
        "git as of 2026-11-23T12:00:00Z, fetched 2026-11-23T12:00:00Z: \
         crates/a/RUSTSEC-2026-0001.md crates/b/RUSTSEC-2026-0002.md crates/c/RUSTSEC-2026-0003.md",
        "a commit from the future is as of now"
    );
    // Nothing of a repository stays.
    let left = std::fs::read_dir(reading.folder.path().join("cache/v1/git")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn a_repository_on_this_machine_needs_no_network() {
    let repository = Repository::new();
    repository.commit("crates/a/RUSTSEC-2026-0001.md", "one", "2026-08-01T00:00:00Z");
    let reading = Reading { network: Network::Offline, ..reading() };
    assert!(reading.shown(&repository.source(), None).starts_with("git as of 2026-08-01T00:00:00Z"));
    assert_eq!(
        reading.shown(&git("https://git.example/db"), None),
        "feed rustsec is not on this machine: it was never read from https://git.example/db; run once without `--offline`"
    );
}

#[test]
fn repositories_that_are_none_are_told_apart() {
    let reading = reading();
    let gone = reading.folder.path().join("gone");
    let shown = reading.shown(&git(&format!("file://{}", gone.display())), None);
    assert!(
        shown.starts_with(
            "feed rustsec is not there: file:///gone: exit status: 128: fatal: '/gone' does not appear"
        ),
        "{shown}"
    );

    let empty = Repository::new();
    let shown = reading.shown(&empty.source(), None);
    assert!(shown.contains("is invalid") && shown.contains("the repository has no commit;"), "{shown}");

    // Nothing listens there, since the server is gone.
    let address = FakeRegistry::start().host_and_port();
    let shown = reading.shown(&git(&format!("https://{address}/db")), None).replace(&address, "gone");
    assert!(
        shown.starts_with("feed rustsec cannot be reached: https://gone/db: exit status: 128: fatal: unable to access 'https://gone/db/': Failed to connect"),
        "{shown}"
    );
}

#[test]
fn floods_in_repositories_are_refused() {
    let repository = Repository::new();
    repository.commit("a.md", "123456", "2026-08-01T00:00:00Z");
    let check = |limits: Limits, expected: &str| {
        let reading = Reading { network: online_with(settings(), limits).0, ..reading() };
        let shown = reading.shown(&repository.source(), None);
        assert!(shown.contains("is invalid") && shown.contains(expected), "{shown}");
    };
    check(Limits { feed_file_bytes: 5, ..Limits::DEFAULT }, "the file \"a.md\" has more than 5 bytes");
    check(Limits { feed_kept_bytes: 5, ..Limits::DEFAULT }, "its files have more than 5 bytes together");
    repository.commit("b.txt", "", "2026-08-01T00:00:00Z");
    check(Limits { feed_entries: 1, ..Limits::DEFAULT }, "it holds more than 1 files");
}

/// Hooks, filters, aliases and helpers of whoever runs the fence stay out of it.
#[test]
#[cfg(unix)]
fn nothing_that_a_repository_brings_along_is_run() {
    let repository = Repository::new();
    repository.commit("crates/a/RUSTSEC-2026-0001.md", "one", "2026-08-01T00:00:00Z");
    let mark = repository.0.path().join("mark");
    for hook in
        ["post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change", "fsmonitor-watchman"]
    {
        let path = repository.0.path().join(".git/hooks").join(hook);
        write(&path, format!("#!/bin/sh\necho {hook} >> {}\n", mark.display()));
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        std::fs::set_permissions(&path, permissions).unwrap();
    }
    write(&repository.0.path().join(".gitattributes"), "*.md filter=evil\n");
    repository.git(&["config", "filter.evil.smudge", &format!("touch {}", mark.display())], 0);
    repository.commit(
        ".gitmodules",
        "[submodule \"x\"]\npath = x\nurl = ext::sh -c true\n",
        "2026-08-02T00:00:00Z",
    );
    let _ = std::fs::remove_file(&mark);
    let reading = reading();
    assert!(reading.shown(&repository.source(), None).starts_with("git as of 2026-08-02T00:00:00Z"));
    assert!(!mark.exists(), "{}", std::fs::read_to_string(&mark).unwrap_or_default());
}

#[test]
fn an_unwritable_cache_stops_git_only_and_is_named() {
    let repository = Repository::new();
    repository.commit("a.md", "x", "2026-08-01T00:00:00Z");
    let reading = reading();
    write(&reading.folder.path().join("cache"), "in the way");
    let shown = reading.shown(&repository.source(), None);
    assert!(
        shown.starts_with("feed rustsec needs the cache, which cannot be written: /cache/v1/git/"),
        "{shown}"
    );
    assert!(
        shown.ends_with("(os error 20); set CARGO_FENCE_CACHE to a folder that you can write to"),
        "{shown}"
    );
}

#[test]
fn the_real_database_is_read_whole() {
    let Some(data) = real_data() else { return };
    let reading = reading();
    let path = data.join("advisory-db/advisory-db.tar.zst").display().to_string();
    let FeedOutcome::Read(files) = reading.read(&archive(&path), None) else { panic!() };
    let advisories = files
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("crates/") || path.starts_with("rust/"))
        .count();
    assert_eq!((advisories, files.as_of), (1_225, time("2026-08-21T06:28:40Z")));

    let path = data.join("audits/files.tar.zst").display().to_string();
    let sets = FeedSource { archive: Some(path), ..FeedSource::of(FeedRole::Audits) };
    let FeedOutcome::Read(files) = reading.read(&sets, None) else { panic!() };
    assert_eq!(files.files.len(), 56, "of 59, three are of other names");
}
