//! Ids that follow from what they stand for alone, so that any order and any number of runs gives the same ones.

/// Bits of an occurrence's id that its workflow decides; those above come from its pattern, so that the rows of a
/// pattern lie together.
const WORKFLOW_BITS: u32 = 51;

/// The id of a new pattern: 31 bits of the blake3 hash of its signature, at least 1.
pub fn pattern(signature: &str) -> i64 {
    (first_bits(signature.as_bytes(), 31)).max(1)
}

/// What a pattern makes of the ids of its occurrences.
#[derive(Clone, Copy, Debug)]
pub struct OccurrencePrefix {
    /// The upper bits: 12 bits of the hash of its signature.
    upper: i64,
    /// Mixed into the lower ones, so that two patterns with the same upper bits do not give one workflow the same id.
    lower: i64,
}

impl OccurrencePrefix {
    /// The prefix of a pattern.
    pub fn of(signature: &str) -> Self {
        let bits = first_bits(signature.as_bytes(), 63);
        Self { upper: bits >> WORKFLOW_BITS << WORKFLOW_BITS, lower: bits & ((1 << WORKFLOW_BITS) - 1) }
    }

    /// The id of a new occurrence: the prefix, then 51 bits of the hash of the workflow's id.
    pub fn occurrence(self, workflow: &str) -> i64 {
        (self.upper | (first_bits(workflow.as_bytes(), WORKFLOW_BITS) ^ self.lower)).max(1)
    }
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
        assert_eq!(prefix.occurrence("wf-1"), 8_327_227_194_859_216_681);
        assert_eq!(prefix.occurrence("wf-2"), 8_328_195_275_730_341_314);
        assert_eq!(fold(0, b"wf-1"), 0x9b9f_01bc_5d76_2ae5);
        assert_eq!(fold(1, b"a longer id than eight"), 0x2f9c_9059_c4f4_d8e5);
        assert_eq!(prefix.occurrence("wf-1") >> WORKFLOW_BITS, prefix.occurrence("wf-2") >> WORKFLOW_BITS);
    }
}
