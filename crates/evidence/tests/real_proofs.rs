//! The 1,018 real crev proofs of four repositories are read without a problem, and say what a reader of another make
//! found in them; not one byte of them can be changed.

mod support;

use fence_evidence::Limits;
use fence_evidence::crev::{Content, Proof, parse_proofs};

/// The files of the archive that hold proofs, with their paths.
fn files() -> Option<Vec<(String, Vec<u8>)>> {
    let files = support::archive(&support::fence_data()?, "crev/proofs.tar.zst");
    Some(files.into_iter().filter(|(path, _)| path.ends_with(".proof.crev")).collect())
}

fn read(path: &str, bytes: &[u8]) -> (Vec<Proof>, Vec<String>) {
    let parsed = parse_proofs(path, bytes, &Limits::default()).unwrap_or_else(|problem| panic!("{problem}"));
    (parsed.value, parsed.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn every_proof_says_what_the_table_has() {
    let Some(data) = support::fence_data() else { return };
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut trusted_ids = 0;
    for (path, bytes) in files().expect("the same folder") {
        let (proofs, problems) = read(&path, &bytes);
        assert_eq!(problems, [""; 0], "{path}");
        let legacy = bytes.windows(15).filter(|window| window == b"-----BEGIN CREV").count() / 2;
        for (number, proof) in proofs.iter().enumerate() {
            trusted_ids += match &proof.content {
                Content::Trust(trust) => trust.ids.len(),
                Content::Review(_) | Content::CodeReview => 0,
            };
            let mut row = vec![path.clone()];
            // Only a file of today's format and the older one would mix them, and none does.
            row.push(if number < legacy { "legacy" } else { "new" }.to_owned());
            row.extend(shown(proof));
            found.push(row);
        }
    }
    let columns = [
        "file",
        "format",
        "kind",
        "date",
        "author_id",
        "author_url",
        "crate",
        "version",
        "digest",
        "rating",
        "thoroughness",
        "understanding",
        "trust",
        "has_issues",
        "has_advisories",
    ];
    let mut expected: Vec<Vec<String>> = support::table(&data, "crev/proofs.csv")
        .iter()
        .map(|row| {
            assert_eq!(row["signature"], "valid");
            let field = |column: &&str| match *column {
                "date" => row["date"].parse::<fence_model::Time>().expect("a time").to_string(),
                column => row[column].clone(),
            };
            columns.iter().map(field).collect()
        })
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found.len(), 1_018);
    assert_eq!(found, expected);
    // The table counts only the ids whose dash stands at the beginning of a line.
    assert_eq!(trusted_ids, 126);
}

/// What the table has of a proof, but for its file and format.
fn shown(proof: &Proof) -> Vec<String> {
    let url = proof.from.url.as_deref().unwrap_or_default().to_owned();
    let head = [proof.date.to_string(), proof.from.id.to_string(), url];
    let (kind, rest) = match &proof.content {
        Content::Review(review) => {
            let package = &review.package;
            let opinion = review.opinion.map(|opinion| {
                [
                    opinion.rating.to_string(),
                    opinion.thoroughness.to_string(),
                    opinion.understanding.to_string(),
                ]
            });
            let mut rest =
                vec![package.name.to_string(), package.version.to_string(), package.digest.to_string()];
            rest.extend(opinion.unwrap_or_default());
            rest.push(String::new());
            let has = |list: &[Box<str>]| if list.is_empty() { "0" } else { "1" }.to_owned();
            rest.extend([has(&review.issues), has(&review.advisories)]);
            ("package review", rest)
        }
        Content::Trust(trust) => {
            let mut rest = vec![String::new(); 6];
            rest.extend([trust.trust.to_string(), "0".to_owned(), "0".to_owned()]);
            ("trust", rest)
        }
        Content::CodeReview => ("code review", Vec::new()),
    };
    std::iter::once(kind.to_owned()).chain(head).chain(rest).collect()
}

#[test]
fn no_byte_of_a_proof_can_be_changed() {
    let Some(files) = files() else { return };
    // One proof of each format and kind, by which file begins with it.
    let mut kinds = std::collections::BTreeMap::new();
    for (path, bytes) in files {
        let first = bytes.split_inclusive(|byte| *byte == b'\n').take(2).collect::<Vec<_>>().concat();
        kinds.entry(first).or_insert((path, bytes));
    }
    assert_eq!(kinds.len(), 4);
    for (path, bytes) in kinds.into_values() {
        let text = String::from_utf8(bytes).expect("text");
        let end = text.find("\n-----END").or(text.find("\n----- END")).expect("an end") + 1;
        let end = end + text[end..].find('\n').unwrap_or(text.len() - end);
        let one = &text.as_bytes()[..end];
        assert_eq!(read(&path, one).0.len(), 1, "{path}");
        for at in 0..one.len() {
            let mut changed = one.to_vec();
            changed[at] ^= 0x01;
            let Ok(parsed) = parse_proofs(&path, &changed, &Limits::default()) else { continue };
            assert!(parsed.value.is_empty(), "{path}: byte {at} can be changed");
            assert!(!parsed.problems.is_empty(), "{path}: byte {at} changes nothing that is told");
        }
    }
}
