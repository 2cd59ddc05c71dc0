//! Reviewers who sign crev proofs with keys that everybody knows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use fence_model::ReviewerId;

/// What a review writes behind `https://` for crates.io.
pub const CRATES_IO: &str = "crates.io";

/// A real proof from a fixture. It is signed over the registry's host, which no tracked file names: `REGISTRY` stands
/// there instead.
pub fn real(fixture: &str) -> String {
    fixture.replace("https://REGISTRY", &format!("https://{CRATES_IO}"))
}

/// Somebody with a key.
#[derive(Debug, Clone)]
pub struct Reviewer {
    key: SigningKey,
    name: &'static str,
}

impl Reviewer {
    /// The reviewer called `name`, who always has the same key.
    pub fn called(name: &'static str) -> Self {
        let mut seed = [7; 32];
        seed.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte = letter);
        Self { key: SigningKey::from_bytes(&seed), name }
    }

    /// Their id.
    pub fn id(&self) -> ReviewerId {
        ReviewerId(self.key.verifying_key().to_bytes())
    }

    /// A proof of `kind` that they signed at `date`; `rest` is what follows the common part of the body.
    pub fn proof(&self, kind: &str, date: &str, rest: &str) -> String {
        let Self { name, .. } = self;
        let body = format!(
            "kind: {kind}\nversion: -1\ndate: \"{date}\"\nfrom:\n  id-type: crev\n  id: {}\n  \
             url: \"https://github.com/{name}/crev-proofs\"\n{rest}",
            self.id()
        );
        self.sign(&body)
    }

    /// A proof with this body, whatever it says.
    pub fn sign(&self, body: &str) -> String {
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(body.as_bytes()).to_bytes());
        format!(
            "----- BEGIN CREV PROOF -----\n{body}----- SIGN CREV PROOF -----\n{signature}\n----- END CREV PROOF -----\n\n"
        )
    }

    /// A review of a release of crates.io, `opinion` being thoroughness, understanding and rating:
    /// `"high high positive"`. The content is that of no real package.
    pub fn review(&self, date: &str, name: &str, version: &str, opinion: &str) -> String {
        self.review_of(date, name, version, opinion, &URL_SAFE_NO_PAD.encode([1; 32]), "")
    }

    /// A review of this content, with `rest` behind it.
    pub fn review_of(
        &self,
        date: &str,
        name: &str,
        version: &str,
        opinion: &str,
        digest: &str,
        rest: &str,
    ) -> String {
        let mut words = opinion.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (thoroughness, understanding, rating) = (word(), word(), word());
        let body = format!(
            "package:\n  source: \"https://{CRATES_IO}\"\n  name: {name}\n  version: {version}\n  digest: {digest}\n\
             review:\n  thoroughness: {thoroughness}\n  understanding: {understanding}\n  rating: {rating}\n{rest}"
        );
        self.proof("package review", date, &body)
    }

    /// A proof that they trust `whom` as much as `trust`.
    pub fn trust(&self, date: &str, whom: &Self, trust: &str) -> String {
        let body = format!("ids:\n  - id-type: crev\n    id: {}\ntrust: {trust}\n", whom.id());
        self.proof("trust", date, &body)
    }
}
