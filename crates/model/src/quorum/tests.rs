use proptest::prelude::*;

use super::*;
use crate::words::quorum::quorum_sentence;

fn voice(cluster: u32, reach: u32) -> Voice {
    Voice::of(Cluster(cluster), reach)
}

fn enrolled(reaches: &[u32]) -> Vec<(Voice, Enrolment)> {
    (0..).zip(reaches).map(|(cluster, reach)| (voice(cluster, *reach), Enrolment::Enrolled)).collect()
}

fn approved(clusters: &[u32]) -> BTreeSet<Cluster> {
    clusters.iter().map(|cluster| Cluster(*cluster)).collect()
}

fn shares(reaches: &[u32]) -> Vec<u32> {
    let voices: Vec<Voice> = enrolled(reaches).into_iter().map(|(voice, _)| voice).collect();
    fill(&voices, Share::percent(10)).into_iter().map(Share::billionths).collect()
}

#[test]
fn weights_are_logarithms_to_the_millionth() {
    assert_eq!(
        [0, 1, 2, 9, 99, u32::MAX].map(weight),
        [0, 693_147, 1_098_612, 2_302_585, 4_605_170, 22_180_709]
    );
    for reach in (0..100_000).chain((0..32).map(|bit| 1 << bit)) {
        let exact = (f64::from(reach) + 1.0).ln() * 1e6;
        assert!((f64::from(weight(reach)) - exact).abs() < 1.01, "{reach}");
    }
}

#[test]
fn few_voices_are_equal_and_those_without_reach_have_nothing() {
    assert!(shares(&[]).is_empty());
    assert_eq!(shares(&[0, 0]), [0, 0]);
    assert_eq!(shares(&[1_000_000, 0]), [1_000_000_000, 0]);
    assert_eq!(shares(&[5, 1_000, 5]), [333_333_333, 333_333_334, 333_333_333]);
}

/// Nine of great reach and three of little: the great ones have a tenth each, and the rest is for the others.
#[test]
fn what_is_above_the_cap_goes_to_the_others() {
    let mut reaches = [1_000_000; 12];
    reaches[9..].copy_from_slice(&[1, 1, 3]);
    assert_eq!(shares(&reaches)[8..], [100_000_000, 25_000_000, 25_000_000, 50_000_000]);
}

/// Each way in which a quorum stands, in the words that people read.
#[test]
fn a_quorum_explains_itself() {
    let rules = Rules::at(Level::Medium);
    let hub: Vec<u32> = (0..40).map(|n| 2 + n * n).collect();
    let with_unbound = |reaches: &[u32], unbound: u32| {
        let mut voices = enrolled(reaches);
        voices.extend((100..100 + unbound).map(|n| (voice(n, 500), Enrolment::Unbound)));
        voices
    };
    let cases = [
        ("nobody approved", enrolled(&hub), approved(&[]), rules),
        ("some did", enrolled(&hub), approved(&[39, 20, 3]), rules),
        ("one is missing", enrolled(&hub), approved(&(29..38).collect::<Vec<_>>()), rules),
        ("enough did", enrolled(&hub), approved(&(28..40).collect::<Vec<_>>()), rules),
        (
            "not enough at high",
            enrolled(&hub),
            approved(&(28..40).collect::<Vec<_>>()),
            Rules::at(Level::High),
        ),
        ("who is not enrolled does not count", with_unbound(&hub, 30), approved(&[100, 101, 102]), rules),
        (
            "two would do by weight alone",
            enrolled(&[9; 10]),
            approved(&[0, 1]),
            Rules { needed: Share::percent(15), ..rules },
        ),
        ("nobody is enrolled", with_unbound(&[], 30), approved(&[100]), rules),
        ("nine are", with_unbound(&[7; 9], 0), approved(&[0]), rules),
        (
            "ten are, of whom one has no weight",
            enrolled(&[7, 7, 7, 7, 7, 7, 7, 7, 7, 0]),
            approved(&[0]),
            rules,
        ),
        ("too little is", with_unbound(&[7; 11], 80), approved(&[0]), rules),
    ];
    let text: String = cases
        .iter()
        .map(|(what, voices, approved, rules)| {
            let quorum = quorum(voices, approved, rules);
            format!("{what}:\n    {}\n", quorum_sentence(&quorum, |Cluster(n)| format!("owner{n}")))
        })
        .collect();
    insta::assert_snapshot!(text);
}

/// `m ln(m) = W q / (1 - q)`, to the next whole number; a third of the weight more for half than for 30 %.
#[test]
fn a_forger_needs_more_clusters_of_his_own_than_he_would_have_to_take_over() {
    let voices = enrolled(&(0..400).map(|n| n % 50 * 8).collect::<Vec<_>>());
    let honest: f64 = voices.iter().map(|(voice, _)| f64::from(voice.weight) / 1e6).sum();
    for level in [Level::Medium, Level::High] {
        let rules = Rules::at(level);
        let forged = forgery(&voices, &rules).unwrap();
        let needed = f64::from(rules.needed.0) / 1e9;
        let made = forged.made.unwrap() as f64;
        assert!(made * made.ln() >= honest * needed / (1.0 - needed));
        assert!((made - 1.0) * (made - 1.0).ln() < honest * needed / (1.0 - needed));
        assert!(forged.taken < forged.made.unwrap());
    }
    let forged = [Level::Medium, Level::High].map(|level| forgery(&voices, &Rules::at(level)).unwrap());
    insta::assert_debug_snapshot!(forged);
    assert_eq!(forgery(&voices[..10], &Rules::at(Level::Medium)), None, "one of them has no weight");
}

fn voices() -> impl Strategy<Value = Vec<Voice>> {
    let reach = prop_oneof![Just(0), 1u32..20, 1u32..100_000];
    prop::collection::vec(reach, 0..60)
        .prop_map(|reaches| (0..).zip(reaches).map(|(cluster, reach)| voice(cluster, reach)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// All of the whole is given out; nobody has more than the cap, unless fewer than ten have weight; more weight is
    /// never less share; who has no weight has no share.
    #[test]
    fn filling_is_whole_capped_and_monotone(voices in voices()) {
        let shares = fill(&voices, Share::percent(10));
        let weighty = voices.iter().filter(|voice| voice.weight > 0).count();
        let sum: u32 = shares.iter().map(|share| share.0).sum();
        prop_assert_eq!(sum, if weighty > 0 { Share::WHOLE.0 } else { 0 });
        let cap = if weighty >= 10 { Share::percent(10).0 } else { Share::WHOLE.0.div_ceil(weighty.max(1) as u32) };
        for (voice, share) in voices.iter().zip(&shares) {
            prop_assert!(share.0 <= cap);
            prop_assert_eq!(voice.weight == 0, *share == Share::NONE);
            for (other, others) in voices.iter().zip(&shares) {
                prop_assert!(voice.weight <= other.weight || share >= others);
            }
        }
    }

    /// The order of the voices does not show, and what was filled stays as it is.
    #[test]
    fn filling_knows_no_order_and_is_idempotent(voices in voices(), turn in 0usize..60) {
        let cap = Share::percent(10);
        let shares = fill(&voices, cap);
        let (mut turned, mut expected) = (voices.clone(), shares.clone());
        let turn = turn.min(voices.len());
        turned.rotate_left(turn);
        expected.rotate_left(turn);
        turned.reverse();
        expected.reverse();
        prop_assert_eq!(fill(&turned, cap), expected);
        let again: Vec<Voice> =
            voices.iter().zip(&shares).map(|(voice, share)| Voice { weight: share.0, ..*voice }).collect();
        prop_assert_eq!(fill(&again, cap), shares);
    }

    /// Who weighs more than before never has less than before, but for what is rounded.
    #[test]
    fn more_reach_is_never_less_share(voices in voices(), of in 0usize..60, more in 1u32..100_000) {
        prop_assume!(!voices.is_empty());
        let of = of % voices.len();
        let before = fill(&voices, Share::percent(10))[of];
        let weighty = voices.iter().filter(|voice| voice.weight > 0).count();
        prop_assume!(voices[of].weight > 0 || weighty >= 10 || weighty == 0);
        let mut after = voices.clone();
        after[of] = voice(after[of].cluster.0, voices[of].reach + more);
        prop_assert!(fill(&after, Share::percent(10))[of].0 + 1 >= before.0);
    }

    /// An approval more never makes it worse; those who could complete it do; without one of them they do not.
    #[test]
    fn approvals_help_and_those_named_suffice(voices in voices(), mask in any::<u64>(), one in 0u32..60) {
        let rules = Rules::at(Level::Medium);
        let voices: Vec<_> = voices.into_iter().map(|voice| (voice, Enrolment::Enrolled)).collect();
        let approved: BTreeSet<Cluster> = (0..60).filter(|n| mask >> n & 1 == 1).map(Cluster).collect();
        let with = |more: &[Cluster]| {
            let all = approved.iter().chain(more).copied().collect();
            quorum(&voices, &all, &rules)
        };
        match with(&[]) {
            Quorum::Thin(thin) => prop_assert_eq!(with(&[Cluster(one)]), Quorum::Thin(thin)),
            Quorum::Reached { share, .. } => {
                let is_reached = matches!(with(&[Cluster(one)]), Quorum::Reached { share: more, .. } if more >= share);
                prop_assert!(is_reached);
            }
            Quorum::Open { could, .. } => {
                let could: Vec<Cluster> = could.into_iter().map(|(cluster, _)| cluster).collect();
                let is_reached = matches!(with(&could), Quorum::Reached { .. });
                prop_assert!(is_reached);
                let is_open = matches!(with(&could[1..]), Quorum::Open { .. });
                prop_assert!(is_open);
            }
        }
    }
}
