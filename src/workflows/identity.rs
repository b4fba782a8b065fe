//! Ids that follow from what they stand for alone, so that any order and any number of runs gives the same ones.

/// Bits of an occurrence's id that the hash of its workflow decides. The 8 above come from its pattern and the next 6 from
/// the beginning of the workflow's id, so that rows that lie together in the table also do in its index of pattern and
/// workflow: of twelve million rows this halves the time of writing.
const WORKFLOW_BITS: u32 = 49;
const BEGINNING_BITS: u32 = 6;

/// The id of a new pattern: 31 bits of the blake3 hash of its signature, at least 1.
pub fn pattern(signature: &str) -> i64 {
    (first_bits(signature.as_bytes(), 31)).max(1)
}

/// What a pattern makes of the ids of its occurrences.
#[derive(Clone, Copy, Debug)]
pub struct OccurrencePrefix {
    /// The upper bits: 8 bits of the hash of its signature.
    upper: i64,
    /// Mixed into the lower ones, so that two patterns with the same upper bits do not give one workflow the same id.
    lower: i64,
}

impl OccurrencePrefix {
    /// The prefix of a pattern.
    pub fn of(signature: &str) -> Self {
        const LOWER: u32 = WORKFLOW_BITS + BEGINNING_BITS;
        let bits = first_bits(signature.as_bytes(), 63);
        Self { upper: bits >> LOWER << LOWER, lower: bits & ((1 << LOWER) - 1) }
    }

    /// The id of a new occurrence: the prefix, 6 bits of the hash of the beginning of the workflow's id, and 49 of the hash of
    /// the whole.
    pub fn occurrence(self, workflow: &str) -> i64 {
        let place = (fold(0, beginning(workflow.as_bytes())) >> (64 - BEGINNING_BITS)).cast_signed();
        let hash = first_bits(workflow.as_bytes(), WORKFLOW_BITS);
        (self.upper | ((place << WORKFLOW_BITS | hash) ^ self.lower)).max(1)
    }
}

/// A workflow's id up to the character after its first digit that is no zero, or all of it: `wf-000012` of
/// `wf-00001234-ab12`. Ids with the same beginning are neighbours in the order of texts, and numbers, padded or not, and hex
/// digits have neither too few beginnings to tell apart nor so many that a page of the index holds several.
fn beginning(workflow: &[u8]) -> &[u8] {
    let first = workflow.iter().position(|byte| matches!(byte, b'1'..=b'9'));
    first.and_then(|first| workflow.get(..first + 2)).unwrap_or(workflow)
}

fn first_bits(bytes: &[u8], count: u32) -> i64 {
    bits(blake3::hash(bytes), count)
}

/// The first `count` bits of a hash, at most 63.
fn bits(hash: blake3::Hash, count: u32) -> i64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    (u64::from_be_bytes(first) >> (64 - count)).cast_signed()
}

/// A quick hash of bytes on top of `state`, the same on every machine.
pub fn fold(state: u64, bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(MULTIPLIER);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let (words, tail) = bytes.as_chunks::<8>();
    let mut state = step(state ^ 0x5851_f42d_4c95_7f2d, bytes.len() as u64);
    for word in words {
        state = step(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    step(state, u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive_and_do_not_change_between_versions() {
        assert_eq!(pattern("test:pytest:backend"), 1_939_159_519);
        assert_eq!(pattern("build:build:all"), 2_095_256_065);
        let prefix = OccurrencePrefix::of("test:pytest:backend");
        let ids = ["wf-1", "wf-2", "", "7f3e0a91-5d2c"].map(|workflow| prefix.occurrence(workflow));
        assert_eq!(
            ids,
            [
                8_347_536_156_896_653_544,
                8_357_163_539_882_964_050,
                8_327_270_034_307_781_262,
                8_338_761_032_571_383_709
            ]
        );
        assert_eq!(fold(0, b"wf-1"), 0x9b9f_01bc_5d76_2ae5);
        assert_eq!(fold(1, b"a longer id than eight"), 0x2f9c_9059_c4f4_d8e5);
    }

    #[test]
    fn neighbours_among_the_workflows_of_a_pattern_have_ids_with_the_same_upper_bits() {
        let upper = |workflow| OccurrencePrefix::of("test:pytest:backend").occurrence(workflow) >> WORKFLOW_BITS;
        assert_eq!(upper("wf-00001234-ab12"), upper("wf-00001299-0000"));
        assert_ne!(upper("wf-00001234-ab12"), upper("wf-00012345-ab12"));
        for (workflow, expected) in
            [("wf-00001234-ab12", "wf-000012"), ("1234", "12"), ("f03e91", "f03e"), ("7", "7"), ("0a", "0a"), ("", "")]
        {
            assert_eq!(beginning(workflow.as_bytes()), expected.as_bytes(), "{workflow}");
        }
        assert_eq!(beginning("5é".as_bytes()), [b'5', 0xc3], "bytes, not characters");
    }
}
